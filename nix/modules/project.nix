# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# What is made of the project besides its shells: `packages.python-env`, the packages of a .venv from its lock, and an app for
# each command of pyproject.toml, so that `nix run .#NAME` starts it.
{ inputs, lib, ... }:
{
  perSystem =
    { config, pkgs, ... }:
    let
      inherit (config.pyenvspec) shells;

      environments = lib.filterAttrs (_: environment: environment != null) (
        lib.mapAttrs (
          _: shell:
          import ./venv-packages.nix { inherit lib pkgs; } {
            inherit shell;
            project = inputs.self;
            interpreter = import ./interpreter.nix { inherit lib pkgs; } shell;
          }
        ) shells
      );
      nameOf = name: if name == "default" then "python-env" else "python-env-${name}";

      python =
        if (shells.default.pythonEnv or null) != null then
          shells.default.pythonEnv.runtime
        else
          environments.default or null;
      commands = import ./project-files.nix { inherit lib pkgs; } {
        inherit python;
        project = inputs.self;
        shell = shells.default;
        place = "${inputs.self}";
      };
    in
    {
      packages = lib.mapAttrs' (name: lib.nameValuePair (nameOf name)) environments;

      apps = lib.mkIf (python != null) (
        lib.mapAttrs (name: _: {
          program = "${commands.installed}/bin/${name}";
          meta.description = "${name}, a command of pyproject.toml";
        }) commands.scripts
      );
    };
}
