# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# A package name as PEP 503 compares it: Foo.Bar_baz → foo-bar-baz.
{ lib }:
name:
lib.toLower (
  lib.concatMapStrings (part: if lib.isList part then "-" else part) (builtins.split "[-_.]+" name)
)
