# Tests of ../modules/lock-uv.nix.
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
    import ../modules/lock-uv.nix { inherit lib holds; } (
      {
        pyproject = { };
        groups = [ ];
        extras = [ ];
      }
      // arguments
    );
  named = packages: map (package: "${package.name} ${package.version}") packages;

  registry = "https://index.example/simple";
  pypi = name: version: more: { inherit name version; source.registry = registry; } // more;
  project = more: { name = "demo"; version = "0.1"; source.editable = "."; } // more;
  lockOf = more: packages: { package = [ (project more) ] ++ packages; };
in
{
  "test that what the project depends on is reached, and no more" = {
    expr = named (read {
      lock = lockOf { dependencies = [ { name = "a"; } ]; } [
        (pypi "a" "1" { dependencies = [ { name = "b"; } ]; })
        (pypi "b" "2" { })
        (pypi "other" "3" { })
      ];
    });
    expected = [ "demo 0.1" "a 1" "b 2" ];
  };
  "test that packages that need each other end" = {
    expr = named (read {
      lock = lockOf { dependencies = [ { name = "a"; } ]; } [
        (pypi "a" "1" { dependencies = [ { name = "b"; } ]; })
        (pypi "b" "2" { dependencies = [ { name = "a"; } ]; })
      ];
    });
    expected = [ "demo 0.1" "a 1" "b 2" ];
  };
  "test that markers hold or not along the way" = {
    expr = named (read {
      lock = lockOf {
        dependencies = [
          { name = "a"; marker = "sys_platform == 'win32'"; }
          { name = "b"; marker = "python_full_version < '3.12'"; }
        ];
      } [
        (pypi "a" "1" { })
        (pypi "b" "2" { dependencies = [ { name = "c"; marker = "sys_platform == 'darwin'"; } ]; })
        (pypi "c" "3" { })
      ];
    });
    expected = [ "demo 0.1" "b 2" ];
  };
  "test that of two versions the one whose surroundings these are is taken" = {
    expr = named (read {
      lock = lockOf { dependencies = [ { name = "a"; version = "1"; } { name = "a"; version = "2"; } ]; } [
        (pypi "a" "1" { resolution-markers = [ "python_full_version < '3.10'" ]; })
        (pypi "a" "2" { resolution-markers = [ "python_full_version >= '3.10'" "sys_platform == 'win32'" ]; })
      ];
    });
    expected = [ "demo 0.1" "a 2" ];
  };
  "test that of one version from two indices the one named is taken" = {
    expr = map (package: package.place) (read {
      lock = lockOf { dependencies = [ { name = "a"; source.registry = "https://b.example"; } ]; } [
        (pypi "a" "1" { source.registry = "https://a.example"; })
        (pypi "a" "1" { source.registry = "https://b.example"; })
      ];
    });
    expected = [ "." "https://b.example" ];
  };
  "test that extras of the project and of a dependency bring theirs" = {
    expr = named (read {
      extras = [ "gpu" "not-there" ];
      lock = lockOf {
        dependencies = [ { name = "a"; extra = [ "more" ]; } ];
        optional-dependencies.gpu = [ { name = "g"; } ];
        optional-dependencies.cpu = [ { name = "c"; } ];
      } [
        (pypi "a" "1" {
          optional-dependencies.more = [ { name = "m"; } ];
          optional-dependencies.less = [ { name = "l"; } ];
        })
        (pypi "c" "1" { })
        (pypi "g" "1" { })
        (pypi "l" "1" { })
        (pypi "m" "1" { })
      ];
    });
    expected = [ "demo 0.1" "a 1" "g 1" "m 1" ];
  };
  "test that extras that exclude each other decide by their names in markers" = {
    expr =
      let
        lock = lockOf {
          dependencies = [
            { name = "a"; version = "1"; marker = "extra == 'extra-4-demo-old'"; }
            { name = "a"; version = "2"; marker = "extra == 'extra-4-demo-new'"; }
          ];
          optional-dependencies.old = [ ];
          optional-dependencies.new = [ ];
        } [ (pypi "a" "1" { }) (pypi "a" "2" { }) ];
      in
      map (extra: named (read { inherit lock; extras = [ extra ]; })) [ "old" "new" ];
    expected = [ [ "demo 0.1" "a 1" ] [ "demo 0.1" "a 2" ] ];
  };
  "test that groups are those asked for and the default ones" = {
    expr =
      let
        lock = lockOf {
          dev-dependencies.dev = [ { name = "d"; } ];
          dev-dependencies.docs = [ { name = "s"; } ];
          dev-dependencies.lint = [ { name = "l"; } ];
        } [ (pypi "d" "1" { }) (pypi "l" "1" { }) (pypi "s" "1" { }) ];
        defaults = given: { tool.uv.default-groups = given; };
      in
      map (arguments: lib.tail (named (read ({ inherit lock; } // arguments)))) [
        { }
        { groups = [ "docs" ]; }
        { pyproject = defaults [ "lint" ]; }
        { pyproject = defaults "all"; }
        { pyproject = defaults [ ]; groups = [ "not-there" ]; }
      ];
    expected = [ [ "d 1" ] [ "d 1" "s 1" ] [ "l 1" ] [ "d 1" "s 1" "l 1" ] [ ] ];
  };
  "test that without a project every member counts, and the workspace's own groups" = {
    expr = named (read {
      lock = {
        manifest.members = [ "one" "two" ];
        manifest.dependency-groups.dev = [ { name = "d"; } ];
        package = [
          { name = "one"; version = "1"; source.virtual = "one"; dependencies = [ { name = "a"; } ]; }
          { name = "two"; version = "1"; source.editable = "two"; }
          (pypi "a" "1" { })
          (pypi "d" "1" { })
          (pypi "z" "1" { })
        ];
      };
    });
    expected = [ "one 1" "two 1" "d 1" "a 1" ];
  };
  "test that a lock without packages gives none" = {
    expr = read { lock.version = 1; };
    expected = [ ];
  };
  "test that files are as the lock names them" = {
    expr = map (package: package.files) (read {
      lock = {
        manifest.members = [ "a" "b" "c" ];
        package = [
          (pypi "a" "1" { wheels = [ { url = "https://x.example/f/a-1-py3-none-any.whl#sha256=00?x"; hash = "sha256:0"; size = 9; } ]; })
          { name = "b"; version = "1"; source.registry = "./wheels"; wheels = [ { path = "b-1-py3-none-any.whl"; } ]; }
          { name = "c"; version = "1"; source.path = "w/c-1-py3-none-any.whl"; wheels = [ { filename = "c-1-py3-none-any.whl"; hash = "sha256:1"; } ]; }
        ];
      };
    });
    expected = [
      [ { name = "a-1-py3-none-any.whl"; url = "https://x.example/f/a-1-py3-none-any.whl#sha256=00?x"; path = null; hash = "sha256:0"; size = 9; } ]
      [ { name = "b-1-py3-none-any.whl"; url = null; path = "./wheels/b-1-py3-none-any.whl"; hash = null; size = null; } ]
      [ { name = "c-1-py3-none-any.whl"; url = null; path = "w/c-1-py3-none-any.whl"; hash = "sha256:1"; size = null; } ]
    ];
  };
  "test that a wheel named by its address is fetched from there" = {
    expr =
      let
        url = "https://x.example/a-1-py3-none-any.whl";
        lock = lockOf { dependencies = [ { name = "a"; } ]; } [
          { name = "a"; version = "1"; source = { inherit url; }; wheels = [ { filename = "a-1-py3-none-any.whl"; hash = "sha256:0"; } ]; }
        ];
      in
      map (package: { inherit (package) kind place; urls = map (file: file.url) package.files; }) (lib.tail (read { inherit lock; }));
    expected = [
      { kind = "url"; place = "https://x.example/a-1-py3-none-any.whl"; urls = [ "https://x.example/a-1-py3-none-any.whl" ]; }
    ];
  };
  "test that the kind of a source is told" = {
    expr =
      let
        packages = lib.imap0 (i: source: { name = "p${toString i}"; inherit source; }) [
          { git = "https://g.example/r?rev=1#1"; }
          { directory = "../d"; }
          { virtual = "v"; }
          { registry = registry; }
          { }
        ];
      in
      map (package: package.kind) (read {
        lock = { package = packages; manifest.members = map (package: package.name) packages; };
      });
    expected = [ "git" "directory" "virtual" "registry" "registry" ];
  };
}
