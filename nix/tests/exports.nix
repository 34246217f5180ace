# Tests of ../modules/exports.nix. tests/unit/test_nix_code.py has bash read what comes out.
{
  lib ? import ../../tests/nix/lib.nix,
}:
let
  inherit (import ../modules/exports.nix { inherit lib; }) exportAll quote;
in
{
  "test that a value is in quotes" = {
    expr = map quote [
      ""
      "plain"
      "two words"
      "$HOME `x` $(x) \"y\" \\ !"
      "it's"
      "''"
      "two\nlines"
      "-n"
    ];
    expected = [
      "''"
      "'plain'"
      "'two words'"
      "'$HOME `x` $(x) \"y\" \\ !'"
      "'it'\\''s'"
      "''\\'''\\'''"
      "'two\nlines'"
      "'-n'"
    ];
  };
  "test that the project's folder is filled in when the code runs" = {
    expr = map quote [
      "/{pyenvspec-project}/.hf"
      "a:/{pyenvspec-project}:it's"
      "/{pyenvspec-project}/{pyenvspec-project}"
      "/{pyenvspec-dotfile}"
    ];
    expected = [
      "''\"$PYENVSPEC_ROOT\"'/.hf'"
      "'a:'\"$PYENVSPEC_ROOT\"':it'\\''s'"
      "''\"$PYENVSPEC_ROOT\"''\"$PYENVSPEC_ROOT\"''"
      "'/{pyenvspec-dotfile}'"
    ];
  };
  "test that variables are exported in the order of their names" = {
    expr = exportAll {
      B = "2";
      A = "one two";
    };
    expected = "export A='one two'\nexport B='2'\n";
  };
  "test that of no variables no code is left" = {
    expr = exportAll { };
    expected = "";
  };
}
