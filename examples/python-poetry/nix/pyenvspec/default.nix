# Written by pyenvspec from env.yaml; edit env.yaml instead, and run `pyenvspec compile`.

{ inputs, ... }:
{
  imports = [
    ./vendor/devenv.nix
    ./vendor/locked.nix
    ./vendor/venv.nix
    ./vendor/containers.nix
    ./vendor/container-install.nix
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
      };

      pyenvspec.shells.default = {
        # name
        name = "python-poetry";

        # python
        python = pkgs.python310;

        # python.manager
        venv = {
          manager = "poetry";
          lock = ./vendor/lock-poetry.nix;
        };

        # cuda
        cuda = {
          packages = [
            pkgs.cudaPackages_11_8.cudatoolkit
            pkgs.cudaPackages_11_8.cudnn_8_9
          ];
          compiler = pkgs.cudaPackages_11_8.backendStdenv.cc;
        };

        # native
        native = [ pkgs.bashInteractive ];

        # env
        env = {
          XLA_FLAGS = "--xla_gpu_cuda_data_dir=${pkgs.cudaPackages_11_8.cudatoolkit}";
        };
      };

      # containers
      pyenvspec.containers = {
        default = {
          image = "python-poetry";
          command = [ "bash" ];
        };
      };
    };
}
