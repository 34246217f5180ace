# Tests of ../modules/markers.nix. tests/unit/test_nix_code.py also asks packaging whether it expects the same of each.
{
  lib ? import ../../tests/nix/lib.nix,
}:
let
  environment = {
    implementation_name = "cpython";
    implementation_version = "3.11.9";
    os_name = "posix";
    platform_machine = "x86_64";
    platform_python_implementation = "CPython";
    platform_release = "";
    platform_system = "Linux";
    platform_version = "";
    python_full_version = "3.11.9";
    python_version = "3.11";
    sys_platform = "linux";
    extra = [ ];
  };
  evaluate = more: import ../modules/markers.nix { inherit lib; } (environment // more);

  # With the extra `gpu` asked for, and without.
  without = holds: marker: lib.nameValuePair "test: ${marker}" {
    expr = evaluate { } marker;
    expected = holds;
  };
  withGpu = holds: marker: lib.nameValuePair "test with gpu: ${marker}" {
    expr = evaluate { extra = [ "gpu" ]; } marker;
    expected = holds;
  };
  refused = words: marker: lib.nameValuePair "test refused: ${marker}" {
    expr = evaluate { } marker;
    expectedError = {
      type = "ThrownError";
      msg = words;
    };
  };
in
lib.listToAttrs (
  map (without true) [
    ""
    "   "
    "python_version >= '3.10'"
    "python_version>='3.10'"
    "python_version < '3.9' or python_version == '3.11'"
    "python_full_version >= '3.11.4' and sys_platform == 'linux'"
    "python_full_version == '3.11.*'"
    "python_version ~= '3.10'"
    "python_full_version ~= '3.11.2'"
    "python_version > '3.10' and python_version <= '3.11'"
    "python_version == '3.11.0'"
    "python_version >= '3.9' and python_version < '4.0'"
    "python_version > '3.9'"
    "python_version < '3.20'"
    "python_version not in '3.9, 3.10'"
    "python_version in '3.10 3.11'"
    "(sys_platform == 'win32' or os_name == 'posix') and platform_machine != 'arm64'"
    "(((sys_platform == 'linux')))"
    "platform_python_implementation != 'PyPy' and implementation_name == \"cpython\""
    "platform_system in 'Linux,Darwin'"
    "'linux' in sys_platform"
    "'win' not in sys_platform"
    "'3.11' == python_version"
    "'3.8' < python_version"
    "extra != 'gpu'"
    "platform_machine == 'x86_64' and (python_version < '3.12' or extra == 'x')"
    "platform_release == ''"
  ]
  ++ map (without false) [
    "python_full_version < '3.11'"
    "python_full_version != '3.11.*'"
    "python_full_version ~= '3.10.2'"
    "python_version < '3.9'"
    "sys_platform == 'win32' or os_name == 'posix' and platform_machine == 'arm64'"
    "extra == 'gpu'"
    "extra == 'cpu' or (extra == 'gpu' and sys_platform == 'linux')"
    "implementation_version == '3.11'"
  ]
  ++ map (withGpu true) [
    "extra == 'gpu'"
    "extra == 'cpu' or (extra == 'gpu' and sys_platform == 'linux')"
  ]
  ++ map (withGpu false) [
    "extra != 'gpu'"
    "extra == 'cpu'"
    "extra == 'gpu' and sys_platform == 'win32'"
  ]
  ++ map (refused "Correct it in pyproject.toml") [
    "python_version >="
    "python_version"
    "python_version >= 3.10"
    "python_version ! '3.10'"
    "python_version <> '3.10'"
    "sys_platform => 'linux'"
    "(python_version >= '3.10'"
    "python_version >= '3.10' and"
    "python_version >= '3.10' sys_platform == 'linux'"
    "or"
  ]
  ++ map (refused "asks for `python_versoin`, which markers do not have") [ "python_versoin >= '3.10'" ]
)
// {
  "test that a list of pylock.toml holds what is in it" = {
    expr = map (evaluate { extras = [ "gpu" "docs" ]; dependency_groups = [ ]; }) [
      "'gpu' in extras"
      "'cpu' in extras"
      "'cpu' not in extras"
      "'dev' in dependency_groups"
    ];
    expected = [ true false true false ];
  };
  "test that names of before PEP 508 are those of today" = {
    expr = map (evaluate { }) [
      "os.name == 'posix'"
      "sys.platform == 'win32'"
      "platform.machine == 'x86_64'"
    ];
    expected = [ true false true ];
  };
  "test that several extras may be asked for" = {
    expr = map (evaluate { extra = [ "gpu" "docs" ]; }) [
      "extra == 'gpu' and extra == 'docs'"
      "extra == 'gpu' and extra == 'dev'"
    ];
    expected = [ true false ];
  };
  "test that what decides already is all that is asked" = {
    expr = evaluate { } "sys_platform == 'linux' or unknown_word == 'x'";
    expected = true;
  };
}
