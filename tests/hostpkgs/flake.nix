# STAND-IN for nixpkgs, for tests: the real nixpkgs, stdenv and builders, but its leaves are programs and
# libraries that this machine already has, so the real Nix builds a shell in seconds and offline.
# Incomplete as it lies here: tests/e2e/harness.py copies it and adds `host.json`, the description of
# one machine, which names the real nixpkgs underneath too.
{
  description = "nixpkgs over this machine's own programs";

  outputs =
    { self }:
    let
      inherit ((import ./host.nix).nixpkgs) lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "aarch64-darwin"
        "x86_64-darwin"
      ];
    in
    {
      inherit lib;
      legacyPackages = lib.genAttrs systems (system: import ./. { inherit system; });
    };
}
