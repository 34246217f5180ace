# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# The packages of a .venv as a Python of Nix's own, where the project has a lock that names every file: null where it has none.
{ lib, pkgs }:
{
  project,
  shell,
  interpreter,
}:
let
  venv = shell.venv or null;
  folder = project + lib.optionalString (venv.project != ".") "/${venv.project}";
  files = {
    uv = [ "uv.lock" ];
    poetry = [ "poetry.lock" ];
    pip = lib.filter (lib.hasSuffix ".toml") [ (toString venv.requirements) ] ++ [ "pylock.toml" ];
  };
  file = lib.findFirst (name: builtins.pathExists (folder + "/${name}")) null files.${venv.manager};
  read = import ./locked-packages.nix {
    inherit lib pkgs;
    inherit (shell) python;
  };
in
if venv == null || file == null then
  null
else
  import ./locked-environment.nix { inherit lib pkgs; } {
    name = "${shell.name}-env";
    inherit file folder interpreter;
    packages = read {
      inherit file folder;
      inherit (venv) extras groups;
    };
  }
