# Written by pyenvspec from env.yaml; edit env.yaml instead, and run `pyenvspec compile`.

{ inputs, ... }:
{
  imports = [
    ./vendor/devenv.nix
    ./vendor/poetry2nix.nix
    ./vendor/venv.nix
  ];

  # systems
  systems = [ "x86_64-linux" ];

  perSystem =
    { pkgs, system, ... }:
    let
      base = {
        # name
        name = "lab";

        # python
        python = pkgs.python311;

        # python.manager
        poetry2nix = {
          project = ./../../app;

          # python.groups
          groups = [ "dev-tools" ];

          # python.extras
          extras = [ "gpu" ];

          # python.packages
          packages = ps: [
            ps.tkinter
            ps.scikit-learn
          ];

          # python.editable
          editable = {
            my-app = "src";
            other = ".";
          };

          # wheels.prefer
          preferWheels = false;

          # wheels.disabled
          fromSource = [
            "foo"
            "foo-bar"
          ];

          # overrides
          overrides = {
            alpha = {
              fromNixpkgs = true;
              keepLockedSource = true;
            };
            beta.source = "sdist";
            gamma = {
              source = "sdist";
              buildSystems = [
                "setuptools"
                "setuptools-scm"
              ];
              buildTools = [
                pkgs.cmake
                pkgs.autoPatchelfHook
              ];
              libraries = [
                pkgs.cudaPackages_11_8.cudnn_8_9
                pkgs.cudaPackages_11_8.nccl
                pkgs.zlib
              ];
              dependencies = [
                "numpy"
                "libtensorflow"
              ];
              ignoreMissingLibraries = [ "libcuda.so.1" ];
              patches = [ ./../../fix.patch ];
              env = {
                CUDNN = "${pkgs.lib.getLib pkgs.cudaPackages_11_8.cudnn_8_9}/lib";
                MAX_JOBS = "4";
                TEXT = "a ${pkgs.zlib} b";
              };
              postInstall = ''
                rm -f $out/LICENSE
                echo "'''''${x}"
              '';
            };
            zeta-pkg.remove = true;
          };
        };

        # cuda
        cuda = {
          packages = [
            pkgs.cudaPackages_11_8.cudatoolkit
            pkgs.cudaPackages_11_8.cudnn_8_9
          ];
          compiler = pkgs.cudaPackages_11_8.backendStdenv.cc;
        };
      };
    in
    {
      # nixpkgs
      _module.args.pkgs = import inputs.nixpkgs {
        inherit system;
        config.allowUnfree = true;
        # cuda
        config.cudaSupport = true;
        overlays = [ (final: _: { cudaPackages = final.cudaPackages_11_8; }) ];
      };

      pyenvspec.shells.default = base;

      # variants.small
      pyenvspec.shells.small = base // {
        # python.manager
        poetry2nix = base.poetry2nix // {
          # python.groups
          groups = [ "docs" ];
          # overrides
          overrides = {
            beta.source = "sdist";
            gamma = {
              source = "sdist";
              buildSystems = [
                "setuptools"
                "setuptools-scm"
              ];
              buildTools = [
                pkgs.cmake
                pkgs.autoPatchelfHook
              ];
              libraries = [
                pkgs.cudaPackages_11_8.cudnn_8_9
                pkgs.cudaPackages_11_8.nccl
                pkgs.zlib
              ];
              dependencies = [
                "numpy"
                "libtensorflow"
              ];
              ignoreMissingLibraries = [ "libcuda.so.1" ];
              patches = [ ./../../fix.patch ];
              env = {
                CUDNN = "${pkgs.lib.getLib pkgs.cudaPackages_11_8.cudnn_8_9}/lib";
                MAX_JOBS = "4";
                TEXT = "a ${pkgs.zlib} b";
              };
              postInstall = ''
                rm -f $out/LICENSE
                echo "'''''${x}"
              '';
            };
            zeta-pkg.remove = true;
          };
          extras = [ ];
        };
      };

      # variants.venv
      pyenvspec.shells.venv = base // {
        # python.manager
        venv = {
          manager = "pip";
          requirements = "requirements.txt";
          folder = ".venv-venv";
        };

        # python.manager
        poetry2nix = null;
      };
    };
}
