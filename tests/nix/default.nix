# STAND-IN for nixpkgs, for tests that run where no flake input is at hand: `import nixpkgs { system, config, overlays, … }`.
# Its packages are names, those in PYENVSPEC_NAMES, as JSON. What the builders are given can be read: `text` of a package is its script, `args` the rest.
{
  system ? "x86_64-linux",
  config ? { },
  overlays ? [ ],
  names ? builtins.fromJSON (builtins.getEnv "PYENVSPEC_NAMES"),
  ...
}:
let
  lib = import ./lib.nix;

  package =
    name: attributes:
    let
      version = attributes.version or "0";
      content = builtins.hashString "sha256" (name + (attributes.text or ""));
      outputs = lib.genAttrs [ "bin" "dev" "lib" "out" ] (
        output: self // { outPath = self.outPath + lib.optionalString (output != "out") "-${output}"; }
      );
      self = {
        type = "derivation";
        inherit name version;
        pname = name;
        # Whoever reads the answer finds in it what each package that was used is made of.
        outPath = builtins.trace "PACKAGE ${
          builtins.toJSON {
            inherit name;
            text = attributes.text or "";
          }
        }" "/store/${builtins.substring 0 8 content}-${name}";
        drvPath = "/store/${name}.drv";
        meta.mainProgram = name;
        passthru = attributes.passthru or { };
        override = _: self;
        overrideAttrs =
          change:
          let
            old = { nativeBuildInputs = [ ]; buildInputs = [ ]; } // attributes;
          in
          package name (old // (if lib.isFunction change then change old else change));
      }
      // outputs
      // (attributes.passthru or { })
      // attributes;
    in
    self;

  python =
    minor:
    let
      executable = "python3.${minor}";
      self = package "python3" {
        version = "3.${minor}.1";
        text = executable;
        inherit executable;
        interpreter = "${self}/bin/${executable}";
        pythonVersion = "3.${minor}";
        sitePackages = "lib/${executable}/site-packages";
        meta.mainProgram = executable;
        pkgs = pythonPackages self;
        withPackages = choose: package "python-env" { text = toString (choose self.pkgs); };
      };
    in
    self;
  pythonPackages =
    python:
    let
      recipe =
        name: attributes:
        package "python-${name}" attributes
        // {
          pythonModule = python;
          override = _: recipe name attributes;
          overridePythonAttrs =
            change: recipe name (attributes // (if lib.isFunction change then change attributes else change));
        };
    in
    lib.genAttrs names (name: recipe name { src = "nixpkgs"; })
    // {
      requiredPythonModules = packages: packages;
      toPythonModule = package: package;
    };

  scripts = {
    writeText = name: text: package name { inherit text; };
    writeTextDir = name: text: package (baseNameOf name) { inherit text; };
    writeShellScript = name: text: package name { inherit text; };
    writeShellScriptBin = name: text: package name { inherit text; };
    runCommand =
      name: args: text:
      package name (
        args
        // {
          inherit args;
          text = text + lib.concatStrings (lib.filter lib.isString (lib.attrValues args));
        }
      );
    runCommandCC = scripts.runCommand;
    runCommandLocal = scripts.runCommand;
    symlinkJoin = args: package args.name { inherit args; text = toString args.paths; };
    buildEnv = args: package args.name { inherit args; text = toString args.paths; };
    mkShell = args: package args.name { inherit args; text = args.shellHook or ""; };
    mkShellNoCC = scripts.mkShell;
  };

  systemOf = {
    inherit system;
    isLinux = lib.hasSuffix "-linux" system;
    isDarwin = lib.hasSuffix "-darwin" system;
    isx86_64 = lib.hasPrefix "x86_64" system;
    isAarch64 = lib.hasPrefix "aarch64" system;
    libc = if lib.hasSuffix "-linux" system then "glibc" else "libSystem";
  };

  cudaSet =
    name:
    lib.genAttrs names (part: package "${name}-${part}" { })
    // {
      backendStdenv.cc = package "${name}-gcc" { };
    };

  plain = lib.genAttrs (
    names
    ++ [
      "bash"
      "bashInteractive"
      "cacert"
      "coreutils"
      "gnugrep"
      "patchelf"
      "poetry"
      "process-compose"
      "uv"
      "zlib"
      "libgcc"
    ]
  ) (name: package name { });

  all =
    plain
    // lib.genAttrs (builtins.filter (lib.hasPrefix "cudaPackages") names) cudaSet
    // lib.listToAttrs (
      map (minor: lib.nameValuePair "python3${toString minor}" (python (toString minor))) (lib.range 8 15)
    )
    // scripts
    // {
      inherit config lib system;
      fetchPypiLegacy = arguments: package arguments.file { };
      libsndfile = package "libsndfile" { };
      hello = package "hello" { };
      python3 = python "13";
      runtimeShell = "${plain.bash}/bin/bash";
      pythonManylinuxPackages.manylinux2014 = [ (package "manylinux" { }) ];
      callPackages = pkgs.callPackage;
      callPackage =
        called: more:
        let
          f = if lib.isFunction called then called else import called;
        in
        f (builtins.intersectAttrs (builtins.functionArgs f) pkgs // more);
      stdenv = {
        hostPlatform = systemOf;
        targetPlatform = systemOf;
        cc = {
          cc = package "gcc" { };
          libc = package "glibc" { };
          bintools = package "binutils" { };
        };
        override = _: pkgs.stdenv;
      };
      dockerTools.usrBinEnv = package "usr-bin-env" { };
    };

  pkgs = lib.fix (final: lib.foldl' (prev: overlay: prev // overlay final prev) all overlays);
in
pkgs
