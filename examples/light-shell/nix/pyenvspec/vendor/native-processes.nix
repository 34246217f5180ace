# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Runs `processes` in shells that native.nix renders: process-compose over a configuration of its own.
{ flake-parts-lib, lib, ... }:
let
  inherit (lib) mkOption types;

  run =
    pkgs: shell:
    let
      isReady =
        name:
        (shell.processes.${name}
          or (throw ''
            env.yaml: processes: `after` names `${name}`, which is no process.
            Correct its name, or take it out.
          '')
        ).ready != null;
      # As JSON, which is YAML.
      settings = {
        version = "0.5";
        shell = {
          shell_command = pkgs.runtimeShell;
          shell_argument = "-c";
        };
        processes = lib.mapAttrs (import ./process-compose.nix { inherit lib pkgs; } isReady) shell.processes;
      };
    in
    import ./processes-up.nix { inherit lib pkgs; } ''
      ${builtins.readFile ./runtime-folder.sh}
      folder=$(pyenvspec_runtime_folder) SOCKET=$folder/pc.sock LOGS=$folder
      start() {
        # Variables of this machine stay out of the processes' code.
        export PC_DISABLE_DOTENV=1
        exec "$COMPOSE" --unix-socket "$SOCKET" -f ${pkgs.writeText "process-compose.yaml" (builtins.toJSON settings)} up "$@"
      }
    '';

  shell =
    pkgs:
    types.submodule (
      { config, ... }:
      {
        _file = ./native-processes.nix;
        config.tools = lib.mkIf (config.processes != { }) [ (run pkgs config) ];
      }
    );
in
{
  imports = [ ./processes.nix ];

  options.perSystem = flake-parts-lib.mkPerSystemOption (
    { pkgs, ... }:
    {
      _file = ./native-processes.nix;
      options.pyenvspec.shells = mkOption { type = types.lazyAttrsOf (shell pkgs); };
    }
  );
}
