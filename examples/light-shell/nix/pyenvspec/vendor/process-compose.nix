# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# A process of env.yaml in process-compose's words, for both kinds of shell. Its code is a script of the store: process-compose
# would fill in `$` itself.
{ lib, pkgs }:
let
  inherit (import ./exports.nix { inherit lib; }) exportAll;
in
# Name → whether a process or service says when it is ready.
isReady: name: process:
let
  inherit (process) ready;
  script = pkgs.writeShellScript name ''
    cd -- "$PYENVSPEC_ROOT"/${lib.escapeShellArg process.folder} || exit
    ${exportAll process.env}${process.run}
  '';
in
{
  command = "${script}";
  availability =
    {
      never.restart = "no";
      on_failure = {
        restart = "on_failure";
        max_restarts = 5;
      };
      always = {
        restart = "always";
        max_restarts = 0; # no limit
      };
    }
    .${process.restart};
}
// lib.optionalAttrs (process.after != [ ]) {
  depends_on = lib.genAttrs process.after (other: {
    condition = if isReady other then "process_healthy" else "process_started";
  });
}
// lib.optionalAttrs (ready != null) {
  readiness_probe = {
    period_seconds = ready.every;
    failure_threshold = ready.tries;
  }
  // (
    if ready.http != null then
      {
        http_get = {
          host = "127.0.0.1";
          scheme = "http";
          inherit (ready.http) port path;
        };
      }
    else
      { exec.command = "${pkgs.writeShellScript "${name}-ready" ready.run}"; }
  );
}
