# Tests of ../modules/tasks.nix, over packages that are names.
{
  lib ? import ../../tests/nix/lib.nix,
}:
let
  pkgs = import ../../tests/nix { names = [ ]; };
  task =
    more:
    {
      after = [ ];
      before = [ ];
      type = "oneshot";
      cwd = null;
      env = { };
      statusCommand = null;
      execIfModified = [ ];
      input = { };
      command = null;
    }
    // more;
  runner =
    tasks:
    import ../modules/tasks.nix { inherit lib pkgs; } {
      tasks = lib.mapAttrs (_: task) tasks;
      files = { };
    };
  hasTasks = tasks: (runner ({ "devenv:enterShell" = { }; } // tasks)).onEnter;
in
{
  "test that devenv's own bookkeeping is no task" = {
    expr = hasTasks { "devenv:files:cleanup".before = [ "devenv:enterShell" ]; };
    expected = false;
  };
  "test that what is to run before entering is one, whoever says so" = {
    expr = [
      (hasTasks { "app:setup".before = [ "devenv:enterShell" ]; })
      (hasTasks { "app:setup".before = [ "devenv:enterShell@succeeded" ]; })
      (hasTasks { "app:setup" = { }; "devenv:enterShell".after = [ "app:setup@complete" ]; })
    ];
    expected = [ true true true ];
  };
  "test that others are none, nor processes, nor what is not there" = {
    expr = [
      (hasTasks { "app:later" = { }; })
      (hasTasks { "devenv:processes:web" = { type = "process"; before = [ "devenv:enterShell" ]; }; })
      (hasTasks { "devenv:enterShell".after = [ "gone" ]; })
    ];
    expected = [ false false false ];
  };
}
