# Written by pyenvspec from env.yaml; edit env.yaml instead, and run `pyenvspec compile`.

{
  description = "Speech \"lab\" \${x} \\ '' café 🎉";

  # caches: nixos-cuda, nix-community, https://x.example
  nixConfig = {
    extra-substituters = [
      "https://cache.nixos-cuda.org"
      "https://nix-community.cachix.org"
      "https://x.example"
    ];
    extra-trusted-public-keys = [
      "cache.nixos-cuda.org:74DUi4Ye579gUqzH4ziL9IyiJBlDpMRn9MBN8oNan9M="
      "nix-community.cachix.org-1:mB9FSh9qf2dCimDSUo8Zy7bkq5CX+/rkCWyvRCYg3Fs="
      "x-1:AAAA"
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
      git-hooks.follows = "git-hooks";
      nixpkgs.follows = "nixpkgs";
      cachix.follows = "";
      crate2nix.follows = "";
      flake-compat.follows = "";
      ghostty.follows = "";
      nix.follows = "";
      nixd.follows = "";
      rust-overlay.follows = "";
    };
    git-hooks.url = "github:cachix/git-hooks.nix/43b3c1ab9d40fb1dbb008f451988a91e375825e9?narHash=sha256-ReRHaLgr/uVqdD8afFSn%2BmyXIfpHeOhP0yYe0TJqAA8%3D";
    # What follows "" is cut off: neither locked nor fetched
    git-hooks.inputs = {
      nixpkgs.follows = "nixpkgs";
      flake-compat.follows = "";
    };
    data.url = "github:owner/data";
    data.flake = false;
    mylib.url = "github:owner/repo/main";
  };

  outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } ./nix/pyenvspec;
}
