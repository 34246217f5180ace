# Written by pyenvspec from env.yaml; edit env.yaml instead, and run `pyenvspec compile`.

{ inputs, ... }:
{
  imports = [
    ./vendor/native.nix
    ./vendor/native-processes.nix
    ./vendor/python-env.nix
    ./vendor/containers.nix
  ];

  # systems
  systems = [
    "x86_64-linux"
    "aarch64-darwin"
  ];

  perSystem =
    { pkgs, ... }:
    let
      base = {
        # name
        name = "sound-lab";

        # python
        python = pkgs.python312;

        # python.packages
        pythonPackages = ps: [
          ps.numpy
          ps.soundfile
        ];

        # native
        native = [ pkgs.ffmpeg ];

        # env
        env = {
          FFMPEG = "${pkgs.ffmpeg}/bin/ffmpeg";
          SEED = "42";
        };

        # scripts
        scripts = {
          train = "python -m sound_lab.train \"$@\"";
        };

        # processes
        processes = {
          notebook = {
            run = "jupyter lab";
          };
          web = {
            run = "python -m http.server";
          };
        };

        # on_enter
        onEnter = "echo ready";
      };
    in
    {
      pyenvspec.shells.default = base;

      # variants.newest
      pyenvspec.shells.newest = base // {
        # python
        python = pkgs.python313;

        # processes
        processes = { };
      };

      # containers
      pyenvspec.containers = {
        default = {
          image = "sound-lab";
          command = [
            "python"
            "-m"
            "sound_lab"
          ];
          copy = [ ./../../src ];
        };
      };
    };
}
