# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Which of a package's wheels pip would take: their file names in, the best one that fits this Python and machine out, null
# where none does (platform compatibility tags of packaging.python.org).
#
#   import ./wheel-tags.nix { inherit lib; } { pythonVersion = "3.11"; platform = stdenv.hostPlatform; glibc = "2.40"; } files
{ lib }:
{
  pythonVersion,
  platform,
  # Version of the C library, null elsewhere than on Linux with glibc.
  glibc ? null,
}:
let
  minor = lib.toInt (lib.versions.minor pythonVersion);
  own = "cp3${toString minor}";

  # glibc of the names that came before manylinux_2_17.
  legacy = {
    manylinux1 = "2.5";
    manylinux2010 = "2.12";
    manylinux2014 = "2.17";
  };

  anyMachine = 1;

  # A newer interface is preferred; 0 where the platform is another one.
  platformRank =
    tag:
    let
      versioned = builtins.match "manylinux_([0-9]+)_0*([0-9]+)_(.+)" tag;
      named = builtins.match "(manylinux1|manylinux2010|manylinux2014)_(.+)" tag;
      plain = builtins.match "linux_(.+)" tag;
      mac = builtins.match "macosx_0*([0-9]+)_([0-9]+)_(.+)" tag;
      ofGlibc =
        version: machine:
        if
          glibc != null
          && machine == platform.parsed.cpu.name
          && lib.versionAtLeast glibc version
        then
          1 + lib.toInt (lib.versions.minor version)
        else
          0;
      macMachines = if platform.isAarch64 then [ "arm64" "universal2" ] else [ "x86_64" "universal2" "intel" ];
    in
    if tag == "any" then
      anyMachine
    else if versioned != null then
      ofGlibc "${lib.elemAt versioned 0}.${lib.elemAt versioned 1}" (lib.elemAt versioned 2)
    else if named != null then
      ofGlibc legacy.${lib.head named} (lib.elemAt named 1)
    else if plain != null then
      ofGlibc "2.1" (lib.head plain)
    else if mac != null && platform.isDarwin && lib.elem (lib.elemAt mac 2) macMachines then
      # nixpkgs runs on newer ones than this.
      if lib.toInt (lib.head mac) <= 14 then 1 + lib.toInt (lib.head mac) else 0
    else
      0;

  pythonRank =
    python: abi:
    let
      tagged = builtins.match "(py|cp)3([0-9]*)" python;
      of = if lib.elemAt tagged 1 == "" then 0 else lib.toInt (lib.elemAt tagged 1);
      # py311 before py3 before py310.
      generic = if of == minor then 200 else if of == 0 then 100 else of;
    in
    if tagged == null then
      0
    else if python == own && abi == own || python == own && abi == "${own}m" then
      4000
    else if lib.head tagged == "cp" && abi == "abi3" && of <= minor then
      3000 + of
    else if abi == "none" && lib.head tagged == "cp" && python == own then
      2000
    else if abi == "none" && lib.head tagged == "py" && of <= minor then
      1000 + generic
    else
      0;

  rank =
    file:
    let
      parts = lib.splitString "-" (lib.removeSuffix ".whl" file);
      tags = map (lib.splitString ".") (lib.drop (lib.length parts - 3) parts);
      best = lib.foldl' lib.max 0;
      python = best (
        lib.concatMap (p: map (pythonRank p) (lib.elemAt tags 1)) (lib.head tags)
      );
      machine = best (map platformRank (lib.elemAt tags 2));
    in
    # A name of other parts is none of a wheel.
    if lib.length parts < 5 || python == 0 || machine == 0 then
      0
    else if machine == anyMachine && python < 3000 then
      # Behind every wheel for this machine, one for this Python first.
      1 + (if python == 2000 then 900 else python - 1000) * 100
    else
      python * 100 + machine;
in
files:
let
  ranked = map (file: {
    inherit file;
    rank = rank file;
  }) (lib.filter (lib.hasSuffix ".whl") files);
  better = a: b: if b.rank > a.rank then b else a;
  best = lib.foldl' better {
    file = null;
    rank = 0;
  } ranked;
in
best.file
