"""`pyenvspec container`: an image of env.yaml, built, loaded, pushed, run."""
