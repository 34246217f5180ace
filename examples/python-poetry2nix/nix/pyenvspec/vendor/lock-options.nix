# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# The options that a shell has for either manager that builds from a lock, `uv2nix` and `poetry2nix`.
{ lib }:
let
  inherit (lib) mkOption types;

  flag =
    description:
    mkOption {
      type = types.bool;
      default = false;
      inherit description;
    };

  list =
    type: description:
    mkOption {
      type = types.listOf type;
      default = [ ];
      inherit description;
    };

  override = types.submodule {
    _file = ./lock-options.nix;
    options = {
      remove = flag "Leave the package out.";
      fromNixpkgs = flag "Take nixpkgs' package in its place.";
      keepLockedSource = flag "Build nixpkgs' recipe from the source in the lock.";
      source = mkOption {
        type = types.nullOr (
          types.enum [
            "wheel"
            "sdist"
          ]
        );
        default = null;
        description = "Which of the locked files to use.";
      };
      buildSystems = list types.str "Python packages that it is built with.";
      buildTools = list types.package "Programs that it is built with.";
      libraries = list types.package "Libraries that it links to.";
      dependencies = list types.str "Further packages it needs at run time: of the lock, else of nixpkgs.";
      ignoreMissingLibraries = list types.str "Libraries that may be missing when it is built.";
      env = mkOption {
        type = types.attrsOf types.str;
        default = { };
        description = "Environment of its build.";
      };
      patches = list types.path "Patches of its source.";
      postInstall = mkOption {
        type = types.lines;
        default = "";
        description = "Shell commands after it is installed.";
      };
    };
  };
in
{
  groups = list types.str "Dependency groups besides the default.";
  extras = list types.str "Extras of the project.";
  packages = mkOption {
    type = types.functionTo (types.listOf types.package);
    default = _: [ ];
    description = "Package set → packages of nixpkgs that the lock leaves out.";
  };
  editable = mkOption {
    type = types.attrsOf types.str;
    default = { };
    description = "Packages imported from the working tree, with their folders from the project's root.";
  };
  preferWheels = mkOption {
    type = types.bool;
    default = true;
    description = "Whether wheels are taken where the lock has them.";
  };
  fromSource = list types.str "Packages that are built in any case.";
  overrides = mkOption {
    type = types.attrsOf override;
    default = { };
    description = "What single packages need besides.";
  };
}
