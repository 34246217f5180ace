# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Option `dotenv` of a shell: files of variables, read when it opens.
{ flake-parts-lib, lib, ... }:
let
  inherit (lib) mkOption types;

  shell = types.submodule (
    { config, ... }:
    {
      _file = ./dotenv.nix;
      options.dotenv = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Files of variables, from the project's root, read when the shell opens.";
      };
      config.entering = lib.mkIf (config.dotenv != [ ]) (
        lib.mkOrder 200 ''
          PYENVSPEC_DOTENV=${lib.escapeShellArg (lib.concatStringsSep "\n" config.dotenv)}
          source ${./dotenv.sh}
          unset PYENVSPEC_DOTENV
        ''
      );
    }
  );
in
{
  options.perSystem = flake-parts-lib.mkPerSystemOption {
    _file = ./dotenv.nix;
    options.pyenvspec.shells = mkOption { type = types.lazyAttrsOf shell; };
  };
}
