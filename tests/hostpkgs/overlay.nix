# Replaces the leaves of nixpkgs: programs, libraries, Pythons, CUDA.
host: final: prev:
let
  wrap = import ./wrap.nix { inherit host; };
  parts = [
    ./programs.nix
    ./pythons.nix
    ./cuda.nix
  ];
in
builtins.foldl' (packages: part: packages // import part { inherit host wrap; } final prev) { } parts
