# Tests of ../modules/overrides.nix.
{
  lib ? import ../../tests/nix/lib.nix,
}:
let
  overrides = import ../modules/overrides.nix { inherit lib; };
  plain = {
    buildTools = [ ];
    libraries = [ ];
    patches = [ ];
    ignoreMissingLibraries = [ ];
    env = { };
    postInstall = "";
    keepLockedSource = false;
    dependencies = [ ];
  };
  change = override: overrides.attributes (plain // override);
  split = overrides.split { hello = "nixpkgs' hello"; a.b = "nixpkgs' a.b"; } (name: name == "my-lib") "x";
in
{
  "test that nothing asked for changes nothing" = {
    expr = change { } { buildInputs = [ "a" ]; };
    expected = { };
  };
  "test that a patch may have any name" = {
    expr =
      let
        inherit (change { patches = [ (./project + "/odd name.patch") ]; } { }) patches;
      in
      map (patch: builtins.substring 44 (-1) "${patch}") patches;
    expected = [ "patch" ];
  };
  "test that lists are added to what is there" = {
    expr = change {
      buildTools = [ "t" ];
      libraries = [ "l" ];
      patches = [ "p" ];
      postInstall = "two";
    } {
      buildInputs = [ "a" ];
      nativeBuildInputs = [ "b" ];
      postInstall = "one\n";
    };
    expected = {
      nativeBuildInputs = [ "b" "t" ];
      buildInputs = [ "a" "l" ];
      patches = [ "p" ];
      postInstall = "one\ntwo";
    };
  };
  "test that a variable that the derivation has as an attribute stays one" = {
    expr = change { env = { NEW = "n"; OLD = "o"; }; } { OLD = "x"; env.KEPT = "k"; };
    expected = {
      OLD = "o";
      env = {
        KEPT = "k";
        NEW = "n";
      };
    };
  };
  "test that libraries that may be missing are added to a list, a text of words, or nothing" = {
    expr = map (old: (overrides.ignoreMissing old [ "new" "a" ]).autoPatchelfIgnoreMissingDeps) [
      { }
      { autoPatchelfIgnoreMissingDeps = [ "a" ]; }
      { autoPatchelfIgnoreMissingDeps = "a b"; }
      { autoPatchelfIgnoreMissingDeps = false; }
    ];
    expected = [
      [ "new" "a" ]
      [ "a" "new" ]
      [ "a" "b" "new" ]
      [ "new" "a" ]
    ];
  };
  "test that where all may be missing nothing is added" = {
    expr = map (old: overrides.ignoreMissing old [ "new" ]) [
      { autoPatchelfIgnoreMissingDeps = true; }
      { autoPatchelfIgnoreMissingDeps = "1"; }
    ];
    expected = [ { } { } ];
  };
  "test that dependencies are of the lock, else of nixpkgs" = {
    expr = split (plain // { dependencies = [ "My_Lib" "hello" "a.b" ]; });
    expected = {
      python = [ "my-lib" ];
      native = [ "nixpkgs' hello" "nixpkgs' a.b" ];
    };
  };
  "test that a dependency of nowhere is told with the key" = {
    expr = split (plain // { dependencies = [ "nowhere" ]; });
    expectedError = {
      type = "ThrownError";
      msg = "overrides[.]x[.]dependencies: neither the lock nor nixpkgs has `nowhere`";
    };
  };
  "test that a recipe that nixpkgs lacks is told with the key" = {
    expr = overrides.recipeOf { pkgs = { }; } "overrides.x.from_nixpkgs" "x";
    expectedError = {
      type = "ThrownError";
      msg = "env.yaml: overrides[.]x[.]from_nixpkgs: the Python packages of nixpkgs have no `x`";
    };
  };
  "test that a recipe takes the source of the lock where that is asked for" = {
    expr =
      let
        recipe.overridePythonAttrs = f: f { };
        locked = { version = "9"; src = "locked"; other = "x"; };
      in
      map (keepLockedSource: overrides.changeRecipe (plain // { inherit keepLockedSource; }) locked recipe) [
        true
        false
      ];
    expected = [ { version = "9"; src = "locked"; } { } ];
  };
  "test that what a package takes with .override is seen" = {
    expr = [
      (overrides.takes "a" { override = { a }: a; })
      (overrides.takes "b" { override = { a }: a; })
      (overrides.takes "a" { })
    ];
    expected = [ true false false ];
  };
  "test that lists are not there where nothing is added" = {
    expr = [ (overrides.extend { } "x" [ ]) (overrides.extend { x = [ 1 ]; } "x" [ 2 ]) ];
    expected = [ { } { x = [ 1 2 ]; } ];
  };
}
