# Written by pyenvspec from env.yaml; edit env.yaml instead, and run `pyenvspec compile`.

{ inputs, ... }:
{
  imports = [
    ./vendor/devenv.nix
    ./vendor/venv.nix
  ];

  # systems
  systems = [ "x86_64-linux" ];

  perSystem =
    { pkgs, system, ... }:
    let
      base = {
        # name
        name = "variants";

        # python
        python = pkgs.python312;

        # python.manager
        venv = {
          manager = "pip";
          requirements = "requirements.txt";
        };

        # native
        native = [ pkgs.ffmpeg ];

        # env
        env = {
          DEVICE = "auto";
        };
      };
    in
    {
      # nixpkgs
      _module.args.pkgs = import inputs.nixpkgs {
        inherit system;
        config.allowUnfree = true;
      };

      pyenvspec.shells.default = base;

      # variants.cpu
      pyenvspec.shells.cpu = base // {
        # python.manager
        venv = {
          manager = "pip";
          requirements = "requirements.txt";
          folder = ".venv-cpu";
        };

        # env
        env = {
          DEVICE = "cpu";
        };
      };

      # variants.gpu
      pyenvspec.shells.gpu = base // {
        # python.manager
        venv = {
          manager = "pip";
          requirements = "requirements.txt";
          folder = ".venv-gpu";
        };

        # cuda
        cuda = {
          packages = [
            pkgs.cudaPackages_12_4.cudatoolkit
            pkgs.cudaPackages_12_4.cudnn
          ];
          compiler = pkgs.cudaPackages_12_4.backendStdenv.cc;
        };

        # env
        env = {
          DEVICE = "cuda";
        };
      };

      # variants.py311
      pyenvspec.shells.py311 = base // {
        # python
        python = pkgs.python311;

        # python.manager
        venv = {
          manager = "pip";
          requirements = "requirements.txt";
          folder = ".venv-py311";
        };

        # native
        native = [ ];
      };
    };
}
