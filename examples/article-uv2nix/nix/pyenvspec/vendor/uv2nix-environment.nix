# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# The virtual environments of a shell with `uv2nix`: `runtime` has what the project depends on, `development` also
# what is imported from the working tree.
{
  inputs,
  lib,
  pkgs,
}:
shell:
let
  given = shell.uv2nix;
  inherit (shell) python;
  overrides = import ./uv2nix-overrides.nix { inherit inputs lib pkgs; } given.overrides;

  read =
    name:
    if builtins.pathExists (given.workspace + "/${name}") then
      lib.importTOML (given.workspace + "/${name}")
    else
      throw ''
        env.yaml: python.manager: uv2nix reads ${name}, which is not there, or which git does not know.
        Run `uv lock` and `git add pyproject.toml uv.lock`.
      '';
  lock = withoutUnchosen (overrides.withoutRemoved (read "uv.lock"));
  pyproject = read "pyproject.toml";
  defaultGroups = pyproject.tool.uv.default-groups or [ "dev" ];

  # Of extras and groups that exclude each other uv2nix leaves out those beside a chosen one. Where none is chosen it would
  # follow them all, to two versions of a package.
  withoutUnchosen =
    lock:
    let
      isChosen =
        one:
        lib.elem (one.extra or one.group or "") (given.extras ++ given.groups)
        || one ? group && (defaultGroups == "all" || lib.elem one.group defaultGroups);
      unchosen = lib.groupBy (one: one.package) (
        lib.filter (one: !isChosen one) (lib.concatLists (lock.conflicts or [ ]))
      );
      without =
        package: key: kind:
        lib.optionalAttrs (package ? ${key}) {
          ${key} = removeAttrs package.${key} (lib.catAttrs kind unchosen.${package.name});
        };
      leaveOut =
        package:
        package // without package "optional-dependencies" "extra" // without package "dev-dependencies" "group";
    in
    lock
    // {
      package = map (package: if unchosen ? ${package.name} then leaveOut package else package) lock.package;
    };

  # uv2nix takes it for a mistake to build what is published as wheels only.
  hasSource = package: package ? sdist || !package.source ? registry;
  withSource = lib.catAttrs "name" (lib.filter hasSource lock.package);
  workspace = inputs.uv2nix.lib.workspace.loadWorkspace {
    workspaceRoot = given.workspace;
    uvLock = lock;
    config = found: {
      no-binary-package = found.no-binary-package ++ lib.intersectLists withSource given.fromSource;
    };
  };
  sourcePreference = if given.preferWheels then "wheel" else "sdist";

  # The package that lies in the folder of the lock; a workspace may have none.
  isProject =
    package:
    (package.source.editable or package.source.virtual or package.source.directory or "") == ".";
  project = lib.findFirst isProject null lock.package;

  # As `uv sync` chooses: what is asked for, the default groups, and without a project every member.
  choose =
    name: known:
    let
      groups = workspace.deps.groups.${name};
    in
    if project == null then
      lib.intersectLists known (given.groups ++ given.extras)
    else if name == project.name then
      lib.unique (
        given.groups
        ++ given.extras
        ++ (if defaultGroups == "all" then groups else lib.intersectLists groups defaultGroups)
      )
    else
      [ ];
  chosen = lib.mapAttrs choose workspace.deps.all;
  wanted = if project == null then chosen else { ${project.name} = chosen.${project.name}; };

  # nixpkgs' SDK is older than any macOS it runs on, and refuses wheels for those.
  stdenv = pkgs.stdenv.override {
    targetPlatform = pkgs.stdenv.targetPlatform // {
      darwinSdkVersion = "14.0";
    };
  };

  fromNixpkgs = overrides.fromNixpkgs python (given.packages python.pkgs);

  packageSet =
    (pkgs.callPackage inputs.pyproject-nix.build.packages (
      { inherit python; } // lib.optionalAttrs pkgs.stdenv.hostPlatform.isDarwin { inherit stdenv; }
    )).overrideScope
      (
        lib.composeManyExtensions [
          inputs.pyproject-build-systems.overlays.${sourcePreference}
          (workspace.mkPyprojectOverlay {
            inherit sourcePreference;
            dependencies = chosen;
          })
          (_: prev: removeAttrs fromNixpkgs (lib.attrNames prev))
          (overrides.nvidia lock)
          overrides.overlay
        ]
      );

  # Only what it depends on: its own files change more often than that, and have no place in an image.
  leaveProjectOut =
    _: prev:
    lib.optionalAttrs (project != null && prev ? ${project.name}) {
      ${project.name} = pkgs.runCommand "no-${project.name}" {
        inherit (prev.${project.name}) passthru;
      } "mkdir $out";
    };

  members = lib.filter (package: !package.source ? virtual) (
    lib.filter (package: workspace.deps.all ? ${package.name}) lock.package
  );
  installed = lib.intersectLists (map (package: package.name) members) (lib.attrNames given.editable);
  folders = lib.attrValues (removeAttrs given.editable installed);

  editable = lib.composeManyExtensions [
    (
      final: prev:
      lib.optionalAttrs (project == null || !lib.elem project.name installed) (leaveProjectOut final prev)
    )
    (workspace.mkEditablePyprojectOverlay {
      root = "$PYENVSPEC_ROOT" + lib.optionalString (given.folder != ".") "/${given.folder}";
      members = installed;
    })
    (overrides.withoutRemovedDependencies installed)
    (_: _: {
      pyenvspec-editable = import ./editable.nix { inherit lib pkgs; } python folders;
    })
  ];

  # The same environment on a Python that finds the shell's libraries; it starts the packages' programs too.
  inherit (shell) interpreter;
  environment =
    set: more:
    (set.mkVirtualEnv "${shell.name}-env" (
      wanted // lib.genAttrs (more ++ lib.attrNames fromNixpkgs) (_: [ ])
    )).overrideAttrs
      (old: {
        nativeBuildInputs = [ (set.pyprojectMakeVenvHook.override { python = interpreter; }) ];
        postInstall = (old.postInstall or "") + ''
          for program in "$out"/bin/*; do
            if head -n 2 "$program" | grep -aqF "${python}/bin/"; then
              sed "1,2s|${python}/bin/|$out/bin/|" "$program" >script
              rm "$program"
              install -m 755 script "$program"
            fi
          done
        '';
        passthru = (old.passthru or { }) // {
          inherit set;
          inherit (python) version sitePackages;
          interpreter = "${environment set more}/bin/python";
        };
      });
in
{
  runtime = environment (packageSet.overrideScope leaveProjectOut) [ ];
  development =
    if given.editable == { } then
      environment (packageSet.overrideScope leaveProjectOut) [ ]
    else
      environment (packageSet.overrideScope editable) (
        installed ++ lib.optional (folders != [ ]) "pyenvspec-editable"
      );
}
