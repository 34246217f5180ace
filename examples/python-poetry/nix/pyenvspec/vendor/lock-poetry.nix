# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# The packages of a poetry.lock that `poetry install` would install, each with its files as the lock names them. From format
# 2.1 on the lock says of each package whether it is for a group; before, the way from the project to it tells.
{
  lib,
  holds,
  pythonVersion,
}:
{
  lock,
  pyproject,
  groups,
  extras,
}:
let
  normalise = import ./normalise.nix { inherit lib; };
  normaliseAll = lib.mapAttrs' (name: lib.nameValuePair (normalise name));

  poetry = pyproject.tool.poetry or { };
  standard = normaliseAll (pyproject.dependency-groups or { });
  tables =
    normaliseAll (poetry.group or { })
    // lib.optionalAttrs (poetry ? dev-dependencies) { dev.dependencies = poetry.dev-dependencies; };
  knownGroups = lib.attrNames (tables // standard);
  chosenGroups = lib.unique (
    lib.filter (name: !(tables.${name}.optional or false)) knownGroups ++ map normalise groups
  );

  # What each extra brings stands in the lock: `gpu = ["torch (>=2)"]`.
  requirementName = text: normalise (lib.head (builtins.match "[ ]*([A-Za-z0-9._-]+).*" text));
  ofExtras = map requirementName (
    lib.concatMap (extra: (normaliseAll (lock.extras or { })).${normalise extra} or [ ]) extras
  );

  applies = holds { extra = map normalise extras; };

  marker = package: group: if lib.isAttrs (package.markers or "") then package.markers.${group} or "" else package.markers or "";
  isWanted =
    package:
    (!(package.optional or false) || lib.elem (normalise package.name) ofExtras || package.markers or "" != "")
    && lib.any (group: lib.elem group ([ "main" ] ++ chosenGroups) && applies (marker package group)) (
      map normalise package.groups
    );

  locked = lock.package or [ ];

  # Format 1.0 to 2.0.
  byName = lib.groupBy (package: normalise package.name) locked;

  allowsPython =
    constraint:
    lib.any (
      choice:
      lib.all (
        term:
        let
          parts = builtins.match "[ ]*([~^<>=!]*)[ ]*([0-9.]+)([.][*])?[ ]*" term;
          operator = lib.head parts;
          version = lib.removeSuffix "." (lib.elemAt parts 1);
          numbers = lib.splitVersion version;
          upTo = n: pythonIsBelow (lib.concatStringsSep "." (lib.take n numbers));
        in
        # What cannot be read is no reason to leave a package out.
        if parts == null then
          true
        else if operator == "^" then
          atLeast version && upTo 1
        else if operator == "~" then
          atLeast version && upTo 2
        else if operator == "" || operator == "==" || operator == "=" then
          pythonIsBelow version
        else
          holds { } ''python_full_version ${operator} "${version}${
            if lib.elemAt parts 2 == null then "" else ".*"
          }"''
      ) (lib.filter (term: builtins.match "[ ]*[*]?[ ]*" term == null) (splitTerms choice))
    ) (lib.filter (choice: choice != "") (lib.splitString "|" constraint));
  splitTerms = text: lib.concatMap (lib.splitString " ") (lib.splitString "," (lib.replaceStrings [ "> " "< " "= " "^ " "~ " ] [ ">" "<" "=" "^" "~" ] text));
  atLeast = version: holds { } ''python_full_version >= "${version}"'';
  pythonIsBelow = prefix: pythonVersion == prefix || lib.hasPrefix "${prefix}." pythonVersion;

  # A constraint, a table, or a list of tables for different surroundings; `extra` is the one that asks.
  edgeApplies =
    wanted: extra: given:
    if lib.isList given then
      lib.any (edgeApplies wanted extra) given
    else if !lib.isAttrs given then
      true
    else
      (!(given.optional or false) || wanted)
      && (if extra == "" then applies else holds { extra = [ extra ]; }) (given.markers or "")
      && allowsPython (given.python or "*")
      && (!given ? platform || applies ''sys_platform == "${given.platform}"'');
  extrasOf =
    given:
    map normalise (
      if lib.isList given then
        lib.concatMap extrasOf given
      else if lib.isAttrs given then
        given.extras or [ ]
      else
        [ ]
    );

  follow =
    name: given: map (extra: { key = "${name} ${extra}"; inherit name extra; }) ([ "" ] ++ extrasOf given);
  followAll =
    wanted: extra: edges:
    lib.concatLists (
      lib.mapAttrsToList (
        name: given:
        lib.optionals (name != "python" && edgeApplies (lib.elem name wanted) extra given) (follow name given)
      ) (normaliseAll edges)
    );
  followTexts =
    texts:
    lib.concatMap (
      text:
      let
        parts = builtins.match "[ ]*([A-Za-z0-9._-]+)[ ]*(\\[([^]]*)])?[^;]*(;(.*))?" text;
        asked = lib.elemAt parts 2;
      in
      lib.optionals (applies (if lib.elemAt parts 4 == null then "" else lib.elemAt parts 4)) (
        follow (normalise (lib.head parts)) {
          extras = if asked == null then [ ] else map (lib.replaceStrings [ " " ] [ "" ]) (lib.splitString "," asked);
        }
      )
    ) (lib.filter lib.isString texts);

  roots =
    followAll ofExtras "" (poetry.dependencies or { })
    ++ followTexts (pyproject.project.dependencies or [ ])
    ++ map (name: { key = "${name} "; inherit name; extra = ""; }) ofExtras
    ++ lib.concatMap (
      group:
      followAll [ ] "" (tables.${group}.dependencies or { }) ++ followTexts (standard.${group} or [ ])
    ) chosenGroups;

  reached = builtins.genericClosure {
    startSet = roots;
    operator =
      { name, extra, ... }:
      lib.concatMap (
        package:
        let
          asked = map requirementName ((normaliseAll (package.extras or { })).${extra} or [ ]);
          edges = normaliseAll (package.dependencies or { });
        in
        if extra == "" then
          followAll [ ] "" edges
        else
          followAll asked extra (lib.filterAttrs (edge: _: lib.elem edge asked) edges)
      ) (byName.${name} or [ ]);
  };
  reachedNames = lib.groupBy (found: found.name) reached;
  chosen =
    if lib.versionAtLeast lock.metadata.lock-version "2.1" then
      lib.filter isWanted locked
    else
      lib.filter (
        package:
        reachedNames ? ${normalise package.name} && allowsPython (package.python-versions or "*")
      ) locked;

  # Format 1.x lists the files of every version of a name together.
  oldFiles = normaliseAll (lock.metadata.files or { });
  filesOf =
    package:
    package.files or (lib.filter (
      file: lib.hasInfix "-${package.version}-" file.file || lib.hasInfix "-${package.version}." file.file
    ) (oldFiles.${normalise package.name} or [ ]));

  kinds = {
    legacy = "registry";
    file = "path";
  };
in
map (
  package:
  let
    source = package.source or { type = "legacy"; };
  in
  {
    name = normalise package.name;
    inherit (package) version;
    kind = kinds.${source.type} or source.type;
    place = source.url or "";
    files = map (file: {
      name = file.file;
      url = if source.type == "url" then source.url else null;
      path = if source.type == "file" then source.url else null;
      hash = file.hash or null;
      size = null;
    }) (filesOf package);
  }
) chosen
