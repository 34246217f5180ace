# Written by pyenvspec from env.yaml; edit env.yaml instead, and run `pyenvspec compile`.

{ inputs, ... }:
{
  imports = [
    ./vendor/devenv.nix
    ./vendor/venv.nix
  ];

  # systems
  systems = [
    "x86_64-linux"
    "aarch64-linux"
    "aarch64-darwin"
  ];

  perSystem =
    { pkgs, ... }:
    {
      pyenvspec.shells.default = {
        # name
        name = "smallest";

        # python
        python = pkgs.python312;

        # python.manager
        venv = {
          manager = "pip";
          requirements = "requirements.txt";
        };
      };
    };
}
