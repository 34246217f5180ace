# The packages that stdenv itself is made of, and all others that are made like them.
{ host, wrap }:
let
  inherit (host.nixpkgs) lib;
  software = lib.mapAttrs wrap.software (lib.importJSON ./packages.json);
  inherit (software) binutils gccLibraries;

  bash = wrap.package {
    pname = "bash";
    version = "5.2";
    script = ''
      mkdir -p $out/bin
      ln -s ${host.programOf "bash"} $out/bin/bash
      ln -s bash $out/bin/sh
    '';
    passthru.shellPath = "/bin/bash";
  };

  # Its ld.so reads a cache of its own that is not there, and no longer the machine's.
  glibc = wrap.package {
    pname = "glibc";
    version = host.glibc.version;
    script = ''
      mkdir -p $out/lib
      for path in ${lib.escapeShellArgs host.glibc.libraries}; do
        ln -s "$path" $out/lib/
      done
      ${host.toolPython} -I ${./retarget_loader.py} ${host.glibc.loader} \
        $out/lib/${baseNameOf host.glibc.loader} $out/etc/ld.so.cache
    '';
    # The copied ld.so only fits the libc of the same build.
    attrs.stamp = host.glibc.stamp;
  };

  compilers = {
    gcc = "gcc";
    cc = "gcc";
    "g++" = "g++";
    "c++" = "g++";
    cpp = "cpp";
  };
  wrapCompiler = name: program: ''
    cat > $out/bin/${name} <<'END'
    #!${host.programOf "bash"}
    PATH=$PATH:${binutils}/bin exec ${host.programOf program} "$@"
    END
    chmod +x $out/bin/${name}
  '';

  # The machine's compiler knows its own headers and libc; it looks for the assembler on PATH.
  gcc = wrap.package {
    pname = "gcc";
    script = ''
      mkdir -p $out/bin $out/nix-support
      ${lib.concatStrings (lib.mapAttrsToList wrapCompiler compilers)}
      ln -s ${binutils}/bin/* $out/bin/
      echo 'export CC=gcc CXX=g++' > $out/nix-support/setup-hook
    '';
    passthru = {
      cc = gcc // {
        lib = gccLibraries;
        libgcc = gccLibraries;
      };
      libc = glibc;
      bintools = binutils // {
        bintools = binutils;
        targetPrefix = "";
        isGNU = true;
        isLLVM = false;
        libc = glibc;
        # Only there does the copy differ from the machine's.
        dynamicLinker =
          if host.system == "x86_64-linux" then
            "${glibc}/lib/${baseNameOf host.glibc.loader}"
          else
            host.glibc.loader;
      };
      isGNU = true;
      isClang = false;
      targetPrefix = "";
      langC = true;
      langCC = true;
    };
  };
in
software
// {
  inherit
    bash
    gcc
    glibc
    ;
  bashNonInteractive = bash;
}
