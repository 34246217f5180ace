"""What a key of env.yaml becomes, and why."""
