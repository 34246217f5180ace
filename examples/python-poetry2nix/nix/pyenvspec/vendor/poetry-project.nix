# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# A pyproject.toml of poetry as poetry2nix reads it: the dependencies of the chosen groups and extras that apply here, all in
# `tool.poetry.dependencies`. poetry2nix knows neither `[project]` of poetry 2 nor markers of direct dependencies.
{
  lib,
  pyproject,
  pyproject-nix,
  python,
  groups,
  extras,
}:
let
  inherit (pyproject-nix.lib) pep508 pypa;
  poetry = pyproject.tool.poetry or { };
  project = pyproject.project or { };

  normalise = lib.mapAttrs' (name: lib.nameValuePair (pypa.normalizePackageName name));
  environment = pep508.mkEnviron python;
  applies = marker: pep508.evalMarkers environment (pep508.parseMarkers marker);

  # A constraint, a table, or a list of tables for different markers.
  appliesHere =
    dependency:
    if lib.isList dependency then
      lib.any appliesHere dependency
    else
      !dependency ? markers || applies dependency.markers;
  fromTable = table: lib.filterAttrs (_: appliesHere) (removeAttrs (normalise table) [ "python" ]);

  # What poetry's own table says besides, say the branch of a repository.
  details = normalise (removeAttrs (poetry.dependencies or { }) [ "python" ]);
  fromTexts =
    texts:
    let
      parsed = map pep508.parseString texts;
      here = lib.filter (
        dependency: dependency.markers == null || pep508.evalMarkers environment dependency.markers
      ) parsed;
    in
    lib.listToAttrs (map (d: lib.nameValuePair d.name (details.${d.name} or "*")) here);

  merge = lib.foldl' (all: more: all // more) { };
  list = names: if names == [ ] then "none" else lib.concatMapStringsSep ", " (name: "`${name}`") names;
  pick =
    kind: known: names:
    merge (
      map (
        name:
        known.${name}
          or (throw ''
            env.yaml: python.${kind}: pyproject.toml has no `${name}`; it has ${list (lib.attrNames known)}.
            Name one of these, or add it there and run `poetry lock`.
          '')
      ) names
    );

  required =
    if project ? dependencies then
      fromTexts project.dependencies
    else
      lib.filterAttrs (_: dependency: !(dependency.optional or false)) (
        fromTable (poetry.dependencies or { })
      );

  # The packages of an extra of poetry 1 stand among the dependencies, as optional.
  ofPoetry = names: lib.getAttrs (lib.filter (name: here ? ${name}) names) here;
  here = fromTable (poetry.dependencies or { });
  knownExtras = normalise (
    lib.mapAttrs (_: names: ofPoetry (map pypa.normalizePackageName names)) (poetry.extras or { })
    // lib.mapAttrs (_: fromTexts) (project.optional-dependencies or { })
  );

  tables =
    normalise (poetry.group or { })
    // lib.optionalAttrs (poetry ? dev-dependencies) { dev.dependencies = poetry.dev-dependencies; };
  standard = normalise (pyproject.dependency-groups or { });
  included = name: tables.${name}.include-groups or [ ];
  knownGroups = lib.mapAttrs (
    name: _:
    fromTable (tables.${name}.dependencies or { })
    // fromTexts (lib.filter lib.isString (standard.${name} or [ ]))
    // merge (
      map (
        other:
        knownGroups.${pypa.normalizePackageName other}
          or (throw ''
            pyproject.toml: the group `${name}` includes `${other}`, which it does not have.
            Add the group, or take it out there, and run `poetry lock`.
          '')
      ) (
        included name ++ map (entry: entry.include-group) (lib.filter lib.isAttrs (standard.${name} or [ ]))
      )
    )
  ) (tables // standard);
  defaultGroups = lib.filter (name: !(tables.${name}.optional or false)) (lib.attrNames knownGroups);
in
{
  scripts = lib.filterAttrs (_: lib.isString) ((poetry.scripts or { }) // (project.scripts or { }));

  pyProject.tool.poetry = {
    name = pypa.normalizePackageName (project.name or poetry.name or "project");
    version = project.version or poetry.version or "0";
    dependencies =
      required
      // pick "extras" knownExtras extras
      // pick "groups" knownGroups (lib.unique (defaultGroups ++ groups));
  };
}
