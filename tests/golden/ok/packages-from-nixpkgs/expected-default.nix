# Written by pyenvspec from env.yaml; edit env.yaml instead, and run `pyenvspec compile`.

{ inputs, ... }:
{
  imports = [
    ./vendor/devenv.nix
    ./vendor/python-env.nix
  ];

  # systems
  systems = [
    "x86_64-linux"
    "aarch64-linux"
  ];

  perSystem =
    { pkgs, system, ... }:
    {
      # nixpkgs
      _module.args.pkgs = import inputs.nixpkgs {
        inherit system;
        config.allowUnfree = true;
        # cuda
        config.cudaSupport = true;
        # cuda.capabilities
        config.cudaCapabilities = [
          "8.6"
          "9.0"
        ];
        overlays = [ (final: _: { cudaPackages = final.cudaPackages_12_8; }) ];
      };

      pyenvspec.shells.default = {
        # name
        name = "from-nixpkgs";

        # python
        python = pkgs.python312;

        # python.packages
        pythonPackages = ps: [
          ps.numpy
          ps.torch
        ];

        # cuda
        cuda = {
          packages = [ pkgs.cudaPackages_12_8.cudatoolkit ];
          compiler = pkgs.cudaPackages_12_8.backendStdenv.cc;
          capabilities = [
            "8.6"
            "9.0"
          ];
        };
      };
    };
}
