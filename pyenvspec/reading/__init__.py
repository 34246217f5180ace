"""env.yaml as bytes in, the tree with positions out."""
