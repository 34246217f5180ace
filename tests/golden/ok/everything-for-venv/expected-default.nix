# Written by pyenvspec from env.yaml; edit env.yaml instead, and run `pyenvspec compile`.

{ inputs, ... }:
{
  imports = [
    ./vendor/devenv.nix
    ./vendor/containers.nix
    ./../../nix/extra.nix
  ];

  # systems
  systems = [ "x86_64-linux" ];

  perSystem =
    { pkgs, system, ... }:
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
        };

        # cuda
        cuda = {
          packages = [
            pkgs.cudaPackages_11_8.cudatoolkit
            pkgs.cudaPackages_11_8.nccl
            pkgs.cudaPackages_11_8.cudnn_8_9
          ];
          driver = false;
        };

        # native
        native = [
          pkgs.ffmpeg
          pkgs.libsndfile
          pkgs.xorg.libX11
        ];

        # env
        env = {
          DEBUG = "true";
          LD_PRELOAD = "${pkgs.gperftools}/lib/libtcmalloc.so";
          LITERAL = "\${HOME} ''x'' $PATH";
          RATE = "1.10";
          SEED = "42";
        };

        # scripts
        scripts = {
          multi = ''
            echo '''one'''
              echo "''${HOME}"
          '';
          train = "python -m speech_lab.train";
        };

        # processes
        processes = {
          web = "python -m http.server";
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
