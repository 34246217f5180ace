# Written by pyenvspec from env.yaml; edit env.yaml instead, and run `pyenvspec compile`.

{ inputs, ... }:
{
  imports = [
    ./vendor/devenv.nix
    ./vendor/devenv-processes.nix
    ./vendor/dotenv.nix
    ./vendor/locked.nix
    ./vendor/venv.nix
    ./vendor/containers.nix
    ./vendor/container-install.nix
    ./../../nix/extra.nix
  ];

  # systems
  systems = [ "x86_64-linux" ];

  perSystem =
    {
      config,
      pkgs,
      system,
      ...
    }:
    {
      # nixpkgs
      _module.args.pkgs = import inputs.nixpkgs {
        inherit system;
        config.allowUnfree = true;
        overlays = [ (import ./../../nix/overlay.nix) ];
      };

      pyenvspec.shells.default = {
        # name
        name = "speech-lab";

        # python
        python = pkgs.python310;

        # python.manager
        venv = {
          manager = "poetry";
          project = "sub";
          groups = [
            "dev"
            "docs"
          ];
          extras = [ "gpu" ];
          install = false;
          lock = ./vendor/lock-poetry.nix;
        };

        # cuda
        cuda = {
          packages = [
            pkgs.cudaPackages_11_8.cudatoolkit
            pkgs.cudaPackages_11_8.nccl
            pkgs.cudaPackages_11_8.cudnn_8_9
          ];
          compiler = pkgs.cudaPackages_11_8.backendStdenv.cc;
        };

        # driver
        driver = false;

        # native
        native = [
          pkgs.ffmpeg
          pkgs.libsndfile
          pkgs.xorg.libX11
        ];

        # python.packages
        splitOff = ps: [ ps.tkinter ];

        # preload
        preload = [ "${pkgs.lib.getLib pkgs.gperftools}/lib/libtcmalloc.so" ];

        # env
        env = {
          DEBUG = "true";
          GLIB = "${pkgs.lib.getLib pkgs.glib}/lib";
          HF_HOME = "${config.pyenvspec.project}/.hf";
          LITERAL = "\${HOME} ''x'' $PATH";
          RATE = "1.10";
          SEED = "42";
        };

        # dotenv
        dotenv = [
          ".env"
          "secrets/local.env"
        ];

        # scripts
        scripts = {
          both = ''
            [ $# -eq 0 ] || { echo "both takes no arguments: write \"\$@\" where they belong, in scripts.both of env.yaml" >&2; exit 2; }
            python a.py | tee log'';
          here = "cd \"\${PYENVSPEC_ROOT}\" && ${pkgs.ffmpeg}/bin/ffmpeg \"$@\"";
          multi = ''
            echo '''one'''
              echo "''${HOME}" "$@"'';
          train = "python -m speech_lab.train \"$@\"";
        };

        # processes
        processes = {
          plain = {
            run = "sleep 1";
          };
          web = {
            run = "python -m http.server 8000";
            after = [ "postgres" ];
            ready = {
              http = {
                port = 8000;
                path = "/health";
              };
              every = 2;
              tries = 60;
            };
            restart = "on_failure";
            env = {
              DATA = "${config.pyenvspec.project}/data";
            };
            folder = "web";
          };
          worker = {
            run = "celery worker";
            ready = {
              run = "exec 3<>/dev/tcp/127.0.0.1/5555";
              every = 1;
              tries = 5;
            };
            restart = "always";
          };
        };

        # services
        services = {
          postgres = {
            enable = true;
            listen_addresses = "127.0.0.1";
            port = 5433;
            settings = {
              a = null;
              b = 1.5;
            };
          };
        };

        # devenv
        devenv = {
          git-hooks = {
            hooks = {
              ruff = {
                enable = true;
              };
            };
          };
          languages = {
            go = {
              enable = true;
            };
          };
        };

        # on_enter
        onEnter = "echo ready";
      };

      # containers
      pyenvspec.containers = {
        default = {
          image = "speech-lab";
          tag = "v1";
          command = [
            "bash"
            "-c"
            "echo hi"
          ];
          copy = [ ./../../src ];
        };
      };
    };
}
