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
  inherit (pkgs.stdenv) cc;
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

  app = import ./project-files.nix { inherit lib pkgs; } {
    inherit (container) copy;
    inherit project python shell;
    whole = container.project;
  };

  # First the commands of env.yaml, which may have the name of a program. Python and the programs of its packages are not
  # among them: it knows its packages by its place.
  programs = pkgs.buildEnv {
    name = "image-programs";
    paths =
      parts.scripts
      ++ shell.native
      ++ parts.cudaTools
      ++ [
        pkgs.bashInteractive
        pkgs.coreutils
      ];
    pathsToLink = [ "/bin" ];
    ignoreCollisions = true;
  };

  # Over an image that has its own, nothing of the system is replaced.
  onBase = container.base != "";
  root = if onBase then guest else system;
  guest = pkgs.runCommand "image-root" { } ''
    mkdir -p $out/{app,home/user,opt}
    ln -s ${python} $out/opt/python
  '';
  system = pkgs.runCommand "image-root" { } ''
    mkdir -p $out/{app,dev,etc/ssl/certs,home/user,opt,proc,root,run,srv,sys,tmp,usr/bin,usr/share,var/tmp}
    ln -s ${python} $out/opt/python
    ln -s usr/bin $out/bin
    ln -s bash $out/usr/bin/sh
    for program in ${programs}/bin/*; do
      ln -sf "$program" $out/usr/bin/
    done
    ln -s ${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt $out/etc/ssl/certs/ca-certificates.crt
    ln -s ca-certificates.crt $out/etc/ssl/certs/ca-bundle.crt
    ln -s ${pkgs.tzdata}/share/zoneinfo $out/usr/share/zoneinfo
    ln -s /usr/share/zoneinfo/UTC $out/etc/localtime
    cat >$out/etc/passwd <<END
    root:x:0:0:root:/root:/bin/bash
    user:x:${toString userId}:${toString userId}:user:/home/user:/bin/bash
    nobody:x:65534:65534:nobody:/:/bin/false
    END
    cat >$out/etc/group <<END
    root:x:0:
    user:x:${toString userId}:
    nogroup:x:65534:
    END
    echo 'hosts: files dns' >$out/etc/nsswitch.conf
    # Apptainer binds the machine's own over these.
    touch $out/etc/hosts $out/etc/resolv.conf
    # So that programs that are not of Nix start, such as those which the NVIDIA container toolkit brings.
    mkdir -p "$out/$(dirname ${loader})"
    ln -s ${cc.bintools.dynamicLinker} $out/${loader}
  '';
  loader =
    {
      x86_64 = "lib64/ld-linux-x86-64.so.2";
      aarch64 = "lib/ld-linux-aarch64.so.1";
    }
    .${pkgs.stdenv.hostPlatform.parsed.cpu.name} or oci.noArchitecture;

  anyone = path: {
    inherit path;
    mode = "1777";
    uid = 0;
    gid = 0;
  };
  ofUser = path: {
    inherit path;
    mode = "0755";
    uid = userId;
    gid = userId;
  };

  # By rate of change; each holds what those before it lack.
  layers =
    let
      base = oci.closureLayer "base" [
        pkgs.bashInteractive
        pkgs.cacert
        pkgs.coreutils
        pkgs.tzdata
        cc.cc.lib
        cc.libc
      ] [ ];
      add =
        below: title: paths:
        below ++ lib.optional (paths != [ ]) (oci.closureLayer title paths below);
      addAll = lib.foldl' (below: { title, paths }: add below title paths);
    in
    addAll [ base ] (
      [
        {
          title = "native";
          paths = shell.native;
        }
        {
          title = "cuda";
          paths = parts.cudaRuntime ++ parts.cudaTools;
        }
        {
          title = "python";
          paths = [ parts.interpreter ];
        }
      ]
      ++ map (wheel: {
        title = "package ${wheel.pname}";
        paths = [ wheel ];
      }) (lib.filter isLarge (python.wheels or [ ]))
      ++ [
        {
          title = "packages";
          paths = python.wheels or [ ];
        }
        {
          title = "environment";
          paths = [ python ];
        }
        {
          title = "programs";
          paths = [ programs ];
        }
      ]
    )
    ++ [
      (oci.treeLayer "root" root (
        [ (anyone "/home/user") ] ++ lib.optionals (!onBase) (map anyone [ "/tmp" "/var/tmp" ])
      ))
    ]
    ++ lib.optional (app.tree != null) (oci.treeLayer "project" app.tree [ (ofUser "/app") ]);

  # Of poetry.lock, which names no sizes, those that are known to be large.
  isLarge =
    wheel:
    if wheel.size == null then
      lib.any (prefix: lib.hasPrefix prefix wheel.pname) largePackages
    else
      wheel.size > 16 * 1024 * 1024;
  largePackages = [
    "cupy"
    "jax-cuda"
    "jaxlib"
    "nvidia-"
    "onnxruntime"
    "opencv"
    "pyarrow"
    "ray"
    "scipy"
    "tensorflow"
    "torch"
    "triton"
    "vllm"
    "xformers"
  ];

  certificates =
    if onBase then "${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt" else "/etc/ssl/certs/ca-certificates.crt";
  wantsGpu =
    shell.cuda != null || lib.any (wheel: lib.hasPrefix "nvidia-" wheel.pname) (python.wheels or [ ]);

  variables = {
    HOME = "/home/user";
    LANG = "C.UTF-8";
    LOGNAME = "user";
    NIX_SSL_CERT_FILE = certificates;
    PYENVSPEC_IMAGE = container.image;
    PYENVSPEC_ROOT = "/app";
    SSL_CERT_FILE = certificates;
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
      "org.opencontainers.image.revision" = revision;
      "org.opencontainers.image.source" = app.source;
      "org.opencontainers.image.description" = app.description;
    }
    // container.labels;
in
oci.image {
  name = container.image;
  inherit (container) base tag;
  inherit layers;
  config = {
    Cmd = container.command;
    Env = lib.mapAttrsToList (name: value: [ name (toString value) ]) variables;
    User = "${toString userId}:${toString userId}";
    WorkingDir = app.workingDirectory;
    Labels = labels;
  }
  // lib.optionalAttrs (container.ports != [ ]) {
    ExposedPorts = lib.genAttrs container.ports (_: { });
  };
}
