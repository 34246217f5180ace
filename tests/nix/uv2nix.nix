# STAND-IN for uv2nix, pyproject.nix and its build systems, for tests that run where no flake input is at hand: what
# nix/modules/uv2nix-*.nix calls, over the packages of a uv.lock. Markers hold always.
{ lib, pkgs }:
let
  make = import ./locked.nix lib;
  normalizePackageName = name: lib.concatStringsSep "-" (lib.splitString "_" (lib.toLower name));
  namesOf = map (entry: entry.name);

  package =
    config: entry: arguments:
    let
      isBuilt = lib.elem entry.name config.no-binary-package;
      isWheel = entry ? wheels && arguments.sourcePreference == "wheel" && !isBuilt;
    in
    {
      inherit arguments;
      again = package config entry;
      name = "${entry.name}-${entry.version or "0"}";
      pname = entry.name;
      version = entry.version or "0";
      src = if isWheel then "wheel" else "sdist";
      nativeBuildInputs = [ ];
      buildInputs = [ ];
      passthru = {
        format = if isWheel then "wheel" else "pyproject";
        dependencies = lib.genAttrs (namesOf (entry.dependencies or [ ])) (_: [ ]);
      };
    };

  loadWorkspace =
    {
      workspaceRoot,
      uvLock,
      config,
    }:
    let
      settings = config { no-binary-package = [ ]; };
      isMember = entry: entry.source ? virtual || entry.source ? editable || entry.source ? directory;
      members = lib.filter isMember uvLock.package;
      perMember = f: lib.listToAttrs (map (entry: lib.nameValuePair entry.name (f entry)) members);
    in
    {
      deps = {
        all = perMember (
          entry: lib.attrNames (entry.optional-dependencies or { } // entry.dev-dependencies or { })
        );
        groups = perMember (entry: lib.attrNames (entry.dev-dependencies or { }));
      };
      mkPyprojectOverlay =
        { sourcePreference, dependencies }:
        _: _:
        lib.listToAttrs (
          map (
            entry:
            lib.nameValuePair entry.name (make (package settings entry { inherit sourcePreference; }))
          ) uvLock.package
        );
      mkEditablePyprojectOverlay =
        { root, members }:
        _: prev:
        lib.genAttrs members (name: prev.${name}.overrideAttrs { editable = root; });
    };

  packageSet =
    { python, ... }:
    let
      extend =
        overlay:
        let
          prev = {
            inherit python;
            mkVirtualEnv =
              name: spec:
              make {
                inherit name spec;
                args.spec = spec;
              };
            pyprojectMakeVenvHook = make {
              name = "make-venv-hook";
              arguments.python = python;
              again = arguments: { name = "make-venv-hook of ${arguments.python.name}"; inherit arguments; };
            };
            resolveBuildSystem = spec: map (name: set.${name}) (lib.attrNames spec);
            overrideScope = more: extend (lib.composeExtensions overlay more);
          };
          set = prev // overlay set prev;
        in
        set;
    in
    extend (_: _: { });

  buildSystem = name: make { inherit name; pname = name; passthru.dependencies = { }; };
in
{
  uv2nix.lib.workspace.loadWorkspace = loadWorkspace;
  pyproject-build-systems.overlays = lib.genAttrs [ "wheel" "sdist" ] (
    _: _: _: lib.genAttrs [ "setuptools" "cython" "hatchling" "tomli" ] buildSystem
  );
  pyproject-nix = {
    lib.pypa = { inherit normalizePackageName; };
    build.packages = packageSet;
    build.hacks = _: {
      nixpkgsPrebuilt =
        {
          from,
          prev ? null,
        }:
        make {
          name = "prebuilt-${from.name}";
          inherit (from) src version;
          inherit from prev;
          passthru.dependencies = { };
        };
    };
  };
}
