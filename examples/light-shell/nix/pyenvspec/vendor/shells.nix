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
      buildAfter = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Packages that are built without isolation, after everything else is installed.";
      };
    };
  };

  ready = types.submodule {
    options = {
      http = mkOption {
        type = types.nullOr (types.attrsOf types.anything);
        default = null;
        description = "Port and path of this machine that answer when it is ready.";
      };
      run = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Bash code that succeeds when it is ready.";
      };
      every = mkOption {
        type = types.ints.positive;
        description = "Seconds between two questions.";
      };
      tries = mkOption {
        type = types.ints.positive;
        description = "Failed questions after which it counts as broken.";
      };
    };
  };

  process = types.submodule {
    options = {
      run = mkOption {
        type = types.str;
        description = "Bash code that stays in the foreground.";
      };
      after = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Processes and services that are to be ready before.";
      };
      ready = mkOption {
        type = types.nullOr ready;
        default = null;
        description = "How to know that it is ready; null: as soon as it runs.";
      };
      restart = mkOption {
        type = types.enum [
          "never"
          "on_failure"
          "always"
        ];
        default = "never";
        description = "When to start it again.";
      };
      env = texts "Variables of this process.";
      folder = mkOption {
        type = types.str;
        default = ".";
        description = "Folder it runs in, from the project's root.";
      };
    };
  };

  cuda = types.submodule {
    options = {
      packages = packages "Packages of a CUDA package set.";
      compiler = mkOption {
        type = types.package;
        description = "The C and C++ compiler that this CUDA accepts.";
      };
      capabilities = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Compute capabilities to build extensions for; empty: those of the GPU that is there.";
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
        variant = mkOption {
          type = types.str;
          default = name;
          readOnly = true;
          description = "Which of the shells it is: `default`, or a variant.";
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
          description = "The CUDA toolkit.";
        };
        driver = mkOption {
          type = types.bool;
          default = true;
          description = "Whether Python, and what `with-driver` starts, look for the NVIDIA driver of the machine.";
        };
        native = packages "Packages on PATH, their libraries visible to this Python only.";
        preload = mkOption {
          type = types.listOf types.str;
          default = [ ];
          description = "Libraries that are loaded into this Python before it starts, and into nothing else.";
        };
        splitOff = mkOption {
          type = types.functionTo (types.listOf types.package);
          default = _: [ ];
          description = "Package set of this Python → parts of the standard library that nixpkgs keeps apart.";
        };
        env = texts "Environment variables; the project's folder stands in them as `pyenvspec.project`.";
        dotenv = mkOption {
          type = types.listOf types.str;
          default = [ ];
          description = "Files of variables, from the project's root, read when the shell opens.";
        };
        scripts = texts "Commands on PATH, by name: bash code.";
        processes = mkOption {
          type = types.attrsOf process;
          default = { };
          description = "Long-running commands, by name.";
        };
        services = mkOption {
          type = types.attrsOf (types.attrsOf types.anything);
          default = { };
          description = "Services of devenv, by name, with devenv's own options.";
        };
        devenv = mkOption {
          type = types.attrsOf types.anything;
          default = { };
          description = "Options of devenv itself.";
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
    options.pyenvspec = {
      shells = mkOption {
        type = types.lazyAttrsOf shell;
        default = { };
        description = "Shells of this project; each is `devShells.<name>`.";
      };
      project = mkOption {
        type = types.str;
        default = "/{pyenvspec-project}";
        readOnly = true;
        description = "Stands in texts for the project's folder, which is known when the shell opens.";
      };
    };
  };
}
