# The same shell with flake-parts and devenv, written the way templates teach it: nixpkgs imported once more for
# its configuration, each input with its own, libraries by LD_LIBRARY_PATH.
{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
    nixpkgs-stable.url = "github:NixOS/nixpkgs/nixos-24.11";
    flake-parts.url = "github:hercules-ci/flake-parts";
    devenv = {
      url = "github:cachix/devenv";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    mk-shell-bin.url = "github:rrbutani/nix-mk-shell-bin";
    nix2container = {
      url = "github:nlewo/nix2container";
      inputs.nixpkgs.follows = "nixpkgs-stable";
    };
  };

  outputs =
    inputs@{ flake-parts, ... }:
    flake-parts.lib.mkFlake { inherit inputs; } {
      imports = [ inputs.devenv.flakeModule ];
      systems = [ "x86_64-linux" ];
      perSystem =
        {
          pkgs,
          system,
          lib,
          ...
        }:
        {
          _module.args.pkgs = import inputs.nixpkgs {
            inherit system;
            overlays = [
              (_: _: {
                inherit (inputs.nixpkgs-stable.legacyPackages.${system}) skopeo;
              })
            ];
            config.allowUnfree = true;
          };
          devenv.shells.default = {
            name = "lab";
            # Left to devenv this is built from a second nixpkgs that is fetched while evaluating, which no pure and
            # offline evaluation can do: what is measured is less than what a user pays.
            task.package = pkgs.coreutils;
            packages = [ pkgs.libsndfile ];
            env.LD_LIBRARY_PATH = lib.makeLibraryPath (
              [
                pkgs.stdenv.cc.cc
                pkgs.zlib
                pkgs.libsndfile
              ]
              ++ pkgs.pythonManylinuxPackages.manylinux2014
            );
            languages.python = {
              enable = true;
              package = pkgs.python312;
              uv.enable = true;
              uv.sync.enable = true;
              venv.enable = true;
            };
          };
        };
    };
}
