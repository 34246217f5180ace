# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# An app for each command of pyproject.toml, so that `nix run .#NAME` starts it in the Python that Nix makes for the default shell.
{ inputs, lib, ... }:
{
  perSystem =
    { config, pkgs, ... }:
    let
      # Not every system has it.
      shell = config.pyenvspec.shells.default or { };
      python =
        if (shell.pythonEnv or null) != null then
          shell.pythonEnv.runtime
        else if (shell.fromLock or null) != null then
          shell.fromLock shell.interpreter
        else
          null;
      commands = import ./project-files.nix { inherit lib pkgs; } {
        inherit python shell;
        project = inputs.self;
        place = "${inputs.self}";
      };
    in
    {
      apps = lib.mkIf (python != null) (
        lib.mapAttrs (name: _: {
          program = "${commands.installed}/bin/${name}";
          meta.description = "${name}, a command of pyproject.toml";
        }) commands.scripts
      );
    };
}
