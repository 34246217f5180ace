# Written by pyenvspec from env.yaml; edit env.yaml instead, and run `pyenvspec compile`.

{ inputs, ... }:
{
  imports = [
    ./vendor/devenv.nix
    ./vendor/devenv-processes.nix
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
        name = "labelling-app";

        # python
        python = pkgs.python312;

        # python.manager
        venv = {
          manager = "pip";
          requirements = "requirements.txt";
        };

        # env
        env = {
          DATABASE_URL = "postgresql:///labels";
        };

        # scripts
        scripts = {
          migrate = "python -m app.migrate \"$@\"";
        };

        # processes
        processes = {
          web = {
            run = "python -m http.server 8000";
          };
        };

        # services
        services = {
          postgres = {
            enable = true;
            initialDatabases = [ { name = "labels"; } ];
          };
        };

        # on_enter
        onEnter = ''
          echo "devenv up starts the database and the web server"
        '';
      };
    };
}
