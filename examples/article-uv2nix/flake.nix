# Written by pyenvspec from env.yaml; edit env.yaml instead, and run `pyenvspec compile`.

{
  description = "template of python project managed by uv2nix";

  # caches: nixos-cuda
  nixConfig = {
    extra-substituters = [ "https://cache.nixos-cuda.org" ];
    extra-trusted-public-keys = [
      "cache.nixos-cuda.org:74DUi4Ye579gUqzH4ziL9IyiJBlDpMRn9MBN8oNan9M="
    ];
  };

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.05";
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
    pyproject-nix.url = "github:pyproject-nix/pyproject.nix/7af23cfe91064865ecf2e835da28b45b3c6f49fd?narHash=sha256-SvXJcAemihifkTn4BGvyE5K1FJX9bl4U8DQ5pqKvD0s%3D";
    pyproject-nix.inputs.nixpkgs.follows = "nixpkgs";
    uv2nix.url = "github:pyproject-nix/uv2nix/49dac8d206c42175b069b7c6050ba27060a21106?narHash=sha256-uPeuFNSYO429IEiud3iJKWIpN/xrH2CANj1uYNiDxqc%3D";
    uv2nix.inputs.nixpkgs.follows = "nixpkgs";
    uv2nix.inputs.pyproject-nix.follows = "pyproject-nix";
    pyproject-build-systems.url = "github:pyproject-nix/build-system-pkgs/90ffdeee1a4929b231913df067448cd9803d3e07?narHash=sha256-8SFyOdmcG6Nsh/JzlH812lTI/v%2Bur06fpQhj/acNn8k%3D";
    pyproject-build-systems.inputs.nixpkgs.follows = "nixpkgs";
    pyproject-build-systems.inputs.pyproject-nix.follows = "pyproject-nix";
    pyproject-build-systems.inputs.uv2nix.follows = "uv2nix";
  };

  outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } ./nix/pyenvspec;
}
