# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# The Python of a shell with a .venv, made by Nix from the same lock, for images and `nix run`: each wheel is fetched by its
# hash and unpacked on its own, so that an image moves only those that changed, and one folder of links joins them. The
# shell's own interpreter starts them, which finds their libraries: nothing is patched.
{ lib, pkgs }:
{
  name,
  # As of the shell: it finds the libraries that wheels expect.
  interpreter,
  # What locked-packages.nix gives, and what its packages were read from.
  packages,
  folder,
  file,
}:
let
  python = interpreter.withoutLibraries or interpreter;

  # What Nix allows in the name of a store path; the + of a local version is.
  storeName = lib.replaceStrings [ "!" "%2B" "%2b" ] [ "-" "+" "+" ];

  fetch =
    package:
    let
      inherit (package) wheel;
    in
    if wheel.path != null then
      builtins.path {
        path = folder + "/${wheel.path}";
        name = storeName wheel.name;
      }
    else
      pkgs.stdenvNoCC.mkDerivation {
        name = storeName wheel.name;
        outputHashMode = "flat";
        outputHashAlgo = "sha256";
        outputHash = lib.removePrefix "sha256:" wheel.hash;
        impureEnvVars = lib.fetchers.proxyImpureEnvVars;
        preferLocalBuild = true;
        url = if wheel.url == null then "" else wheel.url;
        # None named: the index that pip itself goes to.
        index = package.place;
        pip = if package.place == "" && wheel.url == null then "${pip}" else "";
        project = package.name;
        file = wheel.name;
        sha256 = lib.removePrefix "sha256:" wheel.hash;
        SSL_CERT_FILE = "${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt";
        buildCommand = "${python}/bin/${python.executable} -I ${./fetch-wheel.py}";
      };

  # The pip that every CPython brings as a wheel; compiled, since it is started for each package.
  pip =
    pkgs.runCommand "pip-of-${python.executable}" { } ''
      bundled=$(find -L ${python}/lib /usr/share/python-wheels -name 'pip-*.whl' 2>/dev/null | head -n 1)
      ${python}/bin/${python.executable} -I -m zipfile -e "$bundled" $out
      ${python}/bin/${python.executable} -I -m compileall -q --invalidation-mode unchecked-hash $out
    '';

  unpack =
    package:
    pkgs.stdenvNoCC.mkDerivation {
      pname = package.name;
      inherit (package) version;
      inherit pip;
      file = package.wheel.name;
      buildCommand = ''
        mkdir $out
        ${python}/bin/${python.executable} -I ${./install-wheel.py} ${fetch package}
      '';
      passthru = { inherit (package.wheel) size; };
    };

  wheels = map unpack packages.wheels;

  line = package: "  ${package.name} ${package.version} ${package.reason}";
  complaint = ''
    pyenvspec: ${file} does not name a wheel for every package, and Nix builds no Python package from source here:
    ${lib.concatMapStringsSep "\n" line packages.missing}
    What helps: a version that has a wheel; `python.packages` where nixpkgs has the package; `python.manager: uv2nix` or
    `poetry2nix`, which build from source; or `pyenvspec container build`, which installs in a container instead.
  '';

  environment =
    pkgs.runCommand name
      {
        passthru = {
          inherit wheels;
          inherit (packages) missing;
          packages = packages // {
            inherit file;
          };
          inherit (python) version;
          interpreter = "${environment}/bin/python";
          sitePackages = "lib/${python.executable}/site-packages";
        };
        meta.mainProgram = "python";
      }
      (
        if packages.missing != [ ] then
          ''
            cat >&2 ${pkgs.writeText "missing-wheels" complaint}
            exit 1
          ''
        else
          "${python}/bin/${python.executable} -I ${./link-packages.py} ${interpreter}/bin/${python.executable} $out ${lib.concatStringsSep " " wheels}"
      );
in
environment
