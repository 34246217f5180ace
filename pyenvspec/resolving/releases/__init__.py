"""Which nixpkgs release, and which extra inputs, give the Python and the CUDA asked for."""
