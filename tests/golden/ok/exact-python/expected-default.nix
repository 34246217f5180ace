# Written by pyenvspec from env.yaml; edit env.yaml instead, and run `pyenvspec compile`.

{ inputs, ... }:
{
  imports = [
    ./vendor/devenv.nix
    ./vendor/locked.nix
    ./vendor/venv.nix
  ];

  # systems
  systems = [
    "x86_64-linux"
    "aarch64-linux"
    "aarch64-darwin"
  ];

  perSystem =
    { pkgs, inputs', ... }:
    {
      pyenvspec.shells.default = {
        # name
        name = "exact";

        # python
        python = inputs'.nixpkgs-python.packages."3.11.4";

        # python.manager
        venv = {
          manager = "uv";
          lock = ./vendor/lock-uv.nix;
        };
      };
    };
}
