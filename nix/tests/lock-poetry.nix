# Tests of ../modules/lock-poetry.nix: the formats 1.0, 2.0 and 2.1.
{
  lib ? import ../../tests/nix/lib.nix,
}:
let
  environment = {
    python_full_version = "3.11.9";
    python_version = "3.11";
    sys_platform = "linux";
    extra = [ ];
  };
  holds = more: import ../modules/markers.nix { inherit lib; } (environment // more);
  read =
    arguments:
    import ../modules/lock-poetry.nix {
      inherit lib holds;
      pythonVersion = "3.11.9";
    } (
      {
        pyproject = { };
        groups = [ ];
        extras = [ ];
      }
      // arguments
    );
  namesOf = arguments: map (package: package.name) (read arguments);

  package = name: more: { inherit name; version = "1"; } // more;
  lockOf = version: packages: {
    package = packages;
    metadata.lock-version = version;
  };
  # Of format 2.0, where the project says what is wanted.
  reached =
    pyproject: packages: namesOf { inherit pyproject; lock = lockOf "2.0" packages; };
  byPython =
    constraint:
    reached { tool.poetry.dependencies.a = { version = "*"; python = constraint; }; } [ (package "a" { }) ] != [ ];
in
{
  "test 2.1: groups of the lock and markers of each choose" = {
    expr =
      let
        lock = lockOf "2.1" [
          (package "A_b" { groups = [ "main" ]; })
          (package "dev" { groups = [ "dev" ]; })
          (package "docs" { groups = [ "docs" ]; })
          (package "windows" { groups = [ "main" ]; markers = "sys_platform == 'win32'"; })
          (package "either" { groups = [ "main" "docs" ]; markers = { main = "sys_platform == 'win32'"; docs = "sys_platform == 'linux'"; }; })
        ];
        pyproject.tool.poetry.group = {
          dev.dependencies = { };
          docs = { optional = true; dependencies = { }; };
        };
      in
      map (groups: namesOf { inherit groups lock pyproject; }) [ [ ] [ "Docs" ] ];
    expected = [
      [ "a-b" "dev" ]
      [ "a-b" "dev" "docs" "either" ]
    ];
  };
  "test 2.1: what is optional comes with the extra that names it" = {
    expr =
      let
        lock = lockOf "2.1" [
          (package "torch" { groups = [ "main" ]; optional = true; })
          (package "other" { groups = [ "main" ]; optional = true; })
          (package "nested" { groups = [ "main" ]; optional = true; markers = "extra == 'gpu'"; })
        ] // { extras.GPU = [ "torch (>=2)" "nested" ]; };
      in
      map (extras: namesOf { inherit extras lock; }) [ [ ] [ "gpu" ] [ "not-there" ] ];
    expected = [ [ ] [ "torch" "nested" ] [ ] ];
  };
  "test 2.0: the way from the project tells" = {
    expr = reached {
      tool.poetry = {
        dependencies = { python = "^3.10"; A = "^1"; };
        group.dev.dependencies.d = "*";
        group.docs = { optional = true; dependencies.s = "*"; };
      };
    } [
      (package "a" { dependencies = { b = ">=1"; c = { version = "*"; markers = "sys_platform == 'win32'"; }; }; })
      (package "b" { })
      (package "c" { })
      (package "d" { })
      (package "s" { })
      (package "z" { })
    ];
    expected = [ "a" "b" "d" ];
  };
  "test 2.0: dependencies of [project] and its groups are read" = {
    expr = namesOf {
      groups = [ "lint" ];
      pyproject = {
        project.dependencies = [
          "A_b[more] >=1,<2; python_version >= '3.10'"
          "c ; sys_platform == 'win32'"
          "u @ https://x.example/u-1.tar.gz"
        ];
        dependency-groups.lint = [ "l" { include-group = "dev"; } ];
      };
      lock = lockOf "2.0" [
        (package "A.b" { dependencies.m = { version = "*"; optional = true; }; extras.more = [ "m (>=1)" ]; })
        (package "c" { })
        (package "l" { })
        (package "m" { })
        (package "u" { })
      ];
    };
    expected = [ "a-b" "l" "m" "u" ];
  };
  "test 2.0: optional dependencies come with their extra only" = {
    expr =
      let
        pyproject.tool.poetry.dependencies.torch = { version = "*"; optional = true; };
        lock = lockOf "2.0" [ (package "torch" { optional = true; }) ] // { extras.gpu = [ "torch" ]; };
      in
      map (extras: namesOf { inherit extras lock pyproject; }) [ [ ] [ "gpu" ] ];
    expected = [ [ ] [ "torch" ] ];
  };
  "test 2.0: constraints on Python are poetry's" = {
    expr = lib.genAttrs [
      "*"
      "^3.10"
      "^2.7"
      "~3.11"
      "~3.10"
      ">=3.8,<4.0"
      ">=3.8, <3.11"
      ">= 3.8"
      "3.11.*"
      "!=3.11.*"
      "3.11"
      "<3.9 || >=3.11"
      "<3.9|>3.12"
      "nonsense"
    ] byPython;
    expected = {
      "*" = true;
      "^3.10" = true;
      "^2.7" = false;
      "~3.11" = true;
      "~3.10" = false;
      ">=3.8,<4.0" = true;
      ">=3.8, <3.11" = false;
      ">= 3.8" = true;
      "3.11.*" = true;
      "!=3.11.*" = false;
      "3.11" = true;
      "<3.9 || >=3.11" = true;
      "<3.9|>3.12" = false;
      # What cannot be read is no reason to leave a package out.
      "nonsense" = true;
    };
  };
  "test 2.0: of a list of tables one has to apply" = {
    expr = reached {
      tool.poetry.dependencies.a = [
        { version = "1"; python = "<3.9"; }
        { version = "2"; python = ">=3.9"; }
      ];
      tool.poetry.dependencies.b = [
        { version = "1"; platform = "win32"; }
        { version = "2"; markers = "sys_platform == 'darwin'"; }
      ];
    } [ (package "a" { python-versions = ">=3.9"; version = "2"; }) (package "a" { python-versions = "<3.9"; }) (package "b" { }) ];
    expected = [ "a" ];
  };
  "test 1.x: files stand in the metadata, those of every version together" = {
    expr = map (found: map (file: file.name) found.files) (read {
      pyproject.tool.poetry.dependencies.A = "*";
      lock = {
        package = [ (package "a" { version = "1.1"; }) ];
        metadata = {
          lock-version = "1.1";
          files.A = [
            { file = "a-1.1-py3-none-any.whl"; hash = "sha256:0"; }
            { file = "a-1.1.tar.gz"; hash = "sha256:1"; }
            { file = "a-1.10-py3-none-any.whl"; hash = "sha256:2"; }
          ];
        };
      };
    });
    expected = [ [ "a-1.1-py3-none-any.whl" "a-1.1.tar.gz" ] ];
  };
  "test that sources and files are as the lock names them" = {
    expr = map (found: { inherit (found) kind place; files = map (file: [ file.url file.path file.hash ]) found.files; }) (read {
      lock = lockOf "2.1" (
        map (more: package "a" ({ groups = [ "main" ]; files = [ { file = "a-1-py3-none-any.whl"; hash = "sha256:0"; } ]; } // more)) [
          { }
          { source = { type = "legacy"; url = "https://index.example/simple"; }; }
          { source = { type = "url"; url = "https://x.example/a-1-py3-none-any.whl"; }; }
          { source = { type = "file"; url = "wheels/a-1-py3-none-any.whl"; }; }
          { source = { type = "git"; url = "https://g.example/r"; }; files = [ ]; }
          { source = { type = "directory"; url = "../b"; }; files = [ ]; }
        ]
      );
    });
    expected = [
      { kind = "registry"; place = ""; files = [ [ null null "sha256:0" ] ]; }
      { kind = "registry"; place = "https://index.example/simple"; files = [ [ null null "sha256:0" ] ]; }
      { kind = "url"; place = "https://x.example/a-1-py3-none-any.whl"; files = [ [ "https://x.example/a-1-py3-none-any.whl" null "sha256:0" ] ]; }
      { kind = "path"; place = "wheels/a-1-py3-none-any.whl"; files = [ [ null "wheels/a-1-py3-none-any.whl" "sha256:0" ] ]; }
      { kind = "git"; place = "https://g.example/r"; files = [ ]; }
      { kind = "directory"; place = "../b"; files = [ ]; }
    ];
  };
  "test that a lock without packages gives none" = {
    expr = map (version: read { lock = { metadata.lock-version = version; }; }) [ "1.1" "2.0" "2.1" ];
    expected = [ [ ] [ ] [ ] ];
  };
}
