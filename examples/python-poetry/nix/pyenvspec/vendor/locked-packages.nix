# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# What a lock says has to be in the environment of one Python on one machine: `wheels`, the file of each package; `missing`,
# the packages that have none, each with the reason; `local`, the project's own. Read when Nix evaluates, so that an image
# follows the lock without another compile.
{
  lib,
  pkgs,
  python,
  # The module that reads this kind of lock: lock-uv.nix, lock-poetry.nix, lock-pylock.nix.
  reader,
}:
{
  # Folder of the lock.
  folder,
  # Name of the lock in it.
  file,
  groups ? [ ],
  extras ? [ ],
}:
let
  inherit (pkgs.stdenv) hostPlatform;
  pythonVersion = python.version;
  minor = lib.versions.majorMinor pythonVersion;

  environment = {
    implementation_name = "cpython";
    implementation_version = pythonVersion;
    os_name = "posix";
    platform_machine = if hostPlatform.isDarwin && hostPlatform.isAarch64 then "arm64" else hostPlatform.parsed.cpu.name;
    platform_python_implementation = "CPython";
    python_implementation = "CPython";
    platform_release = "";
    platform_version = "";
    platform_system = if hostPlatform.isDarwin then "Darwin" else "Linux";
    sys_platform = if hostPlatform.isDarwin then "darwin" else "linux";
    python_full_version = pythonVersion;
    python_version = minor;
    extra = [ ];
    extras = [ ];
    dependency_groups = [ ];
  };
  evaluate = import ./markers.nix { inherit lib; };
  holds = more: evaluate (environment // more);

  bestWheel = import ./wheel-tags.nix { inherit lib; } {
    pythonVersion = minor;
    platform = hostPlatform;
    glibc = if hostPlatform.libc == "glibc" then pkgs.stdenv.cc.libc.version else null;
  };

  # Nix reads no dates, and pylock.toml says when files were published.
  withoutDates = text: lib.concatStrings (lib.filter lib.isString (builtins.split "upload-time *= *[0-9][0-9TZ:.+-]*,?" text));
  lock = builtins.addErrorContext "while reading ${file}; where it is cut off or holds conflict marks, lock again" (
    fromTOML (withoutDates (builtins.readFile (folder + "/${file}")))
  );
  pyproject =
    if builtins.pathExists (folder + "/pyproject.toml") then
      lib.importTOML (folder + "/pyproject.toml")
    else
      { };
  packages = import reader { inherit lib holds pythonVersion; } {
    inherit
      extras
      groups
      lock
      pyproject
      ;
  };

  isLocal =
    package:
    lib.elem package.kind [
      "directory"
      "editable"
      "virtual"
    ];

  choose =
    package:
    let
      name = bestWheel (map (file: file.name) package.files);
      wheel = lib.findFirst (file: file.name == name) null package.files;
    in
    package
    // {
      inherit wheel;
      reason =
        if package.kind == "git" then
          "is taken from a repository, and so must be built"
        else if package.files == [ ] then
          "has no wheel in ${file}, only its source"
        else if wheel == null then
          "has no wheel in ${file} for Python ${minor} on ${hostPlatform.system}"
        else if builtins.match "sha256:[0-9a-f]{64}" (toString wheel.hash) == null && wheel.path == null then
          "has no sha256 in ${file}"
        else
          null;
    };
  chosen = map choose (lib.filter (package: !isLocal package) packages);
in
{
  wheels = lib.filter (package: package.reason == null) chosen;
  missing = lib.filter (package: package.reason != null) chosen;
  local = lib.filter isLocal packages;
}
