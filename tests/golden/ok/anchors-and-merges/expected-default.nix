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
    let
      base = {
        # name
        name = "anchors";

        # python
        python = pkgs.python312;

        # python.manager
        venv = {
          manager = "pip";
          requirements = "requirements.txt";
        };

        # env
        env = {
          A = "1";
          B = "2";
        };
      };
    in
    {
      pyenvspec.shells.default = base;

      # variants.other
      pyenvspec.shells.other = base // {
        # python.manager
        venv = {
          manager = "pip";
          requirements = "requirements.txt";
          folder = ".venv-other";
        };

        # env
        env = {
          A = "1";
          B = "3";
        };
      };
    };
}
