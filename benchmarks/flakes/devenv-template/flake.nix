# devenv's flake-parts template (`nix flake init -t github:cachix/devenv#flake-parts`), with Python in it.
{
  inputs = {
    nixpkgs.url = "github:cachix/devenv-nixpkgs/rolling";
    flake-parts.url = "github:hercules-ci/flake-parts";
    flake-parts.inputs.nixpkgs-lib.follows = "nixpkgs";
    devenv.url = "github:cachix/devenv";
    nix2container.url = "github:nlewo/nix2container";
    nix2container.inputs.nixpkgs.follows = "nixpkgs";
    mk-shell-bin.url = "github:rrbutani/nix-mk-shell-bin";
  };

  outputs =
    inputs@{ flake-parts, ... }:
    flake-parts.lib.mkFlake { inherit inputs; } {
      imports = [ inputs.devenv.flakeModule ];
      systems = [
        "x86_64-linux"
        "i686-linux"
        "x86_64-darwin"
        "aarch64-linux"
        "aarch64-darwin"
      ];
      perSystem =
        { pkgs, ... }:
        {
          devenv.shells.default = {
            name = "my-project";
            # Left to devenv this is built from a second nixpkgs that is fetched while evaluating, which no pure and
            # offline evaluation can do: what is measured is less than what a user pays.
            task.package = pkgs.coreutils;
            packages = [ pkgs.libsndfile ];
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
