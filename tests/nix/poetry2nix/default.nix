# STAND-IN for poetry2nix, for tests that run where no flake input is at hand: what nix/modules/poetry2nix-*.nix calls, over
# the packages of a poetry.lock.
{ pkgs }:
let
  inherit (pkgs) lib;
  make = import ../locked.nix lib;

  package =
    entry: arguments:
    let
      parted = lib.partition (file: lib.hasSuffix ".whl" file.file) entry.files;
      isWheel = parted.right != [ ] && (arguments.preferWheel || parted.wrong == [ ]);
    in
    {
      inherit arguments;
      again = package entry;
      name = "${entry.name}-${entry.version}";
      pname = entry.name;
      inherit (entry) version;
      format = if isWheel then "wheel" else "pyproject";
      src = if isWheel then "wheel" else "sdist";
      files = map (file: file.file) entry.files;
      nativeBuildInputs = [ ];
      buildInputs = [ ];
      propagatedBuildInputs = lib.attrNames (entry.dependencies or { });
    };
in
{
  mkPoetryPackages =
    {
      python,
      preferWheels,
      pyProject,
      poetrylock,
      pwd,
      overrides,
      groups,
      checkGroups,
    }:
    let
      lock = lib.importTOML poetrylock;
      base = python.pkgs // {
        mkPoetryDep = entry: make (package entry { preferWheel = preferWheels; });
        isPy27 = false;
      };
      locked =
        final: _:
        lib.listToAttrs (map (entry: lib.nameValuePair entry.name (final.mkPoetryDep entry)) lock.package);
      # The overlays that change how a package is made come before those that use it.
      set = lib.fix (
        final: lib.foldl' (prev: overlay: prev // overlay final prev) base ([ locked ] ++ overrides)
      );
      self = python // {
        pkgs = set;
        withPackages =
          choose:
          make {
            name = "python-env";
            arguments.packages = choose set;
            passthru = { };
            again = arguments: {
              name = "python-env";
              passthru = { };
              inherit arguments;
            };
          };
      };
    in
    {
      python = self;
      poetryPackages = map (name: set.${name}) (
        lib.filter (name: set.${name} or null != null) (lib.attrNames pyProject.tool.poetry.dependencies)
      );
    };
  defaultPoetryOverrides = _: _: { };
  mkPoetryScriptsPackage = arguments: make { name = "scripts"; inherit arguments; };
}
