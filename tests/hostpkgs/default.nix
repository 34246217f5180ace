# `import nixpkgs { system, config, overlays, … }`, as in nixpkgs.
{
  system ? args.localSystem.system or builtins.currentSystem,
  config ? { },
  overlays ? [ ],
  ...
}@args:
let
  host = import ./host.nix;
in
# Of other systems only the evaluation can be tested: those packages stay as they are.
if system != host.system then
  import host.nixpkgs.path args
else
  import host.nixpkgs.path (
    removeAttrs args [ "localSystem" ]
    // {
      inherit config system;
      overlays = [ (import ./overlay.nix host) ] ++ overlays;
      # No bootstrap: the compiler and the tools are there.
      stdenvStages = import ./stages.nix host;
    }
  )
