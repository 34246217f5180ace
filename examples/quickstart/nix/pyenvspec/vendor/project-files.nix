# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# The project in an image, at /app: its files with their modes, and what makes its packages and commands known to Python. They
# are not built: Python imports them from there, and the commands of pyproject.toml are written from what it says.
{ lib, pkgs }:
{
  project,
  shell,
  # The Python that starts the commands, with the packages.
  python,
  # All files, or only those of `copy`.
  whole ? true,
  copy ? [ ],
  # Where the files are when it runs.
  place ? "/app",
}:
let
  folder = if (shell.venv or null) == null then "." else shell.venv.project;
  below = lib.optionalString (folder != ".") "/${folder}";

  # What a pyproject.toml says; `below` is its folder, "" or "/sub".
  describe =
    below:
    let
      file = project + "${below}/pyproject.toml";
      pyproject = if builtins.pathExists file then lib.importTOML file else { };
      poetry = pyproject.tool.poetry or { };
      described = pyproject.project or { };
      scripts = lib.filterAttrs (_: lib.isString) ((poetry.scripts or { }) // (described.scripts or { }));
    in
    {
      name = described.name or poetry.name or null;
      version = described.version or poetry.version or null;
      description = described.description or poetry.description or null;
      urls = lib.mapAttrs' (key: lib.nameValuePair (lib.toLower key)) (described.urls or { });
      repository = poetry.repository or null;
      # Poetry's form with a table is left to poetry.
      inherit scripts;
      groups =
        lib.optionalAttrs (scripts != { }) { console_scripts = scripts; }
        // lib.optionalAttrs (described ? gui-scripts) { gui_scripts = described.gui-scripts; }
        // (poetry.plugins or { })
        // (described.entry-points or { });
      sources = map (source: "${place}${below}${source}") (sourcesOf below (pyproject.tool or { }));
    };

  # Where imports start: what the backends are told, else `src` where there is one, as with their own rules.
  sourcesOf =
    below: tool:
    let
      hatch = tool.hatch.build.targets.wheel or { };
      told =
        map (package: package.from or ".") (tool.poetry.packages or [ ])
        ++ tool.setuptools.packages.find.where or [ ]
        ++ lib.attrValues (lib.filterAttrs (name: _: name == "") (tool.setuptools.package-dir or { }))
        ++ map dirOf (hatch.packages or [ ])
        ++ lib.optional (tool ? pdm.build.package-dir) tool.pdm.build.package-dir
        ++ lib.optional (tool ? maturin.python-source) tool.maturin.python-source
        ++ lib.optional (tool ? uv.build-backend.module-root) tool.uv.build-backend.module-root;
      usual = if builtins.pathExists (project + "${below}/src") then "src" else ".";
    in
    map (source: lib.optionalString (source != "" && source != ".") "/${source}") (
      lib.unique (if told == [ ] then [ usual ] else told)
    );

  own = describe below;
  isPackage = whole && own.name != null;
  # Other packages of the project's own, as the lock knows them: members of a workspace, folders that it depends on.
  others = lib.optionals isPackage (
    lib.filter (other: other.name != null) (
      map (package: describe "${below}/${lib.removePrefix "./" package.place}") (
        lib.filter (package: package.place != "." && package.kind != "virtual") (python.packages.local or [ ])
      )
    )
  );

  start =
    { sources, ... }:
    target:
    let
      parts = lib.splitString ":" (lib.head (lib.splitString "[" (lib.replaceStrings [ " " ] [ "" ] target)));
      path = lib.splitString "." (lib.last parts);
    in
    if lib.length parts != 2 then
      throw ''
        pyproject.toml: the command `${target}` is not written as `module:function`.
        Correct it under [project.scripts].
      ''
    else
      ''
        #!${python.interpreter}
        import os, sys
        sys.path[:0] = [${lib.concatMapStringsSep ", " builtins.toJSON sources}, os.path.join(os.path.dirname(os.path.dirname(__file__)), "lib")]
        from ${lib.head parts} import ${lib.head path}
        sys.exit(${lib.last parts}())
      '';

  # Known to importlib.metadata, as an installed package is.
  install =
    package:
    let
      metadata = pkgs.writeTextDir "METADATA" ''
        Metadata-Version: 2.1
        Name: ${toString package.name}
        Version: ${if package.version == null then "0" else package.version}
      '';
      entryPoints = pkgs.writeTextDir "entry_points.txt" (
        lib.generators.toINI { mkKeyValue = key: value: "${key} = ${value}"; } package.groups
      );
      distribution = lib.escapeShellArg (lib.replaceStrings [ "-" "." ] [ "_" "_" ] (toString package.name));
    in
    ''
      mkdir -p $out/lib/${distribution}.dist-info
      cp ${metadata}/METADATA ${entryPoints}/entry_points.txt $out/lib/${distribution}.dist-info/
    ''
    + lib.concatStrings (
      lib.mapAttrsToList (script: target: ''
        install -m 755 ${pkgs.writeText "script" (start package target)} $out/bin/${lib.escapeShellArg script}
      '') package.scripts
    );
  # The project's own last: its commands win.
  installed = pkgs.runCommand "project-metadata" { } ''
    mkdir -p $out/bin $out/lib
    ${lib.concatMapStrings install (others ++ [ own ])}
  '';

  # What only compiles and opens shells; a change of it would be one of the project.
  generated = [
    "/.envrc"
    "/.gitattributes"
    "/.github/workflows/pyenvspec.yml"
    "/.gitlab-ci.yml"
    "/.devcontainer"
    "/env.lock.json"
    "/flake.lock"
    "/flake.nix"
    "/nix/pyenvspec"
  ];
  secrets = map (file: "/${lib.removePrefix "./" file}") (shell.dotenv or [ ]);
  # Nix takes only some characters in the name of a store path.
  stored =
    path:
    if builtins.match "[A-Za-z0-9+_?=-][A-Za-z0-9+._?=-]*" (baseNameOf path) != null then
      "${path}"
    else
      "${builtins.path {
        inherit path;
        name = "file";
      }}";
  inProject = path: lib.removePrefix "${project}/" (toString path);
  files =
    if whole then
      builtins.path {
        path = project;
        name = "project";
        # What a checkout holds besides the project. Files of variables are a machine's secrets, also where git knows them or
        # there is no git to leave them out.
        filter =
          path: _:
          !lib.elem (baseNameOf path) [
            ".direnv"
            ".git"
            ".pyenvspec"
            ".venv"
            "__pycache__"
            "result"
          ]
          && !lib.elem (lib.removePrefix "${project}" path) (generated ++ secrets);
      }
    else
      null;

  tree = pkgs.runCommand "project-tree" { } ''
    mkdir -p $out/app
    ${lib.optionalString whole "cp -rP ${files}/. $out/app/"}
    ${lib.concatMapStrings (path: ''
      mkdir -p "$(dirname $out/app/${lib.escapeShellArg (inProject path)})"
      cp -rP ${stored path} $out/app/${lib.escapeShellArg (inProject path)}
    '') copy}
    ${lib.optionalString isPackage ''
      mkdir -p $out/opt
      cp -r ${installed} $out/opt/project
    ''}
  '';
in
{
  inherit files installed;
  inherit (own) description scripts version;
  tree = if whole || copy != [ ] then tree else null;
  source = own.urls.repository or own.urls.source or own.urls.homepage or own.repository;
  workingDirectory = if whole then "${place}${below}" else place;
  folders = lib.optional isPackage "/opt/project/bin";
  env = lib.optionalAttrs isPackage {
    PYTHONPATH = lib.concatStringsSep ":" (
      lib.concatMap (package: package.sources) ([ own ] ++ others) ++ [ "/opt/project/lib" ]
    );
  };
}
