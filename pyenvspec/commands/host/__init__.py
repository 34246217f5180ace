"""`pyenvspec shell --host`: the .venv of env.yaml without Nix, on what this machine has."""
