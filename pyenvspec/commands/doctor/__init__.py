"""Looking at this machine: is there what the shell of env.yaml needs? One module per group of checks."""
