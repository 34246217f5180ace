"""`pyenvspec export`: the same environment for colleagues without Nix, as a file of another tool."""
