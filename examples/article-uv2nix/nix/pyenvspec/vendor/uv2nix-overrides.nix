# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Overrides of single packages for uv2nix: overlays of its package set, and what goes before.
{
  inputs,
  lib,
  pkgs,
}:
given:
let
  shared = import ./overrides.nix { inherit lib; };
  inherit (inputs.pyproject-nix.lib.pypa) normalizePackageName;
  inherit (pkgs.callPackages inputs.pyproject-nix.build.hacks { }) nixpkgsPrebuilt;

  removed = lib.attrNames (lib.filterAttrs (_: override: override.remove) given);
  keep = lib.filter (package: !lib.elem package.name removed);

  fromNixpkgs =
    prev: name: override:
    nixpkgsPrebuilt {
      prev = prev.${name};
      from = shared.changeRecipe override (prev.${name}.override { sourcePreference = "sdist"; }) (
        shared.recipeOf prev.python "overrides.${name}.from_nixpkgs" name
      );
    };

  buildSystems =
    final: old: key: override:
    lib.optionals ((old.passthru.format or "") != "wheel" && override.buildSystems != [ ]) (
      let
        parted = lib.partition (name: final ? ${name}) override.buildSystems;
        missing = map (name: nixpkgsPrebuilt { from = shared.recipeOf final.python key name; }) parted.wrong;
      in
      final.resolveBuildSystem (lib.genAttrs parted.right (_: [ ])) ++ missing
    );

  change =
    final: prev: name: override:
    let
      source =
        if override.source != null && shared.takes "sourcePreference" prev.${name} then
          prev.${name}.override { sourcePreference = override.source; }
        else
          prev.${name};
      dependencies = shared.split pkgs (dependency: final ? ${dependency}) name override;
    in
    if override.fromNixpkgs then
      fromNixpkgs prev name override
    else
      source.overrideAttrs (
        old:
        let
          own = shared.attributes override old;
        in
        own
        // shared.extend (old // own) "nativeBuildInputs" (
          buildSystems final old "overrides.${name}.build_systems" override
        )
        // shared.extend (old // own) "buildInputs" dependencies.native
        // lib.optionalAttrs (dependencies.python != [ ]) {
          passthru = old.passthru // {
            dependencies = old.passthru.dependencies // lib.genAttrs dependencies.python (_: [ ]);
          };
        }
      );
in
{
  # Unlike an empty package, nothing of it is left for others to depend on.
  withoutRemoved =
    lock:
    if removed == [ ] then
      lock
    else
      lock
      // {
        package = map (
          package:
          package
          // lib.optionalAttrs (package ? dependencies) { dependencies = keep package.dependencies; }
          // lib.genAttrs (lib.filter (key: package ? ${key}) [
            "optional-dependencies"
            "dev-dependencies"
          ]) (key: lib.mapAttrs (_: keep) package.${key})
        ) (keep lock.package);
      };

  # An editable package names what stands in its pyproject.toml.
  withoutRemovedDependencies =
    names: _: prev:
    lib.genAttrs (if removed == [ ] then [ ] else names) (
      name:
      prev.${name}.overrideAttrs (old: {
        passthru = old.passthru // {
          dependencies = removeAttrs old.passthru.dependencies removed;
        };
      })
    );

  overlay =
    final: prev: lib.mapAttrs (change final prev) (lib.filterAttrs (name: _: prev ? ${name}) given);

  # Packages of nixpkgs and what they need of its Python set, as packages of uv2nix's set.
  fromNixpkgs =
    python: packages:
    let
      needed = map (name: python.pkgs.${name}) (
        lib.filter (name: python.pkgs ? ${name}) (
          lib.concatMap (override: override.dependencies) (lib.attrValues given)
        )
      );
      modules = lib.filter (package: package ? pythonModule && package.pname or "" != python.pname) (
        python.pkgs.requiredPythonModules (packages ++ needed)
      );
      adapt =
        from:
        lib.nameValuePair (normalizePackageName from.pname) (nixpkgsPrebuilt {
          inherit from;
        });
    in
    lib.listToAttrs (map adapt modules);

  # Wheels of NVIDIA and those that need them: their libraries lie in each other's folders, and the driver's nowhere.
  nvidia =
    lock: final: prev:
    let
      isNvidia = name: lib.hasPrefix "nvidia-" name;
      needs =
        package:
        isNvidia package.name
        || lib.any (dependency: isNvidia dependency.name) (package.dependencies or [ ]);
      names = lib.filter (name: prev ? ${name}) (lib.catAttrs "name" (lib.filter needs lock.package));
      search = dependency: ''
        addAutoPatchelfSearchPath ${final.${dependency}}/${final.python.sitePackages}/nvidia
      '';
    in
    lib.genAttrs (lib.unique names) (
      name:
      prev.${name}.overrideAttrs (
        old:
        lib.optionalAttrs ((old.passthru.format or "") == "wheel") (
          shared.ignoreMissing old [
            "libcuda.so.1"
            "libnvidia-ml.so.1"
          ]
          // {
            preFixup =
              (old.preFixup or "")
              + lib.concatMapStrings search (lib.filter isNvidia (lib.attrNames old.passthru.dependencies));
          }
        )
      )
    );
}
