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
  pyprojectFile = project + "${below}/pyproject.toml";
  pyproject = if builtins.pathExists pyprojectFile then lib.importTOML pyprojectFile else { };
  poetry = pyproject.tool.poetry or { };
  described = pyproject.project or { };

  name = described.name or poetry.name or null;
  version = described.version or poetry.version or null;
  urls = lib.mapAttrs' (key: lib.nameValuePair (lib.toLower key)) (described.urls or { });

  # Of scripts, poetry's form with a table is left to poetry.
  scripts = lib.filterAttrs (_: lib.isString) ((poetry.scripts or { }) // (described.scripts or { }));
  groups =
    lib.optionalAttrs (scripts != { }) { console_scripts = scripts; }
    // lib.optionalAttrs (described ? gui-scripts) { gui_scripts = described.gui-scripts; }
    // (poetry.plugins or { })
    // (described.entry-points or { });

  # Where imports start: `src` where there is one, as with the backends' own rules.
  sources =
    if builtins.pathExists (project + "${below}/src") then "${place}${below}/src" else "${place}${below}";
  isPackage = whole && name != null;

  metadata = pkgs.writeTextDir "METADATA" ''
    Metadata-Version: 2.1
    Name: ${toString name}
    Version: ${if version == null then "0" else version}
  '';
  entryPoints = pkgs.writeTextDir "entry_points.txt" (lib.generators.toINI { mkKeyValue = key: value: "${key} = ${value}"; } groups);
  distribution = lib.replaceStrings [ "-" "." ] [ "_" "_" ] (toString name);

  start =
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
        sys.path[:0] = [${builtins.toJSON sources}, os.path.join(os.path.dirname(os.path.dirname(__file__)), "lib")]
        from ${lib.head parts} import ${lib.head path}
        sys.exit(${lib.last parts}())
      '';

  # Known to importlib.metadata, as an installed package is.
  installed = pkgs.runCommand "project-metadata" { } ''
    mkdir -p $out/bin $out/lib/${distribution}.dist-info
    cp ${metadata}/METADATA ${entryPoints}/entry_points.txt $out/lib/${distribution}.dist-info/
    ${lib.concatStrings (
      lib.mapAttrsToList (script: target: ''
        install -m 755 ${pkgs.writeText "script" (start target)} $out/bin/${lib.escapeShellArg script}
      '') scripts
    )}
  '';

  inProject = path: lib.removePrefix "${project}/" (toString path);
  files =
    if whole then
      builtins.path {
        path = project;
        name = "project";
        # What a checkout holds besides the project.
        filter =
          path: _:
          !lib.elem (baseNameOf path) [
            ".direnv"
            ".git"
            ".venv"
            "__pycache__"
            "result"
          ];
      }
    else
      null;

  tree = pkgs.runCommand "project-tree" { } ''
    mkdir -p $out/app
    ${lib.optionalString whole "cp -rP ${files}/. $out/app/"}
    ${lib.concatMapStrings (path: ''
      mkdir -p "$(dirname $out/app/${lib.escapeShellArg (inProject path)})"
      cp -rP ${path} $out/app/${lib.escapeShellArg (inProject path)}
    '') copy}
    ${lib.optionalString isPackage ''
      mkdir -p $out/opt
      cp -r ${installed} $out/opt/project
    ''}
  '';
in
{
  inherit files scripts version;
  tree = if whole || copy != [ ] then tree else null;
  description = described.description or poetry.description or null;
  source = urls.repository or urls.source or urls.homepage or poetry.repository or null;
  workingDirectory = if whole then "${place}${below}" else place;
  folders = lib.optional isPackage "/opt/project/bin";
  env = lib.optionalAttrs isPackage { PYTHONPATH = "${sources}:/opt/project/lib"; };
  inherit installed;
}
