# What a Nix user writes for the same packages without any framework.
{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { nixpkgs, ... }:
    let
      pkgs = nixpkgs.legacyPackages.x86_64-linux;
    in
    {
      devShells.x86_64-linux.default = pkgs.mkShell {
        packages = [
          pkgs.python312
          pkgs.uv
          pkgs.libsndfile
        ];
        LD_LIBRARY_PATH = pkgs.lib.makeLibraryPath (
          [
            pkgs.stdenv.cc.cc
            pkgs.zlib
            pkgs.libsndfile
          ]
          ++ pkgs.pythonManylinuxPackages.manylinux2014
        );
        shellHook = ''
          test -d .venv || uv venv --python python3.12
          . .venv/bin/activate
          uv sync --active
        '';
      };
    };
}
