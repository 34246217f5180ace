# Pythons of this machine, each under a prefix of its own as nixpkgs' are, with an empty site-packages.
{ host, wrap }:
final: prev:
let
  inherit (host.nixpkgs) lib;
  interpreters = host.nixpkgs.pkgs + "/development/interpreters/python";
  minors = map toString (lib.range 10 15);
  attrOf = minor: "python3${minor}";

  # A minor version that this release does not have, or no more, has the interface of one that it has.
  isThere = minor: (builtins.tryEval (prev ? ${attrOf minor} && prev.${attrOf minor} ? override)).value;
  likeAny = prev.${attrOf (lib.findFirst isThere (throw "nixpkgs has no Python 3") minors)};

  python =
    minor: found:
    let
      executable = "python3.${minor}";
      sitePackages = "lib/${executable}/site-packages";
      patch = lib.versions.patch found.version;
    in
    wrap.package {
      pname = "python3";
      inherit (found) version;
      script = ''
        mkdir -p $out/bin $out/include $out/${sitePackages} $out/nix-support

        cp ${found.executable} $out/bin/${executable}
        chmod u+w $out/bin/${executable}
        ${host.programOf "patchelf"} --set-interpreter ${final.stdenv.cc.bintools.dynamicLinker} \
          $out/bin/${executable}
        ln -s ${executable} $out/bin/python3
        ln -s ${executable} $out/bin/python

        ln -s ${found.include} $out/include/${executable}
        for path in ${found.stdlib}/*; do
          case ''${path##*/} in
            site-packages | dist-packages) ;;
            *) ln -s "$path" $out/lib/${executable}/ ;;
          esac
        done
        shopt -s nullglob
        for path in ${found.prefix}/lib/libpython*; do
          ln -s "$path" $out/lib/
        done

        # withPackages' wrapper hands over its packages through this.
        cp ${interpreters}/sitecustomize.py $out/${sitePackages}/
        # As in nixpkgs: root's Python would write it later, and the store would no longer be what Nix knows.
        $out/bin/${executable} -I -m compileall -q --invalidation-mode unchecked-hash $out/${sitePackages}
        hook=$(< ${interpreters}/setup-hook.sh)
        echo "''${hook//@sitePackages@/${sitePackages}}" > $out/nix-support/setup-hook
      '';
      attrs = {
        inherit (found) stamp;
      };
      passthru =
        ((if isThere minor then prev.${attrOf minor} else likeAny).override {
          self = final.${attrOf minor};
          sourceVersion = {
            major = "3";
            inherit minor patch;
            suffix = lib.removePrefix "3.${minor}.${patch}" found.version;
          };
        }).passthru
        // {
          inherit (final) stdenv;
        };
    };

  missing =
    minor:
    let
      there = lib.concatStringsSep ", " (lib.attrNames host.pythons);
    in
    throw "hostpkgs: this machine has no Python 3.${minor}, only ${there}";

  ofMinor =
    minor:
    let
      key = "3.${minor}";
    in
    if host.pythons ? ${key} then python minor host.pythons.${key} else missing minor;
in
lib.listToAttrs (
  lib.concatMap (minor: [
    (lib.nameValuePair (attrOf minor) (ofMinor minor))
    (lib.nameValuePair "${attrOf minor}Packages" final.${attrOf minor}.pkgs)
  ]) minors
)
// {
  python3 = final.${lib.replaceStrings [ "." ] [ "" ] "python${host.defaultPython}"};
  python = final.python3;
  python3Packages = final.python3.pkgs;
}
