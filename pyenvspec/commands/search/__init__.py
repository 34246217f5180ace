"""`pyenvspec search`: names of nixpkgs packages, offline."""
