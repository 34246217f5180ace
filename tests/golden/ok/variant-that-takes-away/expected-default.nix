# Written by pyenvspec from env.yaml; edit env.yaml instead, and run `pyenvspec compile`.

{ inputs, ... }:
{
  imports = [
    ./vendor/devenv.nix
    ./vendor/devenv-processes.nix
    ./vendor/python-env.nix
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
        name = "takes-away";

        # python
        python = pkgs.python312;

        # python.packages
        pythonPackages = ps: [ ps.numpy ];

        # scripts
        scripts = {
          a = "echo a \"$@\"";
        };

        # services
        services = {
          redis = {
            enable = true;
          };
        };

        # on_enter
        onEnter = "echo hi";
      };
    in
    {
      pyenvspec.shells.default = base;

      # variants.bare
      pyenvspec.shells.bare = base // {
        # python.packages
        pythonPackages = ps: [ ];

        # scripts
        scripts = { };

        # services
        services = { };

        # on_enter
        onEnter = "";
      };

      # variants.piped
      pyenvspec.shells.piped = base // {
        # python.manager
        venv = {
          manager = "pip";
          requirements = "requirements.txt";
          folder = ".venv-piped";
        };

        # python.packages
        pythonPackages = null;
      };
    };
}
