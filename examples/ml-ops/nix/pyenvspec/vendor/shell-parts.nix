# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# A shell as its options say, turned into what both renderings need: packages, environment, and the code of entering it.
{
  lib,
  pkgs,
  # For an image: how much of CUDA is in it.
  image ? null,
  # The flake's own source; a shell that is entered needs it.
  project ? null,
}:
shell:
let
  inherit (shell) cuda;
  inherit (import ./exports.nix { inherit lib; }) exportAll;

  inContainer = image != null;
  cudaPackages = lib.optionals (cuda != null && (!inContainer || image.cuda != "none")) cuda.packages;
  hasToolkit = cuda != null && (!inContainer || image.cuda == "toolkit");

  # nixpkgs' own packages know their libraries; wheels must find them.
  pythonEnv = shell.pythonEnv or null;
  fromLock = shell.fromLock or null;
  # An image goes to machines whose driver nobody knows, whether or not it brings a toolkit.
  interpreter =
    if inContainer then
      import ./interpreter.nix { inherit lib pkgs; } (shell // { cuda.packages = cudaRuntime; })
    else
      shell.interpreter;
  python =
    if pythonEnv != null then
      if inContainer then pythonEnv.runtime else pythonEnv.development
    else if inContainer && fromLock != null then
      fromLock interpreter
    else
      interpreter;

  # Just the libraries: what they were linked with and the compiler stay out.
  cudaRuntime = lib.optionals (cudaPackages != [ ]) [
    (pkgs.runCommand "cuda-runtime" { } ''
      mkdir -p $out/lib
      for folder in ${lib.concatMapStringsSep " " (package: "${lib.getLib package}/lib") cudaPackages}; do
        for library in "$folder"/lib*.so*; do
          [ ! -e "$library" ] || ln -sf "$(readlink -f "$library")" "$out/lib/$(basename "$library")"
        done
      done
    '')
  ];

  # One folder as NVIDIA's installer lays it out: tools look for lib64 below CUDA_HOME.
  cudaHome = pkgs.symlinkJoin {
    name = "cuda-home";
    paths = lib.concatMap (package: [
      package
      (lib.getLib package)
      (lib.getDev package)
    ]) cudaPackages;
    postBuild = "[ -e $out/lib64 ] || ln -s lib $out/lib64";
  };

  scripts = lib.mapAttrsToList pkgs.writeShellScriptBin shell.scripts;

  # Where the project lies in an image.
  home = "/app";
  inHome = lib.replaceStrings [ "/{pyenvspec-project}" ] [ home ];

  env =
    lib.optionalAttrs hasToolkit {
      CUDA_HOME = "${cudaHome}";
      CUDA_PATH = "${cudaHome}";
      # nvcc, torch and CMake refuse a compiler newer than their CUDA knows, and nixpkgs' own often is.
      CC = "${cuda.compiler}/bin/cc";
      CXX = "${cuda.compiler}/bin/c++";
      CUDAHOSTCXX = "${cuda.compiler}/bin/c++";
      NVCC_PREPEND_FLAGS = "-ccbin ${cuda.compiler}/bin/c++";
    }
    // lib.optionalAttrs (hasToolkit && cuda.capabilities != [ ]) {
      TORCH_CUDA_ARCH_LIST = lib.concatStringsSep ";" cuda.capabilities;
    }
    // lib.optionalAttrs (pythonEnv != null && !inContainer) pythonEnv.env
    // (if inContainer then { PYENVSPEC_ROOT = home; } // lib.mapAttrs (_: inHome) shell.env else shell.env);

  # By its content: a path into the project would make all its files part of a shell.
  module = pkgs.writeText "default.nix" (builtins.readFile (project + "/nix/pyenvspec/default.nix"));

  driver = import ./driver.nix { inherit lib pkgs; } shell;
in
{
  inherit
    env
    interpreter
    python
    scripts
    cudaRuntime
    ;
  cudaTools = lib.optionals hasToolkit (cudaPackages ++ [ cudaHome ]);

  # Scripts first: one may have the name of a program.
  packages =
    scripts
    ++ [
      python
      driver.command
    ]
    ++ shell.tools
    ++ shell.native
    ++ cudaPackages;

  # Run first, before anything that needs the project's folder.
  findProject = ''
    PYENVSPEC_MODULE=${module}
    source ${./enter.sh}
    unset PYENVSPEC_MODULE
  '';

  # Run last. Variables are set here, not by the derivation: Nix's setup hooks add to some, and LD_PRELOAD stays out of builds.
  enter = lib.concatStrings [
    (exportAll env)
    shell.entering
    "unset PYENVSPEC_ELSEWHERE\n"
    (lib.optionalString (shell.onEnter != "") "source ${pkgs.writeText "on-enter" shell.onEnter}\n")
  ];
}
