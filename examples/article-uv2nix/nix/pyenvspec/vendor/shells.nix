# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Option family `perSystem.pyenvspec.shells`: what a shell holds, whoever renders it.
{ flake-parts-lib, lib, ... }:
let
  inherit (lib) mkOption types;

  texts =
    description:
    mkOption {
      type = types.attrsOf types.str;
      default = { };
      inherit description;
    };

  packages =
    description:
    mkOption {
      type = types.listOf types.package;
      default = [ ];
      inherit description;
    };

  venv = types.submodule {
    options = {
      manager = mkOption {
        type = types.enum [
          "poetry"
          "uv"
          "pip"
        ];
        description = "Who installs into it.";
      };
      folder = mkOption {
        type = types.str;
        default = ".venv";
        description = "Its folder, from the project's root.";
      };
      project = mkOption {
        type = types.str;
        default = ".";
        description = "Folder of pyproject.toml and its lock, from the project's root.";
      };
      requirements = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Requirements file for pip, from the project's root.";
      };
      groups = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Dependency groups besides the default.";
      };
      extras = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Extras of the project.";
      };
      install = mkOption {
        type = types.bool;
        default = true;
        description = "Whether entering the shell installs when the lock changed.";
      };
    };
  };

  cuda = types.submodule {
    options = {
      packages = packages "Packages of a CUDA package set.";
      driver = mkOption {
        type = types.bool;
        default = true;
        description = "Whether Python looks for the NVIDIA driver when it starts.";
      };
    };
  };

  shell = types.submodule (
    { name, ... }:
    {
      options = {
        name = mkOption {
          type = types.str;
          default = name;
          description = "Name of the shell, shown by `nix flake show`.";
        };
        python = mkOption {
          type = types.package;
          description = "The interpreter.";
        };
        venv = mkOption {
          type = types.nullOr venv;
          default = null;
          description = "A virtual environment in the project, kept current on entry.";
        };
        cuda = mkOption {
          type = types.nullOr cuda;
          default = null;
          description = "The CUDA toolkit and the driver.";
        };
        native = packages "Packages on PATH, their libraries visible to this Python only.";
        env = texts "Environment variables.";
        scripts = texts "Commands on PATH, by name: bash code.";
        processes = texts "Long-running commands, by name: bash code that stays in the foreground.";
        services = mkOption {
          type = types.attrsOf (types.attrsOf types.anything);
          default = { };
          description = "Services of devenv, by name, with devenv's own options.";
        };
        onEnter = mkOption {
          type = types.str;
          default = "";
          description = "Bash code run at the end of entering the shell, in the folder entered from.";
        };
      };
    }
  );
in
{
  options.perSystem = flake-parts-lib.mkPerSystemOption {
    options.pyenvspec.shells = mkOption {
      type = types.lazyAttrsOf shell;
      default = { };
      description = "Shells of this project; each is `devShells.<name>`.";
    };
  };
}
