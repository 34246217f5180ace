# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# The interpreter of a shell: it finds the shell's libraries and the machine's driver, and loads what is to be preloaded.
{ lib, pkgs }:
shell:
let
  inherit (shell) cuda;

  # What a wheel may expect of any Linux by its platform tag, less the C library: Python brings its own.
  manylinux = lib.filter (library: lib.getName library != "glibc") (
    lib.optionals pkgs.stdenv.hostPlatform.isLinux (pkgs.pythonManylinuxPackages.manylinux2014 or [ ])
  );
in
pkgs.callPackage ./python-with-libraries.nix { } {
  inherit (shell) python preload;
  libraries = shell.native ++ lib.optionals (cuda != null) cuda.packages ++ manylinux;
  driver = (import ./driver.nix { inherit lib pkgs; } shell).library;
  modules = shell.splitOff shell.python.pkgs;
}
