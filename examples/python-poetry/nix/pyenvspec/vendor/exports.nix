# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Values as bash code. The project's folder, which `/{pyenvspec-project}` stands for in them, is known when that runs.
{ lib }:
rec {
  # A value in quotes.
  quote =
    value:
    lib.replaceStrings [ "/{pyenvspec-project}" ] [ "'\"$PYENVSPEC_ROOT\"'" ] (
      "'" + lib.replaceStrings [ "'" ] [ "'\\''" ] value + "'"
    );

  # Variables → the code that sets them.
  exportAll =
    variables:
    lib.concatStrings (lib.mapAttrsToList (name: value: "export ${name}=${quote value}\n") variables);
}
