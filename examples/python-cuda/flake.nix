# Written by pyenvspec from env.yaml; edit env.yaml instead, and run `pyenvspec compile`.

{
  description = "Speech recipes with pip and CUDA";

  # caches: nixos-cuda
  nixConfig = {
    extra-substituters = [ "https://cache.nixos-cuda.org" ];
    extra-trusted-public-keys = [
      "cache.nixos-cuda.org:74DUi4Ye579gUqzH4ziL9IyiJBlDpMRn9MBN8oNan9M="
    ];
  };

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-24.11";
    flake-parts.url = "github:hercules-ci/flake-parts/427bf4bd9435fdf21321c8cc628c24efc14c0f7a?narHash=sha256-4dtXQk/NMePegK/nWp5NSeuZKLATItOq61lpEvmXqGw%3D";
    flake-parts.inputs.nixpkgs-lib.follows = "nixpkgs";
    devenv.url = "github:cachix/devenv/5844e78c960ab73bb92e131bc2902b39b9ee52dd?narHash=sha256-gEOKc1EhkbrUj7JTjxwlNyh42vu89lpiyP33ubx/NCw%3D";
    # What follows "" is cut off: neither locked nor fetched
    devenv.inputs = {
      flake-parts.follows = "flake-parts";
      nixpkgs.follows = "nixpkgs";
      cachix.follows = "";
      crate2nix.follows = "";
      flake-compat.follows = "";
      ghostty.follows = "";
      git-hooks.follows = "";
      nix.follows = "";
      nixd.follows = "";
      rust-overlay.follows = "";
    };
  };

  outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } ./nix/pyenvspec;
}
