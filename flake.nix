{
  description = "pyenvspec: env.yaml in, a Nix flake out";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    flake-parts.url = "github:hercules-ci/flake-parts";
    flake-parts.inputs.nixpkgs-lib.follows = "nixpkgs";
    # The development shell is devenv's; what follows "" is cut off, neither locked nor fetched.
    devenv.url = "github:cachix/devenv/5844e78c960ab73bb92e131bc2902b39b9ee52dd";
    devenv.inputs = {
      flake-parts.follows = "flake-parts";
      nixpkgs.follows = "nixpkgs";
      cachix.follows = "";
      crate2nix.follows = "";
      flake-compat.follows = "";
      ghostty.follows = "";
      git-hooks.follows = "";
      nix.follows = "";
      nixd.follows = "";
      rust-overlay.follows = "";
    };
  };

  outputs =
    inputs@{ flake-parts, nixpkgs, ... }:
    let
      inherit (nixpkgs) lib;
      # Folders of examples/ that hold an env.yaml.
      examples = lib.filterAttrs (
        name: type: type == "directory" && lib.pathExists ./examples/${name}/env.yaml
      ) (lib.readDir ./examples);
    in
    flake-parts.lib.mkFlake { inherit inputs; } {
      imports = [ ./nix/pyenvspec ];

      flake = {
        # The modules that every compiled project gets a copy of, for flakes of your own.
        flakeModules = {
          default.imports = [
            ./nix/modules/devenv.nix
            ./nix/modules/devenv-processes.nix
            ./nix/modules/dotenv.nix
            ./nix/modules/locked.nix
            ./nix/modules/python-env.nix
          ];
          containers = ./nix/modules/containers.nix;
        };

        templates = lib.mapAttrs (name: _: {
          path = ./examples/${name};
          description = "pyenvspec example: ${name}";
        }) examples;
      };

      perSystem =
        {
          pkgs,
          self',
          lib,
          ...
        }:
        let
          python = pkgs.python3;
          project = lib.importTOML ./pyproject.toml;
        in
        {
          packages.default = python.pkgs.buildPythonApplication {
            pname = project.project.name;
            version = builtins.head (
              builtins.match ".*__version__ = \"([^\"]+)\".*" (builtins.readFile ./pyenvspec/__init__.py)
            );
            pyproject = true;
            src = lib.fileset.toSource {
              root = ./.;
              fileset = lib.fileset.unions [
                ./pyproject.toml
                ./README.md
                ./LICENSE
                ./pyenvspec
                ./schema
                ./nix/modules
                ./scripts/get-nix
                ./docs/man
                # Templates that the wheel holds.
                ./examples/ml-ops
                ./examples/python-cuda
                ./examples/python-poetry
                ./examples/python-poetry2nix
              ];
            };
            build-system = [ python.pkgs.hatchling ];
            dependencies = [
              python.pkgs.argcomplete
              python.pkgs.cyclonedx-python-lib
              python.pkgs.nix-prefetch-github
              python.pkgs.packaging
              python.pkgs.pydantic
              python.pkgs.pyyaml
              python.pkgs.rapidfuzz
              python.pkgs.tomli
            ];
            pythonImportsCheck = [ "pyenvspec" ];
            meta.mainProgram = "pyenvspec";
          };

          apps.default.program = "${self'.packages.default}/bin/pyenvspec";

          checks = {
            inherit (self'.packages) default;

            # The committed output of every example is what this version compiles.
            examples = pkgs.runCommand "pyenvspec-examples" { } ''
              for example in ${./examples}/*/; do
                ${self'.packages.default}/bin/pyenvspec compile --check -C "$example"
              done
              touch $out
            '';
          };
        };
    };
}
