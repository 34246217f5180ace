# Tests of ../modules/process-compose.nix, over packages that are names.
{
  lib ? import ../../tests/nix/lib.nix,
}:
let
  pkgs = import ../../tests/nix { names = [ ]; };
  words =
    process:
    import ../modules/process-compose.nix { inherit lib pkgs; } (name: name == "db") "web" (
      {
        run = "serve";
        after = [ ];
        ready = null;
        restart = "never";
        env = { };
        folder = ".";
      }
      // process
    );
  without = names: process: removeAttrs (words process) names;
in
{
  "test that a plain command is run once, and nothing waits for it" = {
    expr = without [ "command" ] { };
    expected.availability.restart = "no";
  };
  "test that it is started again when it fails, five times" = {
    expr = (words { restart = "on_failure"; }).availability;
    expected = { restart = "on_failure"; max_restarts = 5; };
  };
  "test that it is started again always, without a limit" = {
    expr = (words { restart = "always"; }).availability;
    expected = { restart = "always"; max_restarts = 0; };
  };
  "test that it waits for what says that it is ready, else for the start" = {
    expr = (words { after = [ "db" "worker" ]; }).depends_on;
    expected = {
      db.condition = "process_healthy";
      worker.condition = "process_started";
    };
  };
  "test that a port is asked on this machine" = {
    expr = (words { ready = { http = { port = 8000; path = "/x"; }; run = null; every = 2; tries = 3; }; }).readiness_probe;
    expected = {
      period_seconds = 2;
      failure_threshold = 3;
      http_get = { host = "127.0.0.1"; scheme = "http"; port = 8000; path = "/x"; };
    };
  };
  "test that code that asks is a script of the store, so that nothing is filled in" = {
    expr =
      builtins.match "/store/[0-9a-f]+-web-ready" (words {
        ready = { http = null; run = "test -e $X"; every = 1; tries = 1; };
      }).readiness_probe.exec.command != null;
    expected = true;
  };
}
