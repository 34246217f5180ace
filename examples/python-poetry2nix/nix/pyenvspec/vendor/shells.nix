# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Option family `perSystem.pyenvspec.shells`: what every shell has, whoever renders it. Other modules add options of their own to
# it, and are there only where env.yaml asks for them: venv.nix, python-env.nix, dotenv.nix, processes.nix …
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

  cuda = types.submodule {
    _file = ./shells.nix;
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

  shell =
    pkgs:
    types.submodule (
      { config, name, ... }:
      {
        _file = ./shells.nix;
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
          systems = mkOption {
            type = types.nullOr (types.listOf types.str);
            default = null;
            description = "Systems that it is made for; null: all of the flake.";
          };
          python = mkOption {
            type = types.package;
            description = "The interpreter.";
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
          scripts = texts "Commands on PATH, by name: bash code.";
          onEnter = mkOption {
            type = types.str;
            default = "";
            description = "Bash code run at the end of entering the shell, in the folder entered from.";
          };
          interpreter = mkOption {
            type = types.package;
            default = import ./interpreter.nix { inherit lib pkgs; } config;
            readOnly = true;
            description = "The same Python, which finds the shell's libraries and the machine's driver.";
          };
          tools = mkOption {
            type = types.listOf types.package;
            default = [ ];
            internal = true;
            description = "Programs on PATH of the other option families.";
          };
          entering = mkOption {
            type = types.lines;
            default = "";
            internal = true;
            description = "Bash code of the other option families, run when the variables are set and before `onEnter`.";
          };
        };
      }
    );
in
{
  options.perSystem = flake-parts-lib.mkPerSystemOption (
    { pkgs, system, ... }:
    {
      _file = ./shells.nix;
      options.pyenvspec = {
        shells = mkOption {
          type = types.lazyAttrsOf (shell pkgs);
          default = { };
          # A shell with CUDA has nothing to offer on macOS, where the others are.
          apply = lib.filterAttrs (_: shell: shell.systems == null || lib.elem system shell.systems);
          description = "Shells of this project; each is `devShells.<name>`.";
        };
        project = mkOption {
          type = types.str;
          default = "/{pyenvspec-project}";
          readOnly = true;
          description = "Stands in texts for the project's folder, which is known when the shell opens.";
        };
      };
    }
  );
}
