# What the tests of facts ask a nixpkgs for: `names` are dotted paths, `sets` packages of CUDA by their attribute.
{
  path,
  cut,
  names ? [ ],
  pythons ? [ ],
  sets ? [ ],
  legacy ? null,
}:
let
  pkgs = import path {
    system = "x86_64-linux";
    overlays = [ (import cut) ] ++ (if legacy == null then [ ] else [ (import (legacy + "/overlays")) ]);
    config = {
      allowUnfree = true;
      allowBroken = true;
      allowUnsupportedSystem = true;
      allowInsecurePredicate = _: true;
    };
  };
  inherit (pkgs) lib;
  orNull =
    value:
    let
      tried = builtins.tryEval (builtins.deepSeq value value);
    in
    if tried.success then tried.value else null;
  # As a build takes it: what is not there, or throws, is not had.
  at = name: lib.attrByPath (lib.splitString "." name) null pkgs;
  has = name: orNull (builtins.seq (at name) (at name != null)) == true;
  ofSet =
    name:
    let
      set = pkgs.${name};
      isPackage = one: orNull (set.${one}.type or "" == "derivation") == true;
    in
    orNull {
      version = set.cudaMajorMinorVersion or set.cudaVersion;
      # What every shell with this CUDA has: the runtime, and the compiler that it accepts.
      evaluates =
        builtins.isString (set.cuda_cudart or set.cudatoolkit).drvPath
        && builtins.isString set.backendStdenv.cc.drvPath;
      cudnn = if isPackage "cudnn" then set.cudnn.version else null;
      packages = builtins.filter isPackage (builtins.attrNames set);
    };
in
{
  names = lib.genAttrs names has;
  pythons = lib.genAttrs pythons (
    name: if has name then orNull (builtins.seq pkgs.${name}.drvPath pkgs.${name}.version) else null
  );
  sets = lib.genAttrs sets (name: if has name then ofSet name else null);
  python3 = pkgs.python3.pythonVersion;
  cuda = pkgs.cudaPackages.cudaMajorMinorVersion or pkgs.cudaPackages.cudaVersion;
  glibc = pkgs.glibc.version;
  gcc = pkgs.stdenv.cc.cc.version;
  tkinter = orNull pkgs.python3.pkgs.tkinter.pname;
  manylinux = pkgs ? pythonManylinuxPackages;
  capabilities = orNull (
    lib.mapAttrs (_: row: {
      inherit (row) minCudaMajorMinorVersion maxCudaMajorMinorVersion isJetson;
    }) pkgs._cuda.db.cudaCapabilityToInfo
  );
}
