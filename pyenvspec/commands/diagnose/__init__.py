"""A failed Nix run in, the lines of env.yaml that fix it out."""
