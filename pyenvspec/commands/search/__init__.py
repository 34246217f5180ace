"""`pyenvspec search` and `catalog`: names of nixpkgs packages, offline."""
