# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# The layers of an image below the project, by rate of change; each holds what those before it lack.
{
  lib,
  oci,
  pkgs,
}:
let
  inherit (pkgs.stdenv) cc;

  # What a program of another distribution is loaded by.
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
in
{
  certificates =
    onBase:
    if onBase then "${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt" else "/etc/ssl/certs/ca-certificates.crt";

  # Over an image that has its own, nothing of the system is replaced.
  rootOf =
    {
      onBase,
      programs,
      python,
      userId,
    }:
    oci.treeLayer "root" (
      if onBase then
        pkgs.runCommand "image-root" { } ''
          mkdir -p $out/{app,home/user,opt}
          ln -s ${python} $out/opt/python
        ''
      else
        pkgs.runCommand "image-root" { } ''
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
        ''
    ) ([ (anyone "/home/user") ] ++ lib.optionals (!onBase) (map anyone [ "/tmp" "/var/tmp" ]));

  layersOf =
    {
      native,
      parts,
      programs,
      python,
      # The layer of the root, which comes last.
      root,
    }:
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
        below: { title, paths }:
        below ++ lib.optional (paths != [ ]) (oci.closureLayer title paths below);
      wheels = python.wheels or [ ];
    in
    lib.foldl' add [ base ] (
      [
        {
          title = "native";
          paths = native;
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
      }) (lib.filter isLarge wheels)
      ++ [
        {
          title = "packages";
          paths = wheels;
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
    ++ [ root ];
}
