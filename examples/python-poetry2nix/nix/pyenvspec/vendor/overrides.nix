# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Overrides of single Python packages: what of them is the same for both builders. Their options are in lock-options.nix.
{ lib }:
let
  extend =
    old: name: more:
    lib.optionalAttrs (more != [ ]) { ${name} = (old.${name} or [ ]) ++ more; };

  # nixpkgs takes a list, a text of words, or true for all.
  ignoreMissing =
    old: more:
    let
      before = old.autoPatchelfIgnoreMissingDeps or [ ];
      words = if lib.isList before then before else lib.splitString " " before;
    in
    lib.optionalAttrs (more != [ ] && before != true && before != "1") {
      autoPatchelfIgnoreMissingDeps = lib.unique ((if before == false then [ ] else words) ++ more);
    };

  # Nix takes only some characters in the name of a store path.
  stored =
    path:
    if builtins.match "[A-Za-z0-9+_?=-][A-Za-z0-9+._?=-]*" (baseNameOf path) != null then
      path
    else
      builtins.path {
        inherit path;
        name = "patch";
      };

  # A variable may be an attribute of the derivation already, where `env` must not name it again.
  variables =
    old: more:
    lib.filterAttrs (name: _: old ? ${name}) more
    // lib.optionalAttrs (more != { }) {
      env = (old.env or { }) // lib.filterAttrs (name: _: !old ? ${name}) more;
    };
  # Override → attributes of a derivation → those that change, whichever builder it is for.
  attributes =
    override: old:
    extend old "nativeBuildInputs" override.buildTools
    // extend old "buildInputs" override.libraries
    // extend old "patches" (map stored override.patches)
    // ignoreMissing old override.ignoreMissingLibraries
    // variables old override.env
    // lib.optionalAttrs (override.postInstall != "") {
      postInstall = (old.postInstall or "") + override.postInstall;
    };
in
{
  inherit attributes extend ignoreMissing;

  # Which of a package's dependencies are those of a builder's own set, and nixpkgs' packages for the others.
  split =
    pkgs: known: name: override:
    let
      isWord = part: lib.isString part && part != "";
      normalise =
        text: lib.concatStringsSep "-" (lib.filter isWord (builtins.split "[-_.]+" (lib.toLower text)));
      isKnown = dependency: known (normalise dependency);
      fromNixpkgs =
        dependency:
        lib.attrByPath (lib.splitString "." dependency)
          (throw ''
            env.yaml: overrides.${name}.dependencies: neither the lock nor nixpkgs has `${dependency}`.
            Lock it, or name what `pyenvspec search ${dependency}` finds.
          '')
          pkgs;
      parted = lib.partition isKnown override.dependencies;
    in
    {
      python = map normalise parted.right;
      native = map fromNixpkgs parted.wrong;
    };

  # nixpkgs' recipe of a package; `key` of env.yaml asks for it.
  recipeOf =
    python: key: name:
    python.pkgs.${name}
      or (throw ''
        env.yaml: ${key}: the Python packages of nixpkgs have no `${name}`.
        Take it away there, or choose another release in `nixpkgs`.
      '');

  # The same with what the override changes; `locked` is the package of the lock.
  changeRecipe =
    override: locked: recipe:
    recipe.overridePythonAttrs (
      old:
      lib.optionalAttrs override.keepLockedSource { inherit (locked) version src; }
      // attributes override old
    );

  # Whether a package takes an argument with `.override`: those that are not built from the lock may not.
  takes = argument: package: (lib.functionArgs (package.override or (_: { }))) ? ${argument};
}
