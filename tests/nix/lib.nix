# STAND-IN for nixpkgs' lib, for tests that run where no flake input is at hand: the functions that nix/modules/ uses, and a
# small module system (module-system.nix). tests/e2e/test_nix_stand_ins.py compares it with the real one where that is there.
let
  lib = builtins // rec {
    inherit (import ./module-system.nix lib)
      evalModules
      mkOption
      mkIf
      mkMerge
      mkOverride
      mkForce
      mkDefault
      mkOrder
      mkBefore
      mkAfter
      types
      ;

    # ---- texts
    concatStrings = builtins.concatStringsSep "";
    concatMapStrings = f: list: concatStrings (map f list);
    concatMapStringsSep =
      separator: f: list:
      builtins.concatStringsSep separator (map f list);
    concatLines = concatMapStrings (line: line + "\n");
    optionalString = condition: text: if condition then text else "";
    hasPrefix = prefix: text: builtins.substring 0 (builtins.stringLength prefix) text == prefix;
    hasSuffix =
      suffix: text:
      let
        size = builtins.stringLength text;
        own = builtins.stringLength suffix;
      in
      size >= own && builtins.substring (size - own) own text == suffix;
    hasInfix = infix: text: builtins.length (splitString infix text) > 1;
    removePrefix =
      prefix: text:
      if hasPrefix prefix text then builtins.substring (builtins.stringLength prefix) (-1) text else text;
    removeSuffix =
      suffix: text:
      if hasSuffix suffix text then
        builtins.substring 0 (builtins.stringLength text - builtins.stringLength suffix) text
      else
        text;
    splitString =
      separator: text:
      builtins.filter builtins.isString (builtins.split (escapeRegex separator) (toString text));
    escapeRegex = builtins.replaceStrings (stringToCharacters "\\[{()^$?*+|.") (
      map (c: "\\${c}") (stringToCharacters "\\[{()^$?*+|.")
    );
    stringToCharacters =
      text: builtins.genList (i: builtins.substring i 1 text) (builtins.stringLength text);
    escapeShellArg =
      argument:
      let
        text = toString argument;
      in
      if builtins.match "[[:alnum:],._+:@%/-]+" text != null then
        text
      else
        "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] text}'";
    escapeShellArgs = concatMapStringsSep " " escapeShellArg;
    toUpper = builtins.replaceStrings lower upper;
    toLower = builtins.replaceStrings upper lower;
    lower = stringToCharacters "abcdefghijklmnopqrstuvwxyz";
    upper = stringToCharacters "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    versionOlder = a: b: builtins.compareVersions b a == 1;
    versionAtLeast = a: b: !versionOlder a b;
    toInt = text: builtins.fromJSON text;
    makeSearchPath =
      folder: packages: concatMapStringsSep ":" (package: "${package}/${folder}") packages;
    makeBinPath = packages: makeSearchPath "bin" (map getBin packages);
    makeLibraryPath = packages: makeSearchPath "lib" (map getLib packages);

    # ---- lists
    optional = condition: item: if condition then [ item ] else [ ];
    optionals = condition: list: if condition then list else [ ];
    last = list: builtins.elemAt list (builtins.length list - 1);
    init = list: builtins.genList (builtins.elemAt list) (builtins.length list - 1);
    unique = builtins.foldl' (seen: item: if builtins.elem item seen then seen else seen ++ [ item ]) [ ];
    reverseList =
      list:
      let
        size = builtins.length list;
      in
      builtins.genList (i: builtins.elemAt list (size - i - 1)) size;
    intersectLists = wanted: builtins.filter (item: builtins.elem item wanted);
    subtractLists = without: builtins.filter (item: !builtins.elem item without);
    findFirst =
      isWanted: default: list:
      let
        found = builtins.filter isWanted list;
      in
      if found == [ ] then default else builtins.head found;
    foldr =
      f: start: list:
      if list == [ ] then start else f (builtins.head list) (foldr f start (builtins.tail list));
    flatten = item: if builtins.isList item then builtins.concatMap flatten item else [ item ];
    max = a: b: if a > b then a else b;
    range = from: to: if from > to then [ ] else builtins.genList (i: from + i) (to - from + 1);
    imap0 = f: list: builtins.genList (i: f i (builtins.elemAt list i)) (builtins.length list);
    zipListsWith =
      f: a: b:
      let
        size = if builtins.length a < builtins.length b then builtins.length a else builtins.length b;
      in
      builtins.genList (i: f (builtins.elemAt a i) (builtins.elemAt b i)) size;

    # ---- attribute sets
    optionalAttrs = condition: set: if condition then set else { };
    filterAttrs =
      isWanted: set:
      builtins.listToAttrs (
        builtins.concatMap (
          name: optional (isWanted name set.${name}) (nameValuePair name set.${name})
        ) (builtins.attrNames set)
      );
    genAttrs = names: f: builtins.listToAttrs (map (name: nameValuePair name (f name)) names);
    nameValuePair = name: value: { inherit name value; };
    mapAttrs' = f: set: builtins.listToAttrs (mapAttrsToList f set);
    mapAttrsToList = f: set: map (name: f name set.${name}) (builtins.attrNames set);
    attrsToList = mapAttrsToList nameValuePair;
    concatMapAttrs = f: set: mergeAttrsList (mapAttrsToList f set);
    mergeAttrsList = builtins.foldl' (all: more: all // more) { };
    getAttrs = names: set: genAttrs names (name: set.${name});
    attrByPath =
      path: default: set:
      if path == [ ] then
        set
      else if builtins.isAttrs set && set ? ${builtins.head path} then
        attrByPath (builtins.tail path) default set.${builtins.head path}
      else
        default;
    hasAttrByPath = path: set: attrByPath path null set != null;
    getAttrFromPath = path: attrByPath path (throw "no ${builtins.concatStringsSep "." path}");
    setAttrByPath =
      path: value:
      if path == [ ] then value else { ${builtins.head path} = setAttrByPath (builtins.tail path) value; };
    recursiveUpdate =
      a: b:
      a
      // builtins.mapAttrs (
        name: value:
        if builtins.isAttrs value && builtins.isAttrs (a.${name} or null) && !isDerivation value then
          recursiveUpdate a.${name} value
        else
          value
      ) b;
    removeAttrs = builtins.removeAttrs;

    # ---- functions and packages
    id = x: x;
    const = x: _: x;
    fix =
      f:
      let
        x = f x;
      in
      x;
    composeExtensions =
      f: g: final: prev:
      let
        first = f final prev;
      in
      first // g final (prev // first);
    composeManyExtensions = foldr composeExtensions (
      _: _: { }
    );
    functionArgs = f: if f ? __functor then f.__functionArgs or { } else builtins.functionArgs f;
    isFunction = f: builtins.isFunction f || f ? __functor;
    isDerivation = value: (value.type or null) == "derivation";
    getName = package: package.pname or package.name;
    getVersion = package: package.version or "";
    getBin = package: package.bin or package;
    getLib = package: package.lib or package;
    getDev = package: package.dev or package;
    getExe = package: "${getBin package}/bin/${package.meta.mainProgram or (getName package)}";
    getExe' = package: name: "${getBin package}/bin/${name}";
    importTOML = path: builtins.fromTOML (builtins.readFile path);
    importJSON = path: builtins.fromJSON (builtins.readFile path);
    throwIf = condition: message: if condition then throw message else id;
    throwIfNot = condition: throwIf (!condition);
    assertMsg = condition: message: condition || throw message;
    warn = message: builtins.trace "warning: ${message}";
    warnIf = condition: message: if condition then warn message else id;
    generators.toINI =
      { mkKeyValue }:
      sections:
      builtins.concatStringsSep "\n" (
        mapAttrsToList (
          name: values: "[${name}]\n" + concatStrings (mapAttrsToList (key: value: mkKeyValue key value + "\n") values)
        ) sections
      );
    fakeHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    platforms.linux = [
      "x86_64-linux"
      "aarch64-linux"
    ];
    licenses = { };
    versions = {
      major = version: builtins.head (splitString "." version);
      minor = version: builtins.elemAt (splitString "." version) 1;
      majorMinor =
        version: builtins.concatStringsSep "." (sublist 0 2 (splitString "." version));
    };
    sublist =
      from: count: list:
      let
        size = builtins.length list - from;
      in
      builtins.genList (i: builtins.elemAt list (from + i)) (
        if size < 0 then
          0
        else if count < size then
          count
        else
          size
      );
    take = sublist 0;
    drop = count: list: sublist count (builtins.length list) list;
    fileset = { };
  };
in
lib
