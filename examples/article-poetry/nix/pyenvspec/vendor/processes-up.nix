# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# The commands `processes-up`, `-ps`, `-logs` and `-down` of both kinds of shell. `settings` is bash code that sets SOCKET and LOGS
# and defines `start`, which becomes process-compose.
{ lib, pkgs }:
settings:
let
  script = pkgs.writeShellScript "processes" ''
    COMPOSE=${lib.getExe pkgs.process-compose}
    ${settings}
    ${builtins.readFile ./processes-up.sh}
  '';
  command =
    word: pkgs.writeShellScriptBin "processes-${word}" ''exec ${script} ${word} "$@"'';
in
pkgs.symlinkJoin {
  name = "processes-up";
  paths = map command [
    "up"
    "ps"
    "logs"
    "down"
  ];
}
