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
    { pkgs, system, ... }:
    let
      base = {
        # name
        name = "variants";

        # systems
        systems = [
          "x86_64-linux"
          "aarch64-linux"
        ];

        # python
        python = pkgs.python312;

        # python.manager
        venv = {
          manager = "pip";
          requirements = "requirements.txt";
        };

        # cuda
        cuda = {
          packages = [
            pkgs.cudaPackages_12_8.cudatoolkit
            pkgs.cudaPackages_12_8.cudnn
          ];
          compiler = pkgs.cudaPackages_12_8.backendStdenv.cc;
        };

        # native
        native = [ pkgs.ffmpeg ];

        # env
        env = {
          A = "1";
          B = "2";
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

      # variants.bare
      pyenvspec.shells.bare = base // {
        # python.manager
        venv = {
          manager = "pip";
          requirements = "requirements.txt";
          folder = ".venv-bare";
        };

        # native
        native = [ ];

        # env
        env = { };
      };

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
          A = "1";
          C = "3";
        };

        # systems
        systems = null;

        # cuda
        cuda = null;
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
      };
    };
}
