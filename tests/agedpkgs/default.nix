# `import nixpkgs { system, config, overlays, … }`, as in nixpkgs.
{
  overlays ? [ ],
  config ? { },
  ...
}@args:
let
  aged = import ./aged.nix;
in
import aged.path (
  args
  // {
    # What newer Pythons and CUDAs broke need not be broken there.
    config = config // {
      allowBroken = true;
    };
    overlays = [
      aged.overlay
      (import ./without-haskell.nix)
    ] ++ overlays;
  }
)
