# What a Nix user writes for pip: a Python, and the libraries that wheels may expect of any Linux.
{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { nixpkgs, ... }:
    let
      pkgs = nixpkgs.legacyPackages.x86_64-linux;
    in
    {
      devShells.x86_64-linux.default = pkgs.mkShell {
        packages = [ pkgs.python312 ];
        LD_LIBRARY_PATH = pkgs.lib.makeLibraryPath (
          [
            pkgs.stdenv.cc.cc
            pkgs.zlib
          ]
          ++ pkgs.pythonManylinuxPackages.manylinux2014
        );
        shellHook = ''
          test -d .venv || python -m venv .venv
          . .venv/bin/activate
          pip install -r requirements.txt
        '';
      };
    };
}
