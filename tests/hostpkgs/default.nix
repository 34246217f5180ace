# `import nixpkgs { system, config, overlays, … }`, as in nixpkgs.
{
  system ? args.localSystem.system or builtins.currentSystem,
  config ? { },
  overlays ? [ ],
  ...
}@args:
let
  host = import ./host.nix;
  inherit (host.nixpkgs) core lib path;

  # Names of nixpkgs' lib that the lib of the set underneath lacks, at the top level and one below.
  addMissing =
    new: old:
    new
    // builtins.mapAttrs (
      name: value:
      if builtins.isAttrs value && builtins.isAttrs (new.${name} or null) && !(value ? type) then
        new.${name} // value
      else
        value
    ) old;
in
# Of other systems only the evaluation can be tested: those packages stay as they are.
if system != host.system then
  import path args
else
  import core {
    inherit config system;
    overlays = [
      (final: prev: { lib = prev.lib.extend (_: old: addMissing lib old); })
      (import (path + "/dummies.nix"))
      (import ./overlay.nix host)
    ]
    ++ overlays;
    # No bootstrap: the compiler and the tools are there.
    stdenvStages = import ./stages.nix host;
    # Any key of config, as nixpkgs allows (allowUnfreePredicate, …).
    modules = [ { freeformType = lib.types.lazyAttrsOf lib.types.raw; } ];
  }
