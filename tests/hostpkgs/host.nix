# host.json, with the package set underneath and the look-up of a program.
let
  host = builtins.fromJSON (builtins.readFile ./host.json);

  # Locked by its hash: pure evaluation accepts it, and it is copied only when the store lacks it.
  path =
    (builtins.fetchTree {
      type = "path";
      inherit (host.nixpkgs) path narHash;
    }).outPath;
in
host
// {
  nixpkgs = {
    inherit path;
    core = path + "/core";
    inherit ((import (path + "/flake.nix")).outputs { self = null; }) lib;
  };

  programOf =
    name:
    host.programs.${name}
      or (throw "hostpkgs: this machine has no `${name}`: install it, or skip the test that needs it");
}
