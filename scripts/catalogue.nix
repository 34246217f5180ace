# What a nixpkgs says about its packages, asked one name at a time: `nix repl` goes on where one of them stops Nix.
{ nixpkgs }:
let
  load =
    config:
    import nixpkgs {
      system = "x86_64-linux";
      overlays = [ (import ./without-haskell.nix) ];
      inherit config;
    };
  # As it comes: what is unfree, insecure or broken has no derivation here.
  pkgs = load { };
  canonical = load { allowAliases = false; };
  inherit (pkgs) lib;

  at = set: name: lib.getAttrFromPath (lib.splitString "." name) set;
  orElse =
    fallback: value:
    let
      tried = builtins.tryEval value;
    in
    if tried.success then tried.value else fallback;
  deep = fallback: value: orElse fallback (builtins.deepSeq value value);
  isPackage = value: orElse "" (value.type or "") == "derivation";

  describe =
    value:
    if builtins.isFunction value || (builtins.isAttrs value && value ? __functor && !isPackage value) then
      { kind = "function"; }
    else if !builtins.isAttrs value then
      { kind = builtins.typeOf value; }
    else if !isPackage value then
      {
        kind = "set";
        names = deep [ ] (builtins.attrNames value);
      }
    else
      {
        kind = "package";
        drv = orElse null (builtins.unsafeDiscardStringContext value.drvPath);
        pname = deep null (lib.getName value);
        version = deep "" (lib.getVersion value);
        description = deep "" (value.meta.description or "");
        homepage = deep null (value.meta.homepage or null);
        modules = deep [ ] (value.meta.pkgConfigModules or [ ]);
        unfree = deep false (value.meta.unfree or false);
        broken = deep false (value.meta.broken or false);
        vulnerable = deep [ ] (value.meta.knownVulnerabilities or [ ]) != [ ];
        linux = deep true (lib.meta.availableOn pkgs.stdenv.hostPlatform value);
      };

  # A nixpkgs of its own for each name, since what was permitted once is not asked about again.
  permitting =
    name:
    at (load {
      allowBroken = true;
      allowUnsupportedSystem = true;
      allowUnfreePredicate = package: builtins.trace "unfree ${lib.getName package}" true;
      allowInsecurePredicate = package: builtins.trace "insecure ${lib.getName package}" true;
    }) name;
in
{
  names = builtins.toJSON (builtins.attrNames pkgs);
  canonicalNames = builtins.toJSON (builtins.attrNames canonical);
  ask =
    name:
    let
      tried = builtins.tryEval (at pkgs name);
    in
    builtins.toJSON (
      { inherit name; } // (if tried.success then describe tried.value else { kind = "throw"; })
    );
  # Says on stderr why a name stops.
  complain = name: builtins.seq (at pkgs name) (builtins.toJSON { inherit name; });
  # Says on stderr what has to be permitted.
  permit = name: builtins.seq (permitting name).drvPath (builtins.toJSON { inherit name; });
}
