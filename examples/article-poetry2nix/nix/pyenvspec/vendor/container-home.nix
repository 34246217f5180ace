# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# The home folder of an image, /env, which its user may write: files and folders of the project, each where the project has it.
{
  lib,
  pkgs,
  project,
}:
paths:
let
  inProject = path: lib.removePrefix "${project}/" (toString path);

  path = pkgs.runCommand "container-home" { } ''
    mkdir -p $out/env
    ${lib.concatMapStrings (path: ''
      mkdir -p "$(dirname $out/env/${lib.escapeShellArg (inProject path)})"
      cp -rP ${path} $out/env/${lib.escapeShellArg (inProject path)}
    '') paths}
  '';
in
{
  copyToRoot = [ path ];
  perms = [
    {
      inherit path;
      regex = "/env";
      mode = "0755";
      uid = 1000;
      gid = 1000;
      uname = "user";
      gname = "user";
    }
  ];
}
