"""`pyenvspec explain`: what a key becomes in Nix, and why."""
