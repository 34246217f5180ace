# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# Whether an environment marker holds: `python_version >= "3.10" and sys_platform == "linux"` (dependency specifiers of
# packaging.python.org, with the lists `extras` and `dependency_groups` of pylock.toml).
#
#   import ./markers.nix { inherit lib; } environment marker
{ lib }:
environment: marker:
let
  inherit (lib) head tail;

  unreadable = throw ''
    pyenvspec: the marker `${marker}` cannot be read.
    Correct it in pyproject.toml, or where the dependency is named, and lock again.
  '';

  pattern = "(\"[^\"]*\"|'[^']*'|[()]|[<>=!~]+|[A-Za-z_][A-Za-z_.]*)";
  tokens = lib.concatMap (
    part:
    if lib.isList part then
      part
    else if builtins.match "[[:space:]]*" part != null then
      [ ]
    else
      unreadable
  ) (builtins.split pattern marker);

  isVersion =
    name:
    lib.elem name [
      "python_version"
      "python_full_version"
      "implementation_version"
    ];

  # 3.10.0 is 3.10.
  canonical =
    version:
    let
      short = builtins.match "(.*[^.0]|.*[1-9]0+)(\\.0)+" version;
    in
    if short == null then version else head short;
  isBelow = prefix: version: version == prefix || lib.hasPrefix "${prefix}." version;

  compareVersions =
    operator: left: right:
    let
      order = builtins.compareVersions (canonical left) (canonical right);
      wildcard = lib.removeSuffix ".*" right;
      parts = lib.splitVersion right;
    in
    {
      "==" = if lib.hasSuffix ".*" right then isBelow wildcard left else order == 0;
      "!=" = if lib.hasSuffix ".*" right then !isBelow wildcard left else order != 0;
      "===" = left == right;
      "<" = order < 0;
      "<=" = order <= 0;
      ">" = order > 0;
      ">=" = order >= 0;
      "~=" = order >= 0 && isBelow (lib.concatStringsSep "." (lib.init parts)) left;
    }
    .${operator} or unreadable;

  compareTexts =
    operator: left: right:
    {
      "==" = left == right;
      "===" = left == right;
      "!=" = left != right;
      "<" = left < right;
      "<=" = left <= right;
      ">" = left > right;
      ">=" = left >= right;
    }
    .${operator} or unreadable;

  isIn =
    left: right:
    if lib.isList right then
      lib.elem left right
    else
      # Poetry's lists of words are separated by spaces or commas, PEP 508's are parts of a text.
      lib.hasInfix left right;

  compare =
    operator: left: right:
    let
      given = valueOf left;
      wanted = valueOf right;
    in
    if lib.isList given || (lib.isList wanted && operator != "in" && operator != "not in") then
      # `extra == "gpu"` asks for one of the extras in use.
      let
        found =
          if lib.isList given then lib.elem wanted given else lib.elem given wanted;
      in
      if operator == "!=" then !found else found
    else if operator == "in" then
      isIn given wanted
    else if operator == "not in" then
      !isIn given wanted
    else if isVersion left || isVersion right then
      compareVersions operator given wanted
    else
      compareTexts operator given wanted;

  valueOf =
    token:
    if builtins.match "[\"'].*" token != null then
      lib.substring 1 (lib.stringLength token - 2) token
    else
      environment.${lib.replaceStrings [ "os.name" "sys.platform" "platform.machine" ] [ "os_name" "sys_platform" "platform_machine" ] token}
        or (throw ''
          pyenvspec: the marker `${marker}` asks for `${token}`, which markers do not have.
          Correct it in pyproject.toml, or where the dependency is named, and lock again.
        '');

  # Each takes tokens, and gives a value with the tokens behind it.
  either =
    tokens:
    let
      left = both tokens;
      right = either (tail left.rest);
    in
    if left.rest != [ ] && head left.rest == "or" then
      {
        value = left.value || right.value;
        inherit (right) rest;
      }
    else
      left;

  both =
    tokens:
    let
      left = single tokens;
      right = both (tail left.rest);
    in
    if left.rest != [ ] && head left.rest == "and" then
      {
        value = left.value && right.value;
        inherit (right) rest;
      }
    else
      left;

  single =
    tokens:
    let
      inner = either (tail tokens);
      isNot = lib.take 2 (tail tokens) == [ "not" "in" ];
      operator = if isNot then "not in" else lib.elemAt tokens 1;
      behind = lib.drop (if isNot then 3 else 2) tokens;
    in
    if tokens == [ ] then
      unreadable
    else if head tokens == "(" then
      if lib.take 1 inner.rest != [ ")" ] then
        unreadable
      else
        {
          inherit (inner) value;
          rest = tail inner.rest;
        }
    else if lib.length tokens < 2 || behind == [ ] then
      unreadable
    else
      {
        value = compare operator (head tokens) (head behind);
        rest = tail behind;
      };

  whole = either tokens;
in
tokens == [ ] || (if whole.rest == [ ] then whole.value else unreadable)
