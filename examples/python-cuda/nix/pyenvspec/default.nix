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
    {
      # nixpkgs
      _module.args.pkgs = import inputs.nixpkgs {
        inherit system;
        config.allowUnfree = true;
      };

      pyenvspec.shells.default = {
        # name
        name = "speech-recipes";

        # python
        python = pkgs.python39;

        # python.manager
        venv = {
          manager = "pip";
          requirements = "requirements.txt";
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
        native = [
          pkgs.cmake
          pkgs.ffmpeg
          pkgs.libsndfile
          pkgs.mecab
          pkgs.openssl
          pkgs.sox
        ];

        # preload
        preload = [ "${pkgs.lib.getLib pkgs.gperftools}/lib/libtcmalloc.so" ];

        # env
        env = {
          CUDA_HOME = "${pkgs.cudaPackages_11_8.cudatoolkit}";
          OMP_NUM_THREADS = "4";
        };

        # scripts
        scripts = {
          train = "python -m recipes.train \"$@\"";
        };
      };
    };
}
