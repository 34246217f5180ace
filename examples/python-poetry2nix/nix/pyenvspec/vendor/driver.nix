# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# The NVIDIA driver of the machine, looked for when a program starts: `library` does so for the Python that needs it, `command`
# is `with-driver CMD…` for any other program. Where there is none to look for, `library` is null and `command` starts CMD alone.
{ lib, pkgs }:
shell:
let
  # Graphics where there is no NVIDIA: nixpkgs' Mesa, when env.yaml asks for it. Older ones keep the drivers apart.
  mesa = lib.findFirst (package: lib.getName package == "mesa") null shell.native;
  drivers = lib.getOutput "drivers" mesa;
  vendors = lib.optionalString (mesa != null) (
    "-DEGL_VENDORS='\"${drivers}/share/glvnd/egl_vendor.d/50_mesa.json\"' "
    + "-DVULKAN_DRIVERS='\"${drivers}/share/vulkan/icd.d\"'"
  );

  isWanted = pkgs.stdenv.hostPlatform.isLinux && shell.driver;
  compile = "$CC -O2 -Wall ${vendors} ${./driver.c}";
in
{
  library =
    if isWanted then
      pkgs.runCommandCC "driver.so" { } "${compile} -shared -fPIC -o $out"
    else
      null;

  command =
    if isWanted then
      pkgs.runCommandCC "with-driver" { meta.mainProgram = "with-driver"; } ''
        mkdir -p $out/bin
        ${compile} -DWITH_DRIVER -o $out/bin/with-driver
      ''
    else
      pkgs.writeShellScriptBin "with-driver" ''exec "$@"'';
}
