# STAND-IN for the pyproject.nix inside of poetry2nix. Of markers it knows those that ask for Windows.
{ lib }:
let
  normalizePackageName =
    name: lib.concatStringsSep "-" (lib.splitString "_" (lib.toLower name));
in
{
  lib = {
    pypa = { inherit normalizePackageName; };
    pep508 = {
      mkEnviron = _: { };
      parseMarkers = text: text;
      evalMarkers = _: marker: !lib.hasInfix "win32" marker;
      parseString =
        text:
        let
          parts = lib.splitString ";" text;
        in
        {
          name = normalizePackageName (
            lib.head (builtins.match "([A-Za-z0-9_.-]*[A-Za-z0-9]).*" (lib.head parts))
          );
          markers = if builtins.length parts > 1 then lib.last parts else null;
        };
    };
  };
}
