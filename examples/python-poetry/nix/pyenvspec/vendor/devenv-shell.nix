# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# devenv module: makes a devenv shell pure and light. The folders of the project are known when the
# shell starts, not when Nix evaluates: until then placeholders stand for them.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  placeholders = {
    root = "/{pyenvspec-project}";
    dotfile = "/{pyenvspec-dotfile}";
    runtime = "/{pyenvspec-runtime}";
  };

  nothingToRun =
    name:
    pkgs.writeShellScriptBin name ''
      echo "env.yaml names nothing to run: write it under \`processes\`, \`services\` or \`devenv\`" >&2
      exit 1
    '';
in
{
  config = lib.mkMerge [
    {
      # Written for devenv's own command-line tool; its `devenv up` calls `nix develop --impure`.
      devenv.flakesIntegration = lib.mkForce false;
      devenv.tmpdir = "/tmp";
      # A copy of every task as JSON in the environment: 2 to 20 KB that nothing reads here.
      env.DEVENV_TASKS = lib.mkForce null;
      cachix.enable = false;
      process.manager.implementation = "process-compose";
    }

    {
      devenv = placeholders;
      enterShell = lib.mkOrder 400 ''
        source ${./runtime-folder.sh}
        source ${./devenv-folders.sh}
        pyenvspec_enter_devenv
      '';
    }

    (lib.mkIf (!config.pyenvspec.hasTasks) {
      # The Rust task runner needs devenv's own nixpkgs, a Rust overlay, and IFD.
      task.package = lib.mkDefault (nothingToRun "devenv-tasks");
      enterShell = lib.mkMerge [
        (lib.mkOrder 450 "DEVENV_SKIP_TASKS=1")
        (lib.mkOrder 1450 "unset DEVENV_SKIP_TASKS")
      ];
    })
  ];

  options.pyenvspec.hasTasks = lib.mkOption {
    type = lib.types.bool;
    default = false;
    description = "Whether entering the shell has any task to run; devenv-processes.nix finds out.";
  };

  # What devenv itself writes there with the placeholders, within quotes by escapeShellArg or not.
  options.enterShell = lib.mkOption {
    apply =
      let
        quoted = lib.mapAttrsToList (_: path: "'${path}") placeholders;
        bare = lib.attrValues placeholders;
        variables = map (name: "$DEVENV_${lib.toUpper name}") (lib.attrNames placeholders);
      in
      lib.replaceStrings (quoted ++ bare) (map (variable: "\"${variable}\"'") variables ++ variables);
  };
}
