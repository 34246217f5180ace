# STAND-IN for an older nixpkgs, for tests: the newest one at hand, with the Pythons and CUDA sets that only older
# releases have, made of those that it has. Good for evaluating what is written for an older release; versions are not its own.
# Incomplete as it lies here: tests/e2e/inputs.py copies it and adds `aged.json` and
# `without-haskell.nix`.
{
  description = "An older nixpkgs, made of a newer one";

  outputs =
    { self }:
    let
      inherit (import ./aged.nix) lib;
    in
    {
      inherit lib;
      legacyPackages = lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
        "aarch64-darwin"
      ] (system: import ./. { inherit system; });
    };
}
