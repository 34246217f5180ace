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
    { pkgs, ... }:
    {
      pyenvspec.shells.default = {
        # name
        name = "ml-ops";

        # python
        python = pkgs.python311;

        # python.manager
        venv = {
          manager = "uv";
          lock = ./vendor/lock-uv.nix;
        };

        # scripts
        scripts = {
          test = "python -c \"import ml_ops.train\" \"$@\"";
          train = "python -m ml_ops.train \"$@\"";
        };
      };

      # containers
      pyenvspec.containers = {
        default = {
          image = "ml-ops";
          command = [
            "python"
            "-m"
            "ml_ops.train"
          ];
        };
      };
    };
}
