# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# The packages of a pylock.toml that an installer would install, each with its files as the lock names them.
{ lib, holds, ... }:
{
  lock,
  groups,
  extras,
  ...
}:
let
  normalise = import ./normalise.nix { inherit lib; };
  applies = holds {
    inherit extras;
    dependency_groups = lock.default-groups or [ ] ++ groups;
  };
  fileOf = wheel: {
    name = wheel.name or (lib.last (lib.splitString "/" (wheel.url or wheel.path)));
    url = wheel.url or null;
    path = wheel.path or null;
    hash = if wheel.hashes ? sha256 then "sha256:${wheel.hashes.sha256}" else null;
    size = wheel.size or null;
  };
  kindOf =
    package:
    if package ? vcs then
      "git"
    else if package ? directory then
      "directory"
    else if package ? archive then
      "url"
    else
      "registry";
in
map (package: {
  name = normalise package.name;
  version = package.version or "0";
  kind = kindOf package;
  place =
    package.vcs.url or package.directory.path or package.archive.url or package.archive.path or package.index or "";
  files = map fileOf (
    package.wheels or (
      let
        archive = package.archive or { };
      in
      lib.optional (lib.hasSuffix ".whl" (archive.url or archive.path or "")) archive
    )
  );
}) (lib.filter (package: applies (package.marker or "")) lock.packages or [ ])
