# Evaluates a compiled project where no flake input is at hand, with stand-ins: ./lib.nix, ./default.nix (nixpkgs), and here
# flake-parts and devenv. `lib` may be the real one instead. Gives what a test reads: shells by name, packages, apps.
{
  project,
  system ? "x86_64-linux",
  lib ? import ./lib.nix,
}:
let
  inherit (lib) mkOption types;
  open = description: mkOption { type = types.lazyAttrsOf types.raw; default = { }; inherit description; };

  # ---- flake-parts
  isReal = lib ? trivial;
  flakePartsLib.mkPerSystemOption =
    module:
    mkOption {
      type = types.deferredModuleWith (if isReal then { staticModules = [ module ]; } else [ module ]);
    };
  perSystemBase.options = {
    apps = open "apps";
    checks = open "checks";
    devShells = open "devShells";
    packages = open "packages";
  };
  flake =
    (lib.evalModules {
      specialArgs = {
        inherit inputs;
        flake-parts-lib = flakePartsLib;
      };
      modules = [
        {
          options.perSystem = flakePartsLib.mkPerSystemOption perSystemBase // {
            default = { };
          };
          options.systems = mkOption { type = types.listOf types.str; };
          options.flake = open "outputs";
        }
        (project + "/nix/pyenvspec/default.nix")
      ];
    }).config;
  perSystemModules = if builtins.isList flake.perSystem then flake.perSystem else [ flake.perSystem ];
  outputs =
    (lib.evalModules {
      specialArgs = {
        inherit system;
        inputs' = lib.mapAttrs (_: input: { packages = input.packages.${system} or { }; }) inputs;
      };
      modules = perSystemModules ++ [ { _module.args.pkgs = lib.mkDefault (import ./. { inherit system; }); } ];
    }).config;

  # ---- inputs
  record = name: arguments: {
    type = "derivation";
    inherit name arguments;
    outPath = "/store/${name}";
    text = builtins.toJSON arguments;
  };
  inputs = {
    self = project;
    nixpkgs = {
      outPath = ./.;
      inherit lib;
    };
    nix2container.packages.${system}.nix2container = {
      buildImage = arguments: record "image-${arguments.name}" arguments;
      buildLayer = record "layer";
    };
    inherit
      (import ./uv2nix.nix {
        inherit lib;
        pkgs = import ./. { inherit system; };
      })
      pyproject-build-systems
      pyproject-nix
      uv2nix
      ;
    poetry2nix.outPath = ./poetry2nix;
    devenv.lib.mkConfig =
      {
        pkgs,
        modules,
        ...
      }:
      let
        config =
          (lib.evalModules {
            specialArgs = { inherit pkgs; };
            modules = [ ./devenv.nix ] ++ modules;
          }).config;
      in
      config
      // {
        shell = pkgs.mkShell {
          inherit (config) name packages;
          shellHook = config.enterShell;
        }
        // {
          devenv = { inherit (config) env processes services; };
        };
      };
  };

  isLocked = value: value == null || (builtins.isAttrs value && value ? version && value ? src);
  names = map (input: if builtins.isAttrs input then input.pname or input.name else input);
  recipe =
    package:
    if package == null then
      null
    else
      {
        inherit (package) name src version;
        native = names package.nativeBuildInputs or [ ];
        build = names (package.buildInputs or [ ] ++ package.propagatedBuildInputs or [ ]);
        needs = lib.attrNames package.passthru.dependencies or { };
        ignored = package.autoPatchelfIgnoreMissingDeps or [ ];
        env = package.env or { };
        patches = map baseNameOf (package.patches or [ ]);
        postInstall = package.postInstall or "";
      };
  environment =
    package:
    let
      tool = lib.head package.nativeBuildInputs;
      python = package.arguments.python or tool.arguments.python;
      packages =
        package.arguments.packages
          or (map (name: package.passthru.set.${name}) (lib.attrNames package.spec));
    in
    {
      python = python.name;
      packages = names packages;
      # Asked for, so that what they are made of is told.
      paths = map toString ([ python ] ++ packages);
    };
  isEnvironment = package: package ? spec || package ? arguments.packages;
  describe = package: {
    inherit (package) name;
    text = package.text or "";
    path = package.outPath;
  };
in
{
  inherit (flake) systems;
  shells = lib.mapAttrs (_: shell: {
    inherit (shell) name;
    hook = shell.args.shellHook;
    packages = map describe shell.args.packages;
  }) outputs.devShells;
  packages = lib.mapAttrs (_: describe) outputs.packages;
  apps = lib.attrNames outputs.apps;
  devenv = lib.mapAttrs (_: shell: shell.devenv) (
    lib.filterAttrs (_: shell: shell ? devenv) outputs.devShells
  );
  # Of the managers that build from a lock: the Python of an environment and what is in it, for the shell and to run.
  environments = lib.mapAttrs (_: map environment) (
    lib.filterAttrs (_: found: found != [ ]) (
      lib.mapAttrs (
        _: shell: lib.filter isEnvironment shell.args.packages
      ) outputs.devShells
      // lib.mapAttrs (_: package: lib.filter isEnvironment [ package ]) outputs.packages
    )
  );
  # The packages as the overrides left them.
  locked = lib.mapAttrs (_: set: lib.mapAttrs (_: recipe) (lib.filterAttrs (_: isLocked) set)) (
    lib.filterAttrs (_: set: set != null) (
      lib.mapAttrs (_: package: package.set or package.passthru.set or null) outputs.packages
    )
  );
}
