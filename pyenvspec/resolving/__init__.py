"""A valid env.yaml and its project → a plan: every choice, with its reason."""
