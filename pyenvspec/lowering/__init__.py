"""A plan → Nix expressions and the other files that are written."""
