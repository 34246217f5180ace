# Tests of ../modules/normalise.nix.
{
  lib ? import ../../tests/nix/lib.nix,
}:
{
  "test that names are as PEP 503 compares them" = {
    expr = map (import ../modules/normalise.nix { inherit lib; }) [
      "numpy"
      "Foo.Bar_baz"
      "a--b__c..d"
      "a-_.b"
      "A"
      "zope.interface"
    ];
    expected = [
      "numpy"
      "foo-bar-baz"
      "a-b-c-d"
      "a-b"
      "a"
      "zope-interface"
    ];
  };
}
