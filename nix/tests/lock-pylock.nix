# Tests of ../modules/lock-pylock.nix.
{
  lib ? import ../../tests/nix/lib.nix,
}:
let
  environment = {
    python_version = "3.11";
    sys_platform = "linux";
    extras = [ ];
    dependency_groups = [ ];
  };
  holds = more: import ../modules/markers.nix { inherit lib; } (environment // more);
  read =
    arguments: lock:
    import ../modules/lock-pylock.nix { inherit lib holds; } (
      {
        inherit lock;
        groups = [ ];
        extras = [ ];
      }
      // arguments
    );
in
{
  "test that markers, extras and groups choose" = {
    expr =
      let
        lock.default-groups = [ "main" ];
        lock.packages = [
          { name = "always"; }
          { name = "windows"; marker = "sys_platform == 'win32'"; }
          { name = "gpu"; marker = "'gpu' in extras"; }
          { name = "main"; marker = "'main' in dependency_groups"; }
          { name = "docs"; marker = "'docs' in dependency_groups and python_version >= '3.10'"; }
        ];
      in
      map (arguments: map (package: package.name) (read arguments lock)) [
        { }
        { extras = [ "gpu" ]; }
        { groups = [ "docs" ]; }
      ];
    expected = [
      [ "always" "main" ]
      [ "always" "gpu" "main" ]
      [ "always" "main" "docs" ]
    ];
  };
  "test that names are as PEP 503 compares them, and a version may be missing" = {
    expr = map (package: { inherit (package) name version; }) (read { } { packages = [ { name = "A_b"; } ]; });
    expected = [ { name = "a-b"; version = "0"; } ];
  };
  "test that a lock without packages gives none" = {
    expr = read { } { lock-version = "1.0"; };
    expected = [ ];
  };
  "test that files are wheels by address or path" = {
    expr = lib.concatMap (package: package.files) (read { } {
      packages = [
        { name = "a"; wheels = [ { url = "https://x.example/a-1-py3-none-any.whl"; hashes.sha256 = "0"; size = 9; } ]; }
        { name = "b"; wheels = [ { name = "b-1-py3-none-any.whl"; path = "w/x"; hashes.sha512 = "0"; } ]; }
        { name = "c"; archive = { path = "w/c-1-py3-none-any.whl"; hashes.sha256 = "1"; }; }
        { name = "d"; archive = { url = "https://x.example/d-1.tar.gz"; hashes.sha256 = "1"; }; }
        { name = "e"; sdist.url = "https://x.example/e-1.tar.gz"; }
      ];
    });
    expected = [
      { name = "a-1-py3-none-any.whl"; url = "https://x.example/a-1-py3-none-any.whl"; path = null; hash = "sha256:0"; size = 9; }
      { name = "b-1-py3-none-any.whl"; url = null; path = "w/x"; hash = null; size = null; }
      { name = "c-1-py3-none-any.whl"; url = null; path = "w/c-1-py3-none-any.whl"; hash = "sha256:1"; size = null; }
    ];
  };
  "test that the kind of a source and its place are told" = {
    expr = map (package: "${package.kind} ${package.place}") (read { } {
      packages = [
        { name = "a"; vcs = { type = "git"; url = "https://g.example/r"; }; }
        { name = "b"; directory.path = "."; }
        { name = "c"; archive.url = "https://x.example/c.tar.gz"; }
        { name = "d"; index = "https://index.example/simple"; }
        { name = "e"; }
      ];
    });
    expected = [
      "git https://g.example/r"
      "directory ."
      "url https://x.example/c.tar.gz"
      "registry https://index.example/simple"
      "registry "
    ];
  };
}
