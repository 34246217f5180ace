# Written by pyenvspec from its own nix/modules/; edit env.yaml instead and run `pyenvspec compile`.
#
# OCI images without an engine, a daemon or root: layers are derivations, each made again only when what is in it changed; an
# image is a folder (an OCI image layout) that skopeo, buildah, podman, Apptainer and umoci read. Its layers have their final
# digests, so that a push moves only those that the registry lacks.
{
  lib,
  pkgs,
  # Runs the scripts: a CPython, 3.6 or newer.
  python,
}:
let
  run = script: "${python}/bin/${python.executable} -I -B ${script}";

  layer =
    attributes:
    pkgs.stdenvNoCC.mkDerivation (
      {
        __structuredAttrs = true;
        name = "layer-${lib.replaceStrings [ " " ] [ "-" ] attributes.title}";
        # Known everywhere; the same bytes whatever the number of processors.
        compress = [
          "${pkgs.pigz}/bin/pigz"
          "--no-name"
          "--stdout"
        ];
        buildCommand = run ./oci-layers.py;
      }
      // attributes
    );
in
rec {
  # Store paths with all that they refer to, less what the layers below hold.
  closureLayer =
    title: paths: below:
    layer {
      inherit title below;
      exportReferencesGraph.closure = paths;
    };

  # A folder as the root of the image.
  treeLayer =
    title: tree: owned:
    layer { inherit title tree owned; };

  image =
    {
      name,
      tag,
      layers,
      config,
      # The address of an image underneath, or "": pulled when the image is copied, by who may pull it.
      base ? "",
    }:
    let
      given = {
        inherit config layers tag;
        architecture = goArchitectures.${pkgs.stdenv.hostPlatform.parsed.cpu.name} or noArchitecture;
      };
      layout = pkgs.stdenvNoCC.mkDerivation (
        {
          __structuredAttrs = true;
          name = "image-${name}";
          buildCommand = run ./oci-image.py;
          passthru = {
            inherit layers;
            imageName = name;
            imageTag = tag;
            copyTo = copyTo base layout given;
          };
          meta.description = "OCI image ${name}:${tag}";
        }
        // given
      );
    in
    layout;

  goArchitectures = {
    x86_64 = "amd64";
    aarch64 = "arm64";
  };

  noArchitecture = throw ''
    env.yaml: containers: images are made for x86_64-linux and aarch64-linux, not for ${pkgs.stdenv.hostPlatform.system}.
    Leave it out of `systems`, or `containers` away.
  '';

  skopeo = "${pkgs.skopeo}/bin/skopeo --insecure-policy";

  # `copy-to DESTINATION [OPTION…]`, in skopeo's words; prints the digest, by which a cluster can be told of the image.
  copyTo =
    base: layout: given:
    pkgs.writeShellScriptBin "copy-to" ''
      set -e
      destination=$1
      shift
      work=$(mktemp -d)
      trap 'rm -rf "$work"' EXIT
      ${if base == "" then "image=${layout}" else putOver base given}
      ${skopeo} copy --digestfile "$work/digest" "$@" "oci:$image:${given.tag}" "$destination" >&2
      echo "$(cat "$work/digest")"
    '';

  # `copy-from SOURCE DESTINATION [OPTION…]`, of an image that an engine made.
  copyFrom = pkgs.writeShellScriptBin "copy-from" ''
    set -e
    source=$1 destination=$2
    shift 2
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    ${skopeo} copy --digestfile "$work/digest" "$@" "$source" "$destination" >&2
    echo "$(cat "$work/digest")"
  '';

  # The layers of another image underneath.
  putOver = base: given: ''
    echo "pulling ${base}" >&2
    ${skopeo} copy ''${PYENVSPEC_PULL_OPTIONS-} --override-os linux --override-arch ${given.architecture} \
      docker://${base} "oci:$work/base:base" >&2
    image=$work/image
    NIX_ATTRS_JSON_FILE=${pkgs.writeText "image.json" (builtins.toJSON given)} base=$work/base out=$image \
      ${run ./oci-image.py}
  '';
}
