# The options of devenv's services, and what their default packages are.
{ devenv, nixpkgs }:
let
  pkgs = import nixpkgs {
    system = "x86_64-linux";
    overlays = [ (import ./without-haskell.nix) ];
    config = {
      allowUnfree = true;
      allowInsecurePredicate = _: true;
    };
  };
  inherit (pkgs) lib;
  folder = devenv + "/src/modules/services";
  services = map (file: folder + "/${file}") (builtins.attrNames (builtins.readDir folder));
  # What the services give to the rest of devenv is not looked at.
  rest = {
    config._module.check = false;
    options =
      {
        lib = lib.mkOption { default.getInput = input: throw "the input ${input.name} is not here"; };
      }
      //
      lib.genAttrs
        [
          "assertions"
          "env"
          "packages"
          "processes"
          "tasks"
        ]
        (
          _:
          lib.mkOption {
            type = lib.types.anything;
            default = { };
          }
        );
  };
  inherit
    (lib.evalModules {
      modules = services ++ [ rest ];
      specialArgs = {
        inherit pkgs;
        inputs = { };
      };
    })
    options
    ;
  orElse =
    fallback: value:
    let
      tried = builtins.tryEval (builtins.deepSeq value value);
    in
    if tried.success then tried.value else fallback;
  flatten =
    path: option:
    if lib.isOption option then
      [ { inherit path option; } ]
    else
      lib.concatLists (
        lib.mapAttrsToList (name: flatten (path ++ [ name ])) (removeAttrs option [ "_module" ])
      );
  describe =
    _: service:
    let
      found = flatten [ ] service;
      defaults = map (one: one.option.default or null) (
        builtins.filter (one: one.option.type.name or "" == "package") found
      );
      meta =
        test:
        lib.unique (
          map lib.getName (
            builtins.filter (package: package != null && orElse false (test package.meta)) (
              map (
                value:
                let
                  tried = builtins.tryEval value;
                in
                if tried.success then tried.value else null
              ) defaults
            )
          )
        );
    in
    {
      options = lib.listToAttrs (
        map (
          one: lib.nameValuePair (lib.concatStringsSep "." one.path) (orElse "unknown" one.option.type.name)
        ) found
      );
      unfree = meta (m: m.unfree or false);
      insecure = meta (m: m.knownVulnerabilities or [ ] != [ ]);
      # A default that stops: devenv takes that package from an input of its own.
      elsewhere = builtins.any (value: !(builtins.tryEval value).success) defaults;
    };
in
lib.mapAttrs describe options.services
