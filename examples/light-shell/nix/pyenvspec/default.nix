# Written by pyenvspec from env.yaml; edit env.yaml instead, and run `pyenvspec compile`.

{ inputs, ... }:
{
  imports = [
    ./vendor/native.nix
    ./vendor/locked.nix
    ./vendor/native-processes.nix
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
        name = "light-shell";

        # python
        python = pkgs.python312;

        # python.manager
        venv = {
          manager = "uv";
          lock = ./vendor/lock-uv.nix;
        };

        # native
        native = [ pkgs.libsndfile ];

        # env
        env = {
          SEED = "42";
        };

        # scripts
        scripts = {
          serve = "python -m http.server \"$@\"";
        };

        # processes
        processes = {
          tick = {
            run = "while sleep 60; do date; done";
          };
          web = {
            run = "serve 8000";
          };
        };
      };
    in
    {
      pyenvspec.shells.default = base;

      # variants.newest
      pyenvspec.shells.newest = base // {
        # python
        python = pkgs.python313;

        # python.manager
        venv = {
          manager = "uv";
          lock = ./vendor/lock-uv.nix;
          folder = ".venv-newest";
        };
      };
    };
}
