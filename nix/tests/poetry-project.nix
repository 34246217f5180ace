# Tests of ../modules/poetry-project.nix, with a small pyproject.nix to whom only markers with `win32` do not hold.
{
  lib ? import ../../tests/nix/lib.nix,
}:
let
  read =
    pyproject: arguments:
    import ../modules/poetry-project.nix (
      {
        inherit lib pyproject;
        pyproject-nix = import ../../tests/nix/poetry2nix/vendor/pyproject.nix { inherit lib; };
        python = null;
        groups = [ ];
        extras = [ ];
      }
      // arguments
    );
  dependenciesOf = pyproject: arguments: (read pyproject arguments).pyProject.tool.poetry.dependencies;
  poetry1.tool.poetry = {
    dependencies = {
      python = "^3.11";
      A_b = "^1";
      windows = { version = "*"; markers = "sys_platform == 'win32'"; };
      either = [ { version = "1"; markers = "sys_platform == 'win32'"; } { version = "2"; } ];
      big = { version = "*"; optional = true; };
    };
    extras.gpu = [ "big" "not-locked" ];
    group.dev.dependencies.pytest = "*";
    group.docs = { optional = true; dependencies.sphinx = "*"; include-groups = [ "extra-docs" ]; };
    group.extra-docs = { optional = true; dependencies.theme = "*"; };
  };
  refused = msg: { type = "ThrownError"; inherit msg; };
in
{
  "test poetry 1: what applies here, without Python and what is optional" = {
    expr = lib.attrNames (dependenciesOf poetry1 { });
    expected = [ "a-b" "either" "pytest" ];
  };
  "test poetry 1: extras and groups bring theirs, and groups those they include" = {
    expr = lib.attrNames (dependenciesOf poetry1 { extras = [ "gpu" ]; groups = [ "docs" ]; });
    expected = [ "a-b" "big" "either" "pytest" "sphinx" "theme" ];
  };
  "test poetry 1: dev-dependencies are a group" = {
    expr = dependenciesOf { tool.poetry.dev-dependencies.pytest = "^7"; } { };
    expected = { pytest = "^7"; };
  };
  "test poetry 2: [project] and its groups are read, with what poetry's own table adds" = {
    expr = dependenciesOf {
      project.dependencies = [ "A_b>=1" "c; sys_platform == 'win32'" ];
      project.optional-dependencies.gpu = [ "big" ];
      dependency-groups.lint = [ "ruff" { include-group = "dev"; } ];
      dependency-groups.dev = [ "pytest" ];
      tool.poetry.dependencies.a-b = { git = "https://g.example/r"; };
    } { extras = [ "gpu" ]; };
    expected = {
      a-b.git = "https://g.example/r";
      big = "*";
      pytest = "*";
      ruff = "*";
    };
  };
  "test that scripts are those of both tables" = {
    expr = (read { project.scripts.a = "x:y"; tool.poetry.scripts = { b = "x:z"; c = { reference = "r"; }; }; } { }).scripts;
    expected = { a = "x:y"; b = "x:z"; };
  };
  "test that a project without anything is read" = {
    expr = (read { } { }).pyProject.tool.poetry;
    expected = { name = "project"; version = "0"; dependencies = { }; };
  };
  "test that a group that is not there is told, and those that are" = {
    expr = dependenciesOf poetry1 { groups = [ "dcos" ]; };
    expectedError = refused "env.yaml: python.groups: pyproject.toml has no `dcos`; it has `dev`, `docs`, `extra-docs`";
  };
  "test that an extra that is not there is told, where there are none" = {
    expr = dependenciesOf { } { extras = [ "gpu" ]; };
    expectedError = refused "env.yaml: python.extras: pyproject.toml has no `gpu`; it has none";
  };
  "test that a group that includes one that is not there is told" = {
    expr = dependenciesOf { dependency-groups.dev = [ { include-group = "gone"; } ]; } { };
    expectedError = refused "the group `dev` includes `gone`, which it does not have";
  };
}
