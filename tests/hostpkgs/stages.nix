# One stage: nixpkgs' own stdenv (setup.sh, hooks, make-derivation.nix) around this machine's tools.
host:
{
  config,
  localSystem,
  overlays,
  ...
}:
let
  wrap = import ./wrap.nix { inherit host; };
  tools = import ./tools.nix { inherit host wrap; };
  generic = host.nixpkgs.pkgs + "/stdenv/generic";
  # Newer releases take the configuration first.
  makeStdenv =
    let
      made = import generic;
    in
    if builtins.isFunction made && builtins.functionArgs made ? defaultConfig then
      made { defaultConfig = config; }
    else
      made;

  stdenv = makeStdenv {
    name = "stdenv-linux";
    inherit config;
    buildPlatform = localSystem;
    hostPlatform = localSystem;
    targetPlatform = localSystem;
    cc = tools.gcc;
    shell = "${tools.bash}/bin/bash";
    initialPath = import (generic + "/common-path.nix") { pkgs = tools; };
    # Outputs hold links to files of the machine, which these would follow.
    preHook = "dontStrip=1 dontPatchELF=1 dontPatchShebangs=1 noBrokenSymlinks=1";
    # Evaluates like nixpkgs' own: a package that no test builds may come from source.
    fetchurlBoot =
      args:
      wrap.package {
        pname = "source";
        script = ''
          echo "hostpkgs: only packages of this machine can be built, not ${args.url or (builtins.head args.urls)}" >&2
          exit 1
        '';
      };
  };
in
[ (_: { inherit config overlays stdenv; }) ]
