# CUDA's libraries as stand-ins, with the stub of the driver that a real toolkit has.
{ host, wrap }:
final: prev:
let
  inherit (host.nixpkgs) lib;
  sets = lib.filter (name: builtins.match "cudaPackages_[0-9]+_[0-9]+" name != null) (
    lib.attrNames prev
  );

  # As NVIDIA's: answers every call with CUDA_ERROR_STUB_LIBRARY.
  stub = wrap.compileLibrary {
    soname = "libcuda.so.1";
    folder = "lib/stubs";
    file = "libcuda.so";
    source = "int cuInit(unsigned flags) { return 34; }";
  };

  runtime =
    version:
    let
      major = lib.versions.major version;
    in
    wrap.compileLibrary {
      soname = "libcudart.so.${if major == "11" then "11.0" else major}";
    };

  cudnnLibrary =
    version: wrap.compileLibrary { soname = "libcudnn.so.${lib.versions.major version}"; };

  # Unfree, as the real ones: nixpkgs asks before it evaluates them.
  install =
    pname: version: script:
    final.stdenvNoCC.mkDerivation {
      inherit pname version;
      buildCommand = script;
      meta.license = lib.licenses.nvidiaCuda or lib.licenses.unfree;
    };

  addLibraries =
    _: cuda:
    let
      version = cuda.cudaMajorMinorVersion or (lib.versions.majorMinor cuda.cudaVersion);
    in
    {
      cuda_cudart = install "cuda_cudart" version (runtime version + stub);
      cudatoolkit = install "cudatoolkit" version (runtime version + stub);
      # No compiler of another version is on this machine.
      backendStdenv = cuda.backendStdenv // {
        inherit (final.stdenv) cc;
      };
    }
    // lib.mapAttrs (name: cudnn: install name cudnn.version (cudnnLibrary cudnn.version)) (
      lib.filterAttrs (name: _: lib.hasPrefix "cudnn" name) cuda
    );
in
lib.genAttrs sets (name: prev.${name}.overrideScope addLibraries)
