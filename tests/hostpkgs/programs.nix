# What packages.json lists, the other names of the same, and what must be more than a link.
{ host, wrap }:
final: prev:
let
  inherit (host.nixpkgs) lib;
  tools = import ./tools.nix { inherit host wrap; };
in
tools
// {
  bashInteractive = final.bash;
  bashInteractiveFHS = final.bash;
  runtimeShellPackage = final.bash;
  runtimeShell = "${final.bash}/bin/bash";
  coreutils-full = final.coreutils;
  curlMinimal = final.curl;
  gitMinimal = final.git;
  ffmpeg_6 = final.ffmpeg;
  ffmpeg_7 = final.ffmpeg;
  ffmpeg-full = final.ffmpeg;
  ffmpeg-headless = final.ffmpeg;
  shellcheck-minimal = final.shellcheck;
  perl = tools.perl // {
    interpreter = "${tools.perl}/bin/perl";
    libPrefix = "lib/perl5/site_perl";
  };
  # writeShellApplication asks whether it can be had.
  shellcheck = tools.shellcheck // {
    compiler.bootstrapAvailable = host.programs ? shellcheck;
  };
  binutils-unwrapped = final.binutils;
  bintools = final.stdenv.cc.bintools;
  gccStdenv = final.stdenv;
  libgcc = final.gccLibraries;

  # Written by a Python program with packages, of which none is built here; JSON is YAML.
  formats = prev.formats // {
    yaml = prev.formats.json;
    yaml_1_1 = prev.formats.json;
    yaml_1_2 = prev.formats.json;
  };

  # Fewer than nixpkgs' list, which has those of X11 and GLib too.
  pythonManylinuxPackages =
    lib.genAttrs
      [
        "manylinux1"
        "manylinux2010"
        "manylinux2014"
      ]
      (_: [
        final.glibc
        final.gccLibraries
        final.zlib
      ]);

  # Of sources there are none: fail at once instead of asking the network four times.
  fetchurl =
    args:
    (prev.fetchurl args).overrideAttrs {
      builder = builtins.toFile "no-source.sh" ''
        [ ! -e .attrs.sh ] || source .attrs.sh
        echo "hostpkgs: only packages of this machine can be built, not ''${urls[0]}" >&2
        exit 1
      '';
    };

  # pyproject.nix looks with it for paths of the store in wheels that it has built: it finds none.
  ugrep = final.writeShellScriptBin "ugrep" "exit 1";

  # symlinkJoin's: links what is not there yet, folder by folder.
  lndir = final.writeShellScriptBin "lndir" ''
    from=''${@: -2:1} to=''${@: -1}
    cd "$from" || exit
    find . -mindepth 1 -type d -exec mkdir -p "$to/{}" \;
    find . ! -type d -print0 | while IFS= read -r -d "" path; do
      [ -e "$to/$path" ] || ln -s "$from/''${path#./}" "$to/$path"
    done
  '';

  # C.UTF-8 is part of the machine's libc.
  glibcLocales = wrap.package {
    pname = "glibc-locales";
    script = "mkdir -p $out/lib/locale";
  };
  glibcLocalesUtf8 = final.glibcLocales;

  cacert = wrap.package {
    pname = "cacert";
    script = ''
      mkdir -p $out/etc/ssl/certs
      ln -s ${host.certificates} $out/etc/ssl/certs/ca-bundle.crt
    '';
  };

  tzdata = wrap.package {
    pname = "tzdata";
    script = ''
      mkdir -p $out/share
      ln -s /usr/share/zoneinfo $out/share/zoneinfo
    '';
  };

  process-compose = wrap.package {
    pname = "process-compose";
    script = ''
      mkdir -p $out/bin
      {
        echo "#!${host.toolPython} -I"
        cat ${./process_compose.py}
      } > $out/bin/process-compose
      chmod +x $out/bin/process-compose
    '';
  };
}
