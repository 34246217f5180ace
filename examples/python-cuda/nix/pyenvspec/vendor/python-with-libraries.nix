# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# A Python that finds the given libraries, and shares them with no other program: no variable is set, see docs/libraries.md.
#
#   pythonWithLibraries = pkgs.callPackage ./python-with-libraries.nix { };
#   pythonWithLibraries { python = pkgs.python311; libraries = [ pkgs.libsndfile ]; }
{
  lib,
  stdenv,
  runCommand,
  patchelf,
  zlib,
}:
{
  # A plain CPython: not the result of withPackages.
  python,
  # Derivations, or store paths that have a lib folder. The first that has a file name wins; wheels' own libraries win over all.
  libraries ? [ ],
  # A library that is loaded first and looks for the NVIDIA driver, or null.
  driver ? null,
  # Paths of libraries that are loaded before Python starts.
  preload ? [ ],
  # Packages of the standard library that nixpkgs keeps apart from CPython, such as tkinter.
  modules ? [ ],
}:
let
  # Every wheel may count on these, by its platform tag.
  visible = libraries ++ [
    stdenv.cc.cc.lib
    zlib
  ];
  folders = map (library: "${lib.getLib library}/lib") visible;

  needed = lib.optional (driver != null) "${driver}" ++ preload;
  options =
    lib.concatMap (library: [
      "--needed"
      library
    ]) needed
    ++ lib.concatMap (package: [
      "--module"
      "${package}/${python.sitePackages}"
    ]) modules;

  # The name is part of a path that replaces glibc's etc/ld.so.cache in ld.so, and so must stay short.
  wrapped =
    runCommand "${python.executable}-libs"
      {
        nativeBuildInputs = [ patchelf ];
        passthru = (python.passthru or { }) // {
          inherit (python) executable version;
          interpreter = "${wrapped}/bin/${python.executable}";
          withoutLibraries = python;
        };
        meta = builtins.removeAttrs (python.meta or { }) [ "outputsToInstall" ] // {
          mainProgram = python.executable;
        };
      }
      ''
        ${python.interpreter} -I -B ${./python-with-libraries.py} --python ${python} --executable ${python.executable} \
          --out $out ${lib.escapeShellArgs (options ++ folders)}
        # Shows here, not in the user's shell, when a glibc cannot be redirected.
        $out/bin/${python.executable} -I -S -c 'import ctypes; ctypes.CDLL("libstdc++.so.6")'
      '';

  # Elsewhere libraries are found by their install names, and there is no ld.so to redirect.
  isRedirectable =
    stdenv.hostPlatform.libc == "glibc"
    && (stdenv.hostPlatform.isx86_64 || stdenv.hostPlatform.isAarch64);
in
if isRedirectable then wrapped else python
