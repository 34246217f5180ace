# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# The module that describes the project's shells, by its content: a path into the project would make all its files part of a shell.
{ pkgs, project }:
pkgs.writeText "default.nix" (builtins.readFile (project + "/nix/pyenvspec/default.nix"))
