# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# A Python package that makes folders of the project importable. The project's place is known when Python starts, not when Nix
# evaluates; outside of the shell nothing is added.
{ lib, pkgs }:
python: folders:
let
  line = ''
    import os, sys; sys.path.extend(os.path.join(os.environ["PYENVSPEC_ROOT"], folder) for folder in ${builtins.toJSON folders} if "PYENVSPEC_ROOT" in os.environ)
  '';
in
pkgs.runCommand "editable"
  {
    passAsFile = [ "line" ];
    inherit line;
  }
  ''
    mkdir -p $out/${python.sitePackages}
    mv "$linePath" $out/${python.sitePackages}/pyenvspec-editable.pth
  ''
