# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# The packages of a uv.lock that `uv sync` would install: from the project along the dependencies whose markers hold.
# Each with its files as the lock names them.
{ lib, holds, ... }:
{
  lock,
  pyproject,
  groups,
  extras,
}:
let
  isProject =
    package:
    (package.source.editable or package.source.virtual or package.source.directory or "") == ".";
  locked = lock.package or [ ];
  project = lib.findFirst isProject null locked;
  members = lock.manifest.members or [ ];

  defaults = pyproject.tool.uv.default-groups or [ "dev" ];
  chosenGroups =
    package:
    if defaults == "all" then
      lib.attrNames (package.dev-dependencies or { })
    else
      lib.unique (defaults ++ groups);

  # Extras and groups that exclude each other stand in markers under such names.
  named = map (extra: "extra-${toString (lib.stringLength project.name)}-${project.name}-${extra}") extras ++ map (
    group: "group-${toString (lib.stringLength project.name)}-${project.name}-${group}"
  ) (chosenGroups project);
  applies = holds { extra = lib.optionals (project != null) named; };

  byName = lib.groupBy (package: package.name) (
    lib.filter (
      package:
      !package ? resolution-markers || lib.any applies package.resolution-markers
    ) locked
  );

  # The same version may be locked from two indices.
  matches =
    edge: package:
    (!edge ? version || edge.version == package.version or null)
    && (!edge ? source || edge.source == package.source);
  follow =
    edge:
    lib.concatMap (
      package:
      map (node package) ([ "" ] ++ edge.extra or [ ])
    ) (lib.filter (matches edge) (byName.${edge.name} or [ ]));
  followAll = edges: lib.concatMap follow (lib.filter (edge: applies (edge.marker or "")) edges);

  node = package: extra: {
    key = "${package.name} ${package.version or ""} ${builtins.toJSON package.source} ${extra}";
    inherit package extra;
  };

  roots =
    let
      from =
        package:
        [ (node package "") ]
        ++ map (node package) (lib.intersectLists extras (lib.attrNames (package.optional-dependencies or { })))
        ++ followAll (
          lib.concatMap (group: package.dev-dependencies.${group} or [ ]) (chosenGroups package)
        );
      groupsOfNone = lock.manifest.dependency-groups or { };
    in
    if project != null then
      from project
    else
      lib.concatMap from (lib.filter (package: lib.elem package.name members) locked)
      ++ followAll (lib.concatMap (group: groupsOfNone.${group} or [ ]) (lib.unique (defaults ++ groups)));

  reached = builtins.genericClosure {
    startSet = roots;
    operator =
      { package, extra, ... }:
      followAll (
        if extra == "" then package.dependencies or [ ] else package.optional-dependencies.${extra} or [ ]
      );
  };

  nameOf = file: lib.last (lib.splitString "/" file);
  # A fragment or a query is no part of the file's name.
  bare = url: lib.head (builtins.match "([^#?]*).*" url);
  fileOf = source: wheel: {
    name = wheel.filename or (nameOf (bare (wheel.url or wheel.path)));
    url = wheel.url or null;
    # Of an index that is a folder, or a wheel that lies in the project.
    path =
      if wheel ? path && source ? registry then
        "${source.registry}/${wheel.path}"
      else
        source.path or (if wheel ? path then wheel.path else null);
    hash = wheel.hash or null;
    size = wheel.size or null;
  };

  kindOf =
    source:
    lib.findFirst (kind: source ? ${kind}) "registry" [
      "git"
      "url"
      "path"
      "directory"
      "editable"
      "virtual"
    ];
in
map (
  { package, ... }:
  {
    inherit (package) name;
    version = package.version or "0";
    kind = kindOf package.source;
    place = package.source.${kindOf package.source} or "";
    files = map (fileOf package.source) (
      # A wheel that is a dependency by its address is named once, as the source.
      if package.source ? url && lib.hasSuffix ".whl" package.source.url then
        map (wheel: { inherit (package.source) url; } // wheel) (package.wheels or [ ])
      else
        package.wheels or [ ]
    );
  }
) (lib.filter (found: found.extra == "") reached)
