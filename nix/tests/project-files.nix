# Tests of ../modules/project-files.nix: what a pyproject.toml says of an image, over packages that are names.
{
  lib ? import ../../tests/nix/lib.nix,
}:
let
  pkgs = import ../../tests/nix { names = [ ]; };
  read =
    text: more:
    import ../modules/project-files.nix { inherit pkgs; lib = lib // { importTOML = _: builtins.fromTOML text; }; } (
      {
        project = ./project;
        shell.venv.project = "sub";
        python.interpreter = "/store/python/bin/python3";
      }
      // more
    );
  facts = text: { inherit (read text { }) description scripts source version; };
  starting = text: (read text { }).installed;
in
{
  "test that [project] is read" = {
    expr = facts ''
      [project]
      name = "lab"
      version = "1.2"
      description = "a lab"
      urls = { Repository = "https://g.example/r" }
      scripts = { lab = "lab:main" }
    '';
    expected = {
      version = "1.2";
      description = "a lab";
      source = "https://g.example/r";
      scripts.lab = "lab:main";
    };
  };
  "test that poetry's own table is read, its scripts in a table left to poetry" = {
    expr = facts ''
      [tool.poetry]
      name = "lab"
      version = "0.1"
      repository = "https://g.example/p"
      [tool.poetry.scripts]
      a = "lab:main"
      b = { reference = "lab.sh", type = "file" }
    '';
    expected = {
      version = "0.1";
      description = null;
      source = "https://g.example/p";
      scripts.a = "lab:main";
    };
  };
  "test that a project that says nothing has nothing" = {
    expr = facts "";
    expected = { version = null; description = null; source = null; scripts = { }; };
  };
  "test that imports start in the project's folder, and its commands are on PATH" = {
    expr = map (text: { inherit (read text { }) env folders workingDirectory; }) [
      ''project.name = "lab"''
      ""
    ];
    expected = [
      {
        env.PYTHONPATH = "/app/sub:/opt/project/lib";
        folders = [ "/opt/project/bin" ];
        workingDirectory = "/app/sub";
      }
      {
        env = { };
        folders = [ ];
        workingDirectory = "/app/sub";
      }
    ];
  };
  "test that of a part of the files nothing is installed" = {
    expr = { inherit (read ''project.name = "lab"'' { whole = false; copy = [ ]; }) env files folders tree workingDirectory; };
    expected = { env = { }; files = null; folders = [ ]; tree = null; workingDirectory = "/app"; };
  };
  "test that imports start where the backend is told" = {
    expr = map (text: (read text { }).env.PYTHONPATH) [
      "project.name = 'lab'\ntool.poetry.packages = [ { include = 'lab', from = 'lib' }, { include = 'b' } ]"
      "project.name = 'lab'\ntool.setuptools.packages.find.where = [ 'python' ]"
      "project.name = 'lab'\ntool.setuptools.package-dir = { '' = 'code' }"
      "project.name = 'lab'\ntool.hatch.build.targets.wheel.packages = [ 'lib/lab', 'lib/more', 'top' ]"
      "project.name = 'lab'\ntool.uv.build-backend.module-root = ''"
    ];
    expected = [
      "/app/sub/lib:/app/sub:/opt/project/lib"
      "/app/sub/python:/opt/project/lib"
      "/app/sub/code:/opt/project/lib"
      "/app/sub/lib:/app/sub:/opt/project/lib"
      "/app/sub:/opt/project/lib"
    ];
  };
  "test that other packages of the project are imported too, but for those that are none" = {
    expr =
      (read "project.name = 'lab'" {
        python = {
          interpreter = "/store/python/bin/python3";
          packages.local = [
            { place = "."; kind = "editable"; }
            { place = "../sub"; kind = "editable"; }
            { place = "../sub"; kind = "virtual"; }
            { place = "no-project"; kind = "directory"; }
          ];
        };
      }).env.PYTHONPATH;
    expected = "/app/sub:/app/sub/../sub:/opt/project/lib";
  };
  "test that a command that names no function is told" = {
    expr = starting "[project]\nname = 'lab'\nscripts = { lab = 'lab.main' }";
    expectedError = {
      type = "ThrownError";
      msg = "the command `lab.main` is not written as `module:function`";
    };
  };
}
