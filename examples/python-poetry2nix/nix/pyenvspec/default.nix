# Written by pyenvspec from env.yaml; edit env.yaml instead, and run `pyenvspec compile`.

{ inputs, ... }:
{
  imports = [
    ./vendor/devenv.nix
    ./vendor/poetry2nix.nix
    ./vendor/containers.nix
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
        # cuda
        config.cudaSupport = true;
        overlays = [ (final: _: { cudaPackages = final.cudaPackages_11_8; }) ];
      };

      pyenvspec.shells.default = {
        # name
        name = "project-name";

        # python
        python = pkgs.python310;

        # python.manager
        poetry2nix = {
          project = ./../..;

          # python.editable
          editable = {
            my-app = "src";
          };

          # wheels.disabled
          fromSource = [
            "llvmlite"
            "numba"
            "soundfile"
            "torch"
            "torchvision"
          ];

          # overrides
          overrides = {
            inaspeechsegmenter.postInstall = "rm -f $out/LICENSE";
            mecab = {
              buildSystems = [ "setuptools" ];
              buildTools = [ pkgs.mecab ];
            };
            mecab-python3 = {
              buildSystems = [ "setuptools" ];
              buildTools = [ pkgs.mecab ];
            };
            nnmnkwii.buildSystems = [ "setuptools" ];
            onnxruntime-gpu = {
              libraries = [
                pkgs.cudaPackages_11_8.cudnn
                pkgs.cudaPackages_11_8.cudatoolkit
              ];
              ignoreMissingLibraries = [
                "libcuda.so.1"
                "libnvinfer.so.8"
                "libnvinfer_plugin.so.8"
                "libnvonnxparser.so.8"
              ];
            };
            openai-whisper.buildSystems = [ "setuptools" ];
            pybind11 = {
              fromNixpkgs = true;
              keepLockedSource = true;
            };
            pyopenjtalk = {
              buildSystems = [ "setuptools" ];
              buildTools = [ pkgs.cmake ];
            };
            pyreaper.buildSystems = [
              "setuptools"
              "cython"
            ];
            pytextgrid.postInstall = "rm -f $out/LICENSE";
            tensorflow-io-gcs-filesystem.dependencies = [ "libtensorflow" ];
            torchvision.buildTools = [ pkgs.autoPatchelfHook ];
            typing.remove = true;
          };
        };

        # cuda
        cuda = {
          packages = [
            pkgs.cudaPackages_11_8.cudatoolkit
            pkgs.cudaPackages_11_8.cudnn
          ];
          compiler = pkgs.cudaPackages_11_8.backendStdenv.cc;
        };

        # native
        native = [ pkgs.bashInteractive ];
      };

      # containers
      pyenvspec.containers = {
        default = {
          image = "project-name";
          command = [ "bash" ];
        };
      };
    };
}
