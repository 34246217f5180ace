# aged.json names the nixpkgs underneath, and what it lacks: attributes, each under its first name.
let
  inherit (builtins.fromJSON (builtins.readFile ./aged.json)) nixpkgs lacking;
  path =
    (builtins.fetchTree {
      type = "path";
      inherit (nixpkgs) path narHash;
    }).outPath;
  lib = import (path + "/lib");

  # python310 → the oldest Python that is there, with the interface of a 3.10: its recipe has no patches for that one.
  python =
    final: prev: name:
    let
      minor = lib.removePrefix "python3" name;
      isThere = attribute: (builtins.tryEval (prev ? ${attribute} && prev.${attribute} ? override)).value;
      like = lib.findFirst isThere "python3" (map (m: "python3${toString m}") (lib.range 8 15));
      version = "3.${minor}.99";
      make =
        changes:
        let
          inherit (prev.${like}.override changes) passthru;
        in
        prev.${like}.overrideAttrs {
          inherit version;
          __intentionallyOverridingVersion = true;
        }
        // passthru
        // {
          inherit passthru version;
          override = more: make (changes // (if lib.isFunction more then more changes else more));
        };
    in
    make {
      self = final.${name};
      sourceVersion = {
        major = "3";
        inherit minor;
        patch = "99";
        suffix = "";
      };
    };

  # cudaPackages_11_8 → the default set; cudnn_8_9 is its cudnn.
  cuda =
    prev: attributes:
    prev.cudaPackages
    // lib.genAttrs attributes (
      attribute: prev.cudaPackages.${lib.head (lib.splitString "_" attribute)} or prev.cudaPackages.${attribute}
    );
in
{
  inherit lib path;
  overlay =
    final: prev:
    lib.mapAttrs (
      name: attributes: if lib.hasPrefix "python" name then python final prev name else cuda prev attributes
    ) lacking;
}
