# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# A shell as its options say, turned into what both renderings need: packages, environment, and the code of entering it.
{
  lib,
  pkgs,
  # For an image: how much of CUDA is in it, and the project's source, whose lock says which packages are.
  image ? null,
  # The module that describes the shell, nix/pyenvspec/default.nix; a shell that is entered needs it.
  module ? null,
}:
shell:
let
  inherit (shell) venv cuda;

  inContainer = image != null;
  cudaPackages = lib.optionals (cuda != null && (!inContainer || image.cuda != "none")) cuda.packages;
  hasToolkit = cuda != null && (!inContainer || image.cuda == "toolkit");

  # nixpkgs' own packages know their libraries; wheels must find them.
  pythonEnv = shell.pythonEnv or null;
  # An image goes to machines whose driver nobody knows, whether or not it brings a toolkit.
  interpreter = import ./interpreter.nix { inherit lib pkgs; } (
    if inContainer then
      shell
      // {
        cuda.packages = cudaRuntime;
      }
    else
      shell
  );
  locked = import ./venv-packages.nix { inherit lib pkgs; } { inherit shell interpreter; inherit (image) project; };
  python =
    if pythonEnv != null then
      if inContainer then pythonEnv.runtime else pythonEnv.development
    else if inContainer && locked != null then
      locked
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

  managers = {
    poetry = pkgs.poetry;
    uv = pkgs.uv;
    pip = null;
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

  # The project's folder is known when this runs.
  quote =
    value:
    lib.replaceStrings [ "/{pyenvspec-project}" ] [ "'\"$PYENVSPEC_ROOT\"'" ] (
      "'" + lib.replaceStrings [ "'" ] [ "'\\''" ] value + "'"
    );
  exportAll =
    variables:
    lib.concatStrings (lib.mapAttrsToList (name: value: "export ${name}=${quote value}\n") variables);

  # What venv.sh takes away, as other environments leave it behind; from env.yaml it is meant.
  cleared = lib.filterAttrs (
    name: _:
    lib.elem name [
      "PYTHONHOME"
      "PYTHONPATH"
      "SOURCE_DATE_EPOCH"
      "UV_PYTHON"
    ]
  ) shell.env;

  lines = lib.concatStringsSep "\n";

  enterVenv = ''
    PYENVSPEC_PYTHON=${lib.escapeShellArg python.interpreter}
    PYENVSPEC_MANAGER=${venv.manager}
    PYENVSPEC_VENV=${lib.escapeShellArg venv.folder}
    PYENVSPEC_PROJECT=${lib.escapeShellArg venv.project}
    PYENVSPEC_REQUIREMENTS=${
      lib.escapeShellArg (if venv.requirements == null then "" else venv.requirements)
    }
    PYENVSPEC_GROUPS=${lib.escapeShellArg (lines venv.groups)}
    PYENVSPEC_EXTRAS=${lib.escapeShellArg (lines venv.extras)}
    PYENVSPEC_INSTALL=${if venv.install then "on_lock_change" else "never"}
    PYENVSPEC_AFTER=${lib.escapeShellArg (lines venv.buildAfter)}
    PYENVSPEC_BUILD_AFTER=${lib.optionalString (venv.buildAfter != [ ]) "${./build-after.py}"}
    if [[ -z $PYENVSPEC_ELSEWHERE ]]; then
      source ${./venv.sh}
    else
      echo "pyenvspec: $PWD is not in this shell's project, so there is no .venv; enter its folder first" >&2
    fi
    unset PYENVSPEC_PYTHON PYENVSPEC_MANAGER PYENVSPEC_VENV PYENVSPEC_PROJECT PYENVSPEC_REQUIREMENTS PYENVSPEC_GROUPS \
      PYENVSPEC_EXTRAS PYENVSPEC_INSTALL PYENVSPEC_AFTER PYENVSPEC_BUILD_AFTER
  '';

  driver = import ./driver.nix { inherit lib pkgs; } shell;

  # A place for editors that stays the same: a .venv has one by itself.
  linkPython = ''
    PYENVSPEC_PYTHON=${python} PYENVSPEC_SHELL=${lib.escapeShellArg shell.variant}
    [[ -n $PYENVSPEC_ELSEWHERE ]] || source ${./link-python.sh}
    unset PYENVSPEC_PYTHON PYENVSPEC_SHELL
  '';

  readDotenv = ''
    PYENVSPEC_DOTENV=${lib.escapeShellArg (lines shell.dotenv)}
    source ${./dotenv.sh}
    unset PYENVSPEC_DOTENV
  '';
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

  # Whether each is ready → name → process → process-compose's words.
  process = import ./processes.nix { inherit exportAll lib pkgs; };

  # Scripts first: one may have the name of a program.
  packages =
    scripts
    ++ [
      python
      driver.command
    ]
    ++ lib.optional (venv != null && managers.${venv.manager} != null) managers.${venv.manager}
    ++ lib.optional (venv != null && venv.buildAfter != [ ]) pkgs.ninja
    ++ lib.optionals (pythonEnv != null) pythonEnv.tools
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
    (lib.optionalString (venv != null) (enterVenv + exportAll cleared))
    (lib.optionalString (venv == null) linkPython)
    (lib.optionalString (shell.dotenv != [ ]) readDotenv)
    "unset PYENVSPEC_ELSEWHERE\n"
    (lib.optionalString (shell.onEnter != "") "source ${pkgs.writeText "on-enter" shell.onEnter}\n")
  ];
}
