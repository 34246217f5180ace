# Written by pyenvspec from env.yaml; edit env.yaml instead, and run `pyenvspec compile`.

{
  description = "Python environment of sound-lab";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    flake-parts.url = "github:hercules-ci/flake-parts/427bf4bd9435fdf21321c8cc628c24efc14c0f7a?narHash=sha256-4dtXQk/NMePegK/nWp5NSeuZKLATItOq61lpEvmXqGw%3D";
    flake-parts.inputs.nixpkgs-lib.follows = "nixpkgs";
    nix2container.url = "github:nlewo/nix2container/20d339590c3c36252514a57b0241c47bcd8a08ce?narHash=sha256-vgxwF/GS9lRC9s211RnmJaGKHIUexMiRs7Eslh11E08%3D";
    nix2container.inputs.nixpkgs.follows = "nixpkgs";
  };

  outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } ./nix/pyenvspec;
}
