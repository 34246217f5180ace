# CUDA's libraries as stand-ins, with the stub of the driver that a real toolkit has.
{ host, wrap }:
_: prev:
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

  install = script: package: package.overrideAttrs { installPhase = script; };

  addLibraries =
    _: cuda:
    {
      cuda_cudart = install (runtime cuda.cudaVersion + stub) cuda.cuda_cudart;
      cudatoolkit = install (runtime cuda.cudaVersion + stub) cuda.cudatoolkit;
    }
    // lib.mapAttrs (_: cudnn: install (cudnnLibrary cudnn.version) cudnn) (
      lib.filterAttrs (name: _: lib.hasPrefix "cudnn" name) cuda
    );
in
lib.genAttrs sets (name: prev.${name}.overrideScope addLibraries)
