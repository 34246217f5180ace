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
    wrap.compileLibrary { soname = if major == "11" then "libcudart.so.11.0" else "libcudart.so.${major}"; };

  install = script: package: package.overrideAttrs { installPhase = script; };
in
lib.genAttrs sets (
  name:
  prev.${name}.overrideScope (
    _: cuda:
    {
      cuda_cudart = install (runtime cuda.cudaVersion + stub) cuda.cuda_cudart;
      cudatoolkit = install (runtime cuda.cudaVersion + stub) cuda.cudatoolkit;
    }
    // lib.mapAttrs (
      _: cudnn: install (wrap.compileLibrary { soname = "libcudnn.so.${lib.versions.major cudnn.version}"; }) cudnn
    ) (lib.filterAttrs (attr: _: lib.hasPrefix "cudnn" attr) cuda)
  )
)
