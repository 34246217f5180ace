# host.json, with the nixpkgs underneath and the look-up of a program.
let
  host = builtins.fromJSON (builtins.readFile ./host.json);

  # A path of the store; with its hash pure evaluation accepts it.
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
    pkgs = path + "/pkgs";
    lib = import (path + "/lib");
  };

  programOf =
    name:
    host.programs.${name}
      or (throw "hostpkgs: this machine has no `${name}`: install it, or skip the test that needs it");
}
