# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# A Python that finds the given libraries, and shares them with no other program: no variable is set, see docs/libraries.md.
#
#   pythonWithLibraries = pkgs.callPackage ./python-with-libraries.nix { };
#   pythonWithLibraries { python = pkgs.python311; libraries = [ pkgs.libsndfile ]; driver = true; }
{
  lib,
  stdenv,
  runCommand,
  runCommandCC,
  patchelf,
  zlib,
}:
{
  # A plain CPython: not the result of withPackages.
  python,
  # Derivations, or store paths that have a lib folder. The first that has a file name wins; wheels' own libraries win over all.
  libraries ? [ ],
  # Whether to look for the NVIDIA driver at run time.
  driver ? false,
}:
let
  # Every wheel may count on these, by its platform tag.
  visible = libraries ++ [
    stdenv.cc.cc.lib
    zlib
  ];
  folders = map (library: "${lib.getLib library}/lib") visible;

  driverPath = runCommandCC "driver-path.so" { } ''
    $CC -O2 -Wall -shared -fPIC ${./driver-path.c} -o $out
  '';

  # The name is part of a path that replaces glibc's etc/ld.so.cache in ld.so, and so must stay short.
  wrapped =
    runCommand "${python.executable}-libs"
      {
        nativeBuildInputs = [ patchelf ];
        passthru = (python.passthru or { }) // {
          inherit (python) version;
          interpreter = "${wrapped}/bin/${python.executable}";
          withoutLibraries = python;
        };
        meta = builtins.removeAttrs (python.meta or { }) [ "outputsToInstall" ] // {
          mainProgram = python.executable;
        };
      }
      ''
        ${python.interpreter} -I -B ${./python-with-libraries.py} --python ${python} --executable ${python.executable} \
          --out $out ${lib.optionalString driver "--needed ${driverPath}"} ${lib.escapeShellArgs folders}
        # Shows here, not in the user's shell, when a glibc cannot be redirected.
        $out/bin/${python.executable} -I -S -c 'import ctypes; ctypes.CDLL("libstdc++.so.6")'
      '';

  # Elsewhere libraries are found by their install names, and there is no ld.so to redirect.
  isRedirectable =
    stdenv.hostPlatform.libc == "glibc"
    && (stdenv.hostPlatform.isx86_64 || stdenv.hostPlatform.isAarch64);
in
if isRedirectable then wrapped else python
