# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Renders `perSystem.pyenvspec.shells.<name>` with nixpkgs' mkShell, as `devShells.<name>`.
{ inputs, lib, ... }:
{
  imports = [ ./shells.nix ];

  perSystem =
    { config, pkgs, ... }:
    let
      shellOf =
        shell:
        let
          parts = import ./shell-parts.nix {
            inherit lib pkgs;
            project = inputs.self;
          } shell;
        in
        pkgs.mkShell {
          inherit (shell) name;
          inherit (parts) packages;
          shellHook = parts.findProject + parts.enter;
        };
    in
    {
      devShells = lib.mapAttrs (_: shellOf) config.pyenvspec.shells;
    };
}
