# STAND-IN for the module system of nixpkgs' lib: what nix/modules/ uses of it. As there, an option that nobody declared is an
# error, a value is checked against its type, and definitions are ordered and merged.
lib:
let
  inherit (builtins)
    attrNames
    concatMap
    elem
    filter
    head
    isAttrs
    isFunction
    isString
    length
    mapAttrs
    sort
    ;
  inherit (lib) genAttrs unique;
  show = builtins.concatStringsSep ".";

  # ---- properties
  property =
    kind: more: content:
    { _type = kind; inherit content; } // more;
  mkIf = condition: property "if" { inherit condition; };
  mkOverride = priority: property "override" { inherit priority; };
  mkOrder = order: property "order" { inherit order; };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };

  # Down to the attributes, without asking whether a condition holds.
  pushDown =
    tree:
    let
      kind = tree._type or "";
      within = wrap: map (mapAttrs (_: wrap)) (pushDown tree.content);
    in
    if kind == "merge" then
      concatMap pushDown tree.contents
    else if kind == "if" then
      within (mkIf tree.condition)
    else if kind == "override" then
      within (mkOverride tree.priority)
    else if kind == "order" then
      within (mkOrder tree.order)
    else
      [ tree ];

  # A definition → its values, each with priority and order.
  discharge =
    value:
    let
      kind = value._type or "";
    in
    if kind == "merge" then
      concatMap discharge value.contents
    else if kind == "if" then
      if value.condition then discharge value.content else [ ]
    else if kind == "override" then
      map (one: one // { inherit (value) priority; }) (discharge value.content)
    else if kind == "order" then
      map (one: one // { inherit (value) order; }) (discharge value.content)
    else
      [
        {
          inherit value;
          priority = 100;
          order = 1000;
        }
      ];

  # ---- options
  isOption = node: (node._type or "") == "option";

  mergeDeclarations =
    a: b:
    if isOption a && isOption b then
      a
      // b
      // lib.optionalAttrs (a ? type || b ? type) {
        type = if a ? type && b ? type then a.type.both b.type else a.type or b.type;
      }
    else if isOption a || isOption b then
      throw "an option and a set of options have one name"
    else
      genAttrs (unique (attrNames a ++ attrNames b)) (
        name:
        if a ? ${name} && b ? ${name} then mergeDeclarations a.${name} b.${name} else a.${name} or b.${name}
      );

  evalOption =
    path: option: definitions:
    let
      type = option.type or types.raw;
      found = concatMap discharge definitions;
      least = builtins.foldl' (least: one: if one.priority < least then one.priority else least) 9999 found;
      wanted = map (one: one.value) (
        sort (a: b: a.order < b.order) (filter (one: one.priority == least) found)
      );
      values = if wanted == [ ] && option ? default then [ option.default ] else wanted;
      check =
        value:
        if type.check value then
          value
        else
          throw "A definition for option `${show path}' is not of type `${type.name}'.";
      merged =
        if values == [ ] then
          type.empty or (throw "The option `${show path}' was accessed but has no value defined.")
        else
          type.merge path (map check values);
    in
    (option.apply or (x: x)) merged;

  # Definitions of options that nobody declared, wherever they stand, as far as no option holds them.
  findUnknown =
    path: options: trees:
    let
      definitions = concatMap pushDown trees;
    in
    concatMap (
      name:
      let
        here = path ++ [ name ];
      in
      if !options ? ${name} then
        [ (show here) ]
      else if isOption options.${name} then
        [ ]
      else
        findUnknown here options.${name} (concatMap (one: lib.optional (one ? ${name}) one.${name}) definitions)
    ) (unique (concatMap attrNames definitions));

  evalTree =
    path: options: trees:
    let
      definitions = concatMap pushDown trees;
    in
    mapAttrs (
      name: node:
      let
        own = concatMap (one: lib.optional (one ? ${name}) one.${name}) definitions;
      in
      if isOption node then evalOption (path ++ [ name ]) node own else evalTree (path ++ [ name ]) node own
    ) options;

  # ---- modules
  evalModules =
    {
      modules,
      specialArgs ? { },
      path ? [ ],
    }:
    let
      base = {
        options._module.args = mkOption { type = types.lazyAttrsOf types.raw; default = { }; };
      };
      call =
        module:
        let
          given = { inherit config lib; } // specialArgs;
          asked = mapAttrs (name: _: given.${name} or config._module.args.${name}) (
            builtins.functionArgs module
          );
        in
        module (given // asked);
      load =
        module:
        let
          read = if builtins.isPath module || isString module then import module else module;
          body = if isFunction read || read ? __functor then call read else read;
          isLong = body ? config || body ? options;
          rest = removeAttrs body [
            "_class"
            "_file"
            "imports"
            "key"
          ];
        in
        {
          key = if builtins.isPath module || isString module then toString module else body.key or null;
          imports = body.imports or [ ];
          options = if isLong then body.options or { } else { };
          config =
            if !isLong then
              rest
            else if attrNames (removeAttrs rest [ "config" "options" ]) == [ ] then
              body.config or { }
            else
              throw "a module with `config` or `options` has `${head (attrNames (removeAttrs rest [ "config" "options" ]))}' beside them";
        };
      collect =
        seen: module:
        let
          one = load module;
        in
        if one.key != null && elem one.key (map (other: other.key) seen) then
          seen
        else
          builtins.foldl' collect (seen ++ [ one ]) one.imports;
      loaded = builtins.foldl' collect [ ] ([ base ] ++ modules);
      options = builtins.foldl' mergeDeclarations { } (map (one: one.options) loaded);
      trees = map (one: one.config) loaded;
      unknown = findUnknown path options trees;
      config =
        if unknown == [ ] then
          evalTree path options trees
        else
          throw "The option `${head unknown}' does not exist.";
    in
    {
      config = removeAttrs config [ "_module" ];
      inherit options;
    };

  mkOption = option: option // { _type = "option"; };

  # ---- types
  # `both` is the type of an option that is declared twice.
  simple = name: check: merge: rec {
    inherit name check merge;
    both = other: if other.name == name then self else throw "an option is declared with two types: ${name}, ${other.name}";
    self = simple name check merge;
  };
  one =
    path: values:
    if builtins.all (value: value == head values) values then
      head values
    else
      throw "The option `${show path}' has conflicting definition values.";
  first =
    path: values:
    if length values == 1 then head values else throw "The option `${show path}' is defined multiple times.";
  wrapping =
    name: inner: make: check: merge:
    {
      inherit name check merge;
      both = other: make (inner.both other.inner);
      inherit inner;
    };

  merges = {
    attrs =
      inner: path: values:
      genAttrs (unique (concatMap attrNames values)) (
        name:
        evalOption (path ++ [ name ]) { type = inner; } (
          concatMap (value: if value ? ${name} then [ value.${name} ] else [ ]) values
        )
      );
    anything =
      path: values:
      if length values > 1 && builtins.all isAttrs values then
        merges.attrs types.anything path values
      else
        one path values;
  };

  types = rec {
    str = simple "string" isString one;
    singleLineStr = str;
    nonEmptyStr = str;
    lines = simple "strings concatenated with \"\\n\"" isString (_: builtins.concatStringsSep "\n");
    bool = simple "boolean" builtins.isBool one;
    int = simple "signed integer" builtins.isInt one;
    port = int;
    ints = {
      positive = int;
      unsigned = int;
      between = _: _: int;
    };
    number = simple "number" (value: builtins.isInt value || builtins.isFloat value) one;
    path = simple "absolute path" (
      value: builtins.isPath value || lib.isDerivation value || (isString value && lib.hasPrefix "/" value)
    ) one;
    package = simple "package" (value: lib.isDerivation value || builtins.isPath value) first;
    raw = simple "raw value" (_: true) first;
    unspecified = raw;
    anything = simple "anything" (_: true) merges.anything;
    attrs = simple "attribute set" isAttrs (_: builtins.foldl' (a: b: a // b) { });
    enum = values: simple "one of ${builtins.toJSON values}" (value: elem value values) one;
    nullOr =
      inner:
      wrapping "null or ${inner.name}" inner nullOr (value: value == null || inner.check value) (
        path: values: if builtins.all (value: value == null) values then null else inner.merge path values
      );
    either =
      a: b:
      simple "${a.name} or ${b.name}" (value: a.check value || b.check value) (
        path: values: (if builtins.all a.check values then a else b).merge path values
      );
    oneOf = list: builtins.foldl' either (head list) (builtins.tail list);
    listOf =
      inner:
      wrapping "list of ${inner.name}" inner listOf builtins.isList (
        path: values:
        map (value: evalOption (path ++ [ "*" ]) { type = inner; } [ value ]) (builtins.concatLists values)
      );
    attrsOf =
      inner:
      wrapping "attribute set of ${inner.name}" inner attrsOf (value: isAttrs value && !lib.isDerivation value) (
        merges.attrs inner
      );
    lazyAttrsOf = attrsOf;
    functionTo =
      inner:
      wrapping "function that evaluates to a(n) ${inner.name}" inner functionTo lib.isFunction (
        path: values: argument:
        evalOption path { type = inner; } (map (value: value argument) values)
      );
    # Modules for each of the values; declared twice, both.
    submoduleOf = modules: {
      name = "submodule";
      check = value: (isAttrs value && !lib.isDerivation value) || isFunction value || builtins.isPath value;
      merge =
        path: values:
        (evalModules {
          inherit path;
          modules =
            modules
            ++ map (
              value:
              if isAttrs value then
                { config = value; }
              else
                value
            ) values;
          specialArgs.name = lib.last path;
        }).config;
      empty = (evalModules { inherit modules; specialArgs.name = "x"; }).config;
      both = other: submoduleOf (modules ++ other.modules);
      inherit modules;
    };
    submodule = module: submoduleOf [ module ];
    deferredModule = deferredModuleWith [ ];
    # Its value is the list of its modules.
    deferredModuleWith = modules: {
      name = "module";
      check = _: true;
      merge = _: values: modules ++ values;
      both = other: deferredModuleWith (modules ++ other.modules);
      inherit modules;
    };
  };
in
{
  inherit
    evalModules
    mkIf
    mkMerge
    mkOption
    mkOrder
    mkOverride
    types
    ;
  mkForce = mkOverride 50;
  mkDefault = mkOverride 1000;
  mkBefore = mkOrder 500;
  mkAfter = mkOrder 1500;
}
