# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Overrides of single packages for poetry2nix, as two overlays of its package set: `sources` before poetry2nix's own overrides,
# which look at the format, `overlay` after them, so that env.yaml has the last word.
{ lib, pkgs }:
python: given:
let
  shared = import ./overrides.nix { inherit lib; };

  # A package whose markers do not hold here is null.
  isThere = package: package != null && package ? overridePythonAttrs;

  # poetry2nix stops at tags that are younger than it is: several ABIs, GraalPy, RISC-V.
  isReadable =
    file:
    let
      tags = lib.match ".*-([^-]+)-([^-]+)[.]whl" file;
      abi = lib.match "[a-z]+[0-9]*_?[a-z0-9]*" (lib.head tags);
      platform = lib.match "any|.*(x86_64|aarch64|arm64|universal2).*" (lib.last tags);
    in
    tags == null || (abi != null && platform != null);

  # What a lock that names its index is fetched with. poetry2nix' overrides ask each source for `isWheel`, and that of
  # MarkupSafe for `override`, to give it a name in capitals; an index goes by the name as it is.
  fetchPypiLegacy =
    arguments:
    pkgs.fetchPypiLegacy arguments
    // {
      isWheel = lib.hasSuffix ".whl" arguments.file;
      override = _: fetchPypiLegacy arguments;
    };

  choose =
    prev: name: source:
    let
      package = prev.${name} or null;
    in
    if isThere package && shared.takes "preferWheel" package then
      package.override { preferWheel = source == "wheel"; }
    else
      package;

  # nixpkgs' recipe with the packages of the lock.
  fromNixpkgs =
    final: name: override: locked:
    let
      recipe = shared.recipeOf python "overrides.${name}.from_nixpkgs" name;
      arguments = lib.intersectAttrs (lib.functionArgs recipe.override) final;
    in
    shared.changeRecipe override locked (
      (recipe.override arguments).overridePythonAttrs (_: {
        doCheck = false;
      })
    );

  change =
    final: package: name: override:
    let
      dependencies = shared.split pkgs (dependency: final.${dependency} or null != null) name override;
    in
    package.overridePythonAttrs (
      old:
      let
        own = shared.attributes override old;
        isWheel = (old.format or "") == "wheel";
        buildSystem =
          system:
          final.${system}
            or (throw ''
              env.yaml: overrides.${name}.build_systems: neither the lock nor poetry2nix has `${system}`.
              Correct its name, or run `poetry add --group dev ${system}`.
            '');
        buildSystems = lib.optionals (!isWheel) (map buildSystem override.buildSystems);
      in
      own
      // shared.extend (old // own) "nativeBuildInputs" buildSystems
      // shared.extend old "propagatedBuildInputs" (
        map (dependency: final.${dependency}) dependencies.python ++ dependencies.native
      )
    );
in
{
  sources =
    _: prev:
    {
      inherit fetchPypiLegacy;
      # nixpkgs no longer says it; poetry2nix still asks.
      isPy27 = python.isPy27 or false;
      mkPoetryDep =
        package:
        prev.mkPoetryDep (package // { files = lib.filter (file: isReadable file.file) package.files; });
    }
    // lib.genAttrs given.fromSource (name: choose prev name "sdist")
    // lib.mapAttrs (name: override: choose prev name override.source) (
      lib.filterAttrs (_: override: override.source != null) given.overrides
    )
    # A recipe of nixpkgs builds, so it needs a source.
    // lib.mapAttrs (name: _: choose prev name "sdist") (
      lib.filterAttrs (_: override: override.keepLockedSource) given.overrides
    );

  # What builds Python packages is nixpkgs' own, whatever env.yaml removes or changes: poetry2nix's overrides of these tools hand
  # them packages of the lock, in arguments that newer recipes no longer have.
  tools =
    _: _:
    lib.getAttrs (lib.filter (name: python.pkgs ? ${name}) [
      "build"
      "flit-core"
      "installer"
      "packaging"
      "pyproject-hooks"
      "tomli"
      "wheel"
    ]) python.pkgs;

  overlay =
    final: prev:
    lib.mapAttrs (
      name: override:
      let
        package = prev.${name} or null;
      in
      if override.remove || !isThere package then
        null
      else if override.fromNixpkgs then
        fromNixpkgs final name override package
      else
        change final package name override
    ) given.overrides;
}
