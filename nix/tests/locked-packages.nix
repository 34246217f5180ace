# Tests of ../modules/locked-packages.nix, over the locks in ./project.
{
  lib ? import ../../tests/nix/lib.nix,
}:
let
  read =
    kind: file: python:
    import ../modules/locked-packages.nix {
      inherit lib;
      python.version = python;
      reader = ../modules + "/lock-${kind}.nix";
      pkgs.stdenv = {
        cc.libc.version = "2.40";
        hostPlatform = {
          isAarch64 = false;
          isDarwin = false;
          libc = "glibc";
          parsed.cpu.name = "x86_64";
          system = "x86_64-linux";
        };
      };
    } { folder = ./project/sub; inherit file; };
  namesOf = map (package: package.name);
in
{
  "test that each package has its wheel, or a reason why none" = {
    expr =
      let
        found = read "uv" "uv.lock" "3.11.9";
      in
      {
        wheels = map (package: package.wheel.name) found.wheels;
        missing = lib.listToAttrs (map (package: lib.nameValuePair package.name package.reason) found.missing);
        local = namesOf found.local;
      };
    expected = {
      wheels = [ "plain-1-py3-none-any.whl" ];
      missing = {
        built = "has no wheel in uv.lock, only its source";
        elsewhere = "has no wheel in uv.lock for Python 3.11 on x86_64-linux";
        repository = "is taken from a repository, and so must be built";
        unsigned = "has no sha256 in uv.lock";
      };
      local = [ "demo" ];
    };
  };
  "test that dates of a pylock.toml are passed over, and a file of the project needs no hash" = {
    expr = namesOf (read "pylock" "pylock.toml" "3.11.9").wheels;
    expected = [ "dated" "here" ];
  };
}
