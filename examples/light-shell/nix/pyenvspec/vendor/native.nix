# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Renders `perSystem.pyenvspec.shells.<name>` with nixpkgs' mkShell, as `devShells.<name>`.
{ inputs, lib, ... }:
{
  imports = [
    ./shells.nix
    ./project.nix
  ];

  perSystem =
    { config, pkgs, ... }:
    let
      shellOf =
        shell:
        let
          parts = import ./shell-parts.nix {
            inherit lib pkgs;
            module = import ./project-module.nix {
              inherit pkgs;
              project = inputs.self;
            };
          } shell;
        in
        pkgs.mkShell {
          inherit (shell) name;
          packages =
            parts.packages
            ++ lib.optional (shell.processes != { }) (processesUp (processCompose shell parts));
          shellHook = parts.findProject + parts.enter;
        };

      processesUp = import ./processes-up.nix { inherit lib pkgs; };

      # As JSON, which is YAML.
      processCompose =
        shell: parts:
        let
          isReady = name: shell.processes.${name}.ready != null;
          settings = {
            version = "0.5";
            shell = {
              shell_command = pkgs.runtimeShell;
              shell_argument = "-c";
            };
            processes = lib.mapAttrs (parts.process isReady) shell.processes;
          };
        in
        ''
          ${builtins.readFile ./runtime-folder.sh}
          folder=$(pyenvspec_runtime_folder) SOCKET=$folder/pc.sock LOGS=$folder
          start() {
            # Variables of this machine stay out of the processes' code.
            export PC_DISABLE_DOTENV=1
            exec "$COMPOSE" --unix-socket "$SOCKET" -f ${pkgs.writeText "process-compose.yaml" (builtins.toJSON settings)} up "$@"
          }
        '';
    in
    {
      devShells = lib.mapAttrs (_: shellOf) config.pyenvspec.shells;
    };
}
