# Tests of ../modules/lock-options.nix.
{
  lib ? import ../../tests/nix/lib.nix,
}:
let
  evaluate =
    config:
    removeAttrs (lib.evalModules {
      modules = [
        { options = import ../modules/lock-options.nix { inherit lib; }; }
        { inherit config; }
      ];
    }).config [ "packages" ];
in
{
  "test that nothing has to be said" = {
    expr = evaluate { };
    expected = {
      editable = { };
      extras = [ ];
      fromSource = [ ];
      groups = [ ];
      overrides = { };
      preferWheels = true;
    };
  };
  "test that an override has every option" = {
    expr = (evaluate { overrides.x.remove = true; }).overrides.x;
    expected = {
      buildSystems = [ ];
      buildTools = [ ];
      dependencies = [ ];
      env = { };
      fromNixpkgs = false;
      ignoreMissingLibraries = [ ];
      keepLockedSource = false;
      libraries = [ ];
      patches = [ ];
      postInstall = "";
      remove = true;
      source = null;
    };
  };
  "test that a source is a wheel or an sdist" = {
    expr = evaluate { overrides.x.source = "binary"; };
    expectedError = {
      type = "ThrownError";
      msg = "overrides.x.source. is not of type";
    };
  };
}
