# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# For an image whose packages Nix cannot fetch by their hash: the images that a Containerfile is made of, which
# `pyenvspec container` writes. `nix` is the final one without packages and project, `install` has a compiler and git besides
# and the files that say what is to be installed, `project` holds the project.
{
  lib,
  oci,
  pkgs,
}:
{
  appWith,
  configOf,
  container,
  layersWith,
  onBase,
  parts,
  programsOf,
  projectLayer,
  revision,
  shell,
  variablesOf,
}:
let
  installer = (shell.installer or (_: null)) parts.interpreter;
  venv = "/opt/env";

  python = parts.interpreter;
  # Commands of the project start the Python that has the packages.
  app = appWith (python // { interpreter = "${venv}/bin/python"; });

  # Which of the packages want a GPU is not known.
  withVenv =
    variables:
    lib.optionalAttrs shell.driver {
      NVIDIA_DRIVER_CAPABILITIES = "compute,utility";
      NVIDIA_VISIBLE_DEVICES = "all";
    }
    // variables
    // {
      PATH = "${venv}/bin:${variables.PATH}";
    };

  nix =
    let
      programs = programsOf [ ] parts;
    in
    oci.image {
      name = "${container.image}-nix";
      inherit (container) base tag;
      layers = layersWith {
        inherit
          onBase
          parts
          programs
          python
          ;
      };
      config = configOf (withVenv (variablesOf {
        inherit onBase parts programs;
      }));
    };

  # With the headers of what is in `native` and the compiler that this CUDA accepts.
  toolParts = import ./shell-parts.nix {
    inherit lib pkgs;
    image.cuda = if shell.cuda == null then "none" else "toolkit";
  } shell;
  linked = shell.native ++ lib.optionals (shell.cuda != null) shell.cuda.packages;
  install =
    let
      programs = programsOf (shell.tools ++ installTools) toolParts;
      variables = variablesOf {
        inherit programs;
        onBase = false;
        parts = toolParts;
      };
    in
    oci.image {
      name = "${container.image}-install";
      inherit (container) tag;
      layers =
        layersWith {
          inherit programs python;
          onBase = false;
          parts = toolParts;
        }
        ++ [ (oci.treeLayer "install" installer.tree [ ]) ];
      config = configOf (
        removeAttrs variables [ "PYTHONPATH" ]
        // {
          HOME = "/root";
          CPATH = lib.makeSearchPathOutput "dev" "include" linked;
          LIBRARY_PATH = lib.makeLibraryPath linked;
          PKG_CONFIG_PATH = lib.makeSearchPathOutput "dev" "lib/pkgconfig" linked;
        }
      )
      // {
        User = "0:0";
      };
    };
  installTools = [
    pkgs.bzip2
    pkgs.diffutils
    pkgs.findutils
    pkgs.gawk
    pkgs.gitMinimal
    pkgs.gnugrep
    pkgs.gnumake
    pkgs.gnused
    pkgs.gnutar
    pkgs.gzip
    pkgs.patch
    pkgs.pkg-config
    pkgs.stdenv.cc
    pkgs.stdenv.cc.bintools
    pkgs.uv
    pkgs.xz
  ];

  project = oci.image {
    name = "${container.image}-project";
    inherit (container) tag;
    layers = projectLayer app;
    config = configOf { PATH = "/"; };
  };
in
{
  plan = builtins.toJSON {
    # Why; none where Nix has every package.
    reasons = if installer == null then [ ] else installer.reasons;
    inherit revision;
    # What of the project's image belongs into the final one; what changes most comes last.
    folders = lib.optional (app.folders != [ ]) "/opt/project" ++ lib.optional (app.tree != null) "/app";
  };

  # `copy-parts STORE`, in skopeo's words up to the name: containers-storage:localhost/lab
  copyTo = pkgs.writeShellScriptBin "copy-parts" ''
    set -e
    ${nix.copyTo}/bin/copy-to "$1/nix:${container.tag}" >/dev/null
    ${install.copyTo}/bin/copy-to "$1/install:${container.tag}" >/dev/null
    ${lib.optionalString (app.tree != null) ''${project.copyTo}/bin/copy-to "$1/project:${container.tag}" >/dev/null''}
  '';

  copyFrom = oci.copyFrom;
}
