# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# The OCI image of a shell: its Python with the packages, its programs and variables, and the project.
#
# There is no entrypoint: the command is the first process, with its words and signals as given, and what another one starts
# (`docker exec`, Kubernetes' `command`, `apptainer exec`) finds the same programs, since all is in PATH and variables.
{
  lib,
  pkgs,
  # The flake's own source.
  project,
}:
shell: container:
let
  userId = 1000;

  parts = import ./shell-parts.nix {
    inherit lib pkgs;
    image = { inherit (container) cuda; };
  } shell;
  inherit (parts) python;

  oci = import ./oci.nix {
    inherit lib pkgs;
    inherit (shell) python;
  };
  inherit (import ./image-layers.nix { inherit lib oci pkgs; }) certificates layersOf rootOf;

  appWith =
    python:
    import ./project-files.nix { inherit lib pkgs; } {
      inherit (container) copy;
      inherit project python shell;
      whole = container.project;
    };
  app = appWith python;
  ofUser = {
    path = "/app";
    mode = "0755";
    uid = userId;
    gid = userId;
  };
  projectLayer = app: lib.optional (app.tree != null) (oci.treeLayer "project" app.tree [ ofUser ]);

  onBase = container.base != "";
  wantsGpu =
    shell.cuda != null || lib.any (wheel: lib.hasPrefix "nvidia-" wheel.pname) (python.wheels or [ ]);

  # What a process finds around it, by the programs that are in its image.
  variablesOf =
    {
      programs,
      onBase,
      parts,
    }:
    {
      HOME = "/home/user";
      LANG = "C.UTF-8";
      LOGNAME = "user";
      NIX_SSL_CERT_FILE = certificates onBase;
      PYENVSPEC_IMAGE = container.image;
      PYENVSPEC_ROOT = "/app";
      SSL_CERT_FILE = certificates onBase;
      TZDIR = "${pkgs.tzdata}/share/zoneinfo";
      USER = "user";
    }
    // lib.optionalAttrs wantsGpu {
      NVIDIA_DRIVER_CAPABILITIES = "compute,utility";
      NVIDIA_VISIBLE_DEVICES = "all";
    }
    // app.env
    // parts.env
    // container.env
    // {
      PATH = lib.concatStringsSep ":" (
        app.folders
        ++ [
          "/opt/python/bin"
          (if onBase then "${programs}/bin" else "/usr/bin")
        ]
      );
    };

  revision = project.rev or project.dirtyRev or null;
  labels =
    lib.filterAttrs (_: value: value != null) {
      "org.opencontainers.image.title" = container.image;
      "org.opencontainers.image.version" = if app.version != null then app.version else container.tag;
      "org.opencontainers.image.source" = app.source;
      "org.opencontainers.image.description" = app.description;
    }
    // container.labels;

  configOf =
    variables:
    {
      Cmd = container.command;
      Env = lib.mapAttrsToList (name: value: [ name (toString value) ]) variables;
      User = "${toString userId}:${toString userId}";
      WorkingDir = app.workingDirectory;
      Labels = labels;
    }
    // lib.optionalAttrs (container.ports != [ ]) {
      ExposedPorts = lib.genAttrs container.ports (_: { });
    };

  # First the commands of env.yaml, which may have the name of a program. Python and the programs of its packages are not
  # among them: it knows its packages by its place.
  programsOf =
    more: parts:
    pkgs.buildEnv {
      name = "image-programs";
      paths =
        parts.scripts
        ++ shell.native
        ++ parts.cudaTools
        ++ more
        ++ [
          pkgs.bashInteractive
          pkgs.coreutils
        ];
      pathsToLink = [ "/bin" ];
      ignoreCollisions = true;
    };
  programs = programsOf [ ] parts;

  # All but the project.
  layersWith =
    {
      python,
      programs,
      parts,
      onBase,
    }:
    layersOf {
      inherit parts programs python;
      inherit (shell) native;
      root = rootOf {
        inherit
          onBase
          programs
          python
          userId
          ;
      };
    };

  # Where Nix cannot fetch every package by its hash: what a container needs to install them, see in-container.nix.
  inContainer = import ./in-container.nix { inherit lib oci pkgs; } {
    inherit
      appWith
      configOf
      container
      layersWith
      onBase
      parts
      programsOf
      projectLayer
      revision
      shell
      variablesOf
      ;
  };
  ownLabel = lib.optionalAttrs (revision != null) { "org.opencontainers.image.revision" = revision; };
  config = configOf (variablesOf { inherit onBase parts programs; });
in
oci.image {
  name = container.image;
  inherit (container) base tag;
  layers =
    layersWith {
      inherit
        onBase
        parts
        programs
        python
        ;
    }
    ++ projectLayer app;
  config = config // {
    Labels = ownLabel // config.Labels;
  };
}
// {
  inherit inContainer;
}
