# Makes packages without a stdenv, which itself is made of such packages.
{ host }:
let
  inherit (host.nixpkgs) lib;

  # `script` fills $out. Every output that a caller may ask for is that one.
  package =
    {
      pname,
      version ? "0",
      script,
      attrs ? { },
      passthru ? { },
    }:
    let
      drv = derivation (
        {
          name = "${pname}-${version}";
          inherit (host) system;
          builder = host.programOf "bash";
          args = [
            "-euc"
            # bash becomes the last command, and Nix kills a builder that closes its output before it ends.
            "${script}\n:"
          ];
          PATH = host.searchPath;
          preferLocalBuild = true;
        }
        // attrs
      );
      outputs = lib.genAttrs [
        "bin"
        "dev"
        "lib"
        "man"
        "static"
      ] (_: extended);
      extended = lib.extendDerivation true (
        outputs
        // {
          inherit pname version;
          meta = {
            mainProgram = pname;
            description = "${pname} of this machine, in place of nixpkgs'";
            license = lib.licenses.mit;
            platforms = lib.platforms.all;
          };
          override = _: extended;
          overrideAttrs = _: extended;
        }
        // passthru
        // {
          inherit passthru;
        }
      ) drv;
    in
    extended;

  # What the machine lacks says so when it runs: most shells hold programs that no test calls.
  linkPrograms =
    names:
    let
      split = lib.partition (name: host.programs ? ${name}) names;
      link = lib.optionalString (split.right != [ ]) ''
        ln -s ${lib.escapeShellArgs (map host.programOf split.right)} $out/bin/
      '';
      complain = name: ''
        cat > $out/bin/${name} <<'END'
        #!${host.programOf "bash"}
        echo "hostpkgs: this machine has no ${name}" >&2
        exit 127
        END
        chmod +x $out/bin/${name}
      '';
    in
    "mkdir -p $out/bin\n" + link + lib.concatMapStrings complain split.wrong;

  baseOf = soname: lib.head (lib.splitString ".so" soname);
  nameOf = soname: lib.replaceStrings [ "+" "-" ] [ "_" "_" ] (baseOf soname);

  linkLibraries =
    sonames:
    let
      link = soname: ''
        ln -s ${host.libraries.${soname}} $out/lib/${soname}
      '';
      own = soname: if host.libraries ? ${soname} then link soname else compileLibrary { inherit soname; };
      shortName = soname: ''
        ln -s ${soname} $out/lib/${baseOf soname}.so
      '';
    in
    "mkdir -p $out/lib\n" + lib.concatMapStrings (soname: own soname + shortName soname) sonames;

  # libx.so.1 gets a function libx_stand_in, so that a test can tell whether it was found.
  compileLibrary =
    {
      soname,
      folder ? "lib",
      file ? soname,
      source ? "int ${nameOf soname}_stand_in(void) { return 42; }",
    }:
    ''
      mkdir -p $out/${folder}
      PATH=${host.searchPath} ${host.programOf "gcc"} -shared -fPIC -Wl,-soname,${soname} \
        -o $out/${folder}/${file} -x c - <<'END'
      ${source}
      END
    '';
in
{
  inherit compileLibrary package;

  # From an entry of packages.json.
  software =
    pname: entry:
    package {
      inherit pname;
      script =
        lib.optionalString (entry ? programs) (linkPrograms entry.programs)
        + lib.optionalString (entry ? libraries) (linkLibraries entry.libraries);
    };
}
