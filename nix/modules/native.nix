# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Renders `perSystem.pyenvspec.shells.<name>` with nixpkgs' mkShell, as `devShells.<name>`.
{ lib, ... }:
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
          parts = import ./shell-parts.nix { inherit lib pkgs; } shell;
        in
        pkgs.mkShell {
          inherit (shell) name;
          packages =
            parts.packages
            ++ lib.optional (shell.processes != { }) (processesUp (processCompose shell.processes));
          shellHook = parts.findProject + parts.enter;
        };

      processesUp = import ./processes-up.nix { inherit pkgs; };

      # As JSON, which is YAML. A process is a script: process-compose would fill in `$` itself.
      processCompose =
        processes:
        let
          settings = {
            version = "0.5";
            shell = {
              shell_command = pkgs.runtimeShell;
              shell_argument = "-c";
            };
            processes = lib.mapAttrs (name: text: {
              command = "${pkgs.writeShellScript name text}";
            }) processes;
          };
        in
        ''
          # No server: nothing asks it, and two projects would want one port.
          export PC_NO_SERVER=1 PC_DISABLE_DOTENV=1
          exec ${lib.getExe pkgs.process-compose} \
            -f ${pkgs.writeText "process-compose.yaml" (builtins.toJSON settings)} up "$@"
        '';
    in
    {
      devShells = lib.mapAttrs (_: shellOf) config.pyenvspec.shells;
    };
}
