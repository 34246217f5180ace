"""What the project folder holds beside env.yaml."""
