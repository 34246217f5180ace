"""Which test holds each file of facts to the real thing, or why none can here.

A file that a decision rests on and that is of nixpkgs, devenv or another flake input has a test over that input, by the
name of the test's file and function. The others are of the world outside of Nix; they say of what, and each of
their rows says where it was read.
"""

from __future__ import annotations

FACTS = "test_facts_nix.py"
RELEASES = f"{FACTS}::test_rows_of_a_release"
NAMES = f"{FACTS}::test_every_attribute_that_is_named_is_there"

HELD: dict[str, tuple[str, ...]] = {
    "build-failures.json": (NAMES,),
    "catalogue.tsv": (
        f"{FACTS}::test_the_catalogue_has_what_nixpkgs_has",
        "test_names_nix.py::test_names_are_there_or_gone_as_the_catalogue_says",
    ),
    "cuda-capabilities.json": (f"{FACTS}::test_generations_of_gpus",),
    "cuda-legacy.json": (
        f"{FACTS}::test_sets_of_cuda_legacy",
        f"{FACTS}::test_sets_of_cuda_legacy_evaluate_up_to_their_newest_nixpkgs",
        "test_releases_nix.py::test_each_evaluates_pure_with_a_small_lock",
    ),
    "cuda-packages.json": (f"{FACTS}::test_packages_of_cuda",),
    "cuda.json": (RELEASES,),
    "cudnn.json": (RELEASES,),
    "debian-names.tsv": (NAMES,),
    "debian-same.tsv": (NAMES,),
    "devenv-options.tsv": (f"{FACTS}::test_options_of_devenv",),
    "devenv-services.json": (f"{FACTS}::test_services_of_devenv",),
    "flake-inputs.json": (f"{FACTS}::test_inputs_of_inputs",),
    "gpu-packages.json": (f"{FACTS}::test_every_cuda_that_is_named_is_in_a_table",),
    "host-names.json": (NAMES,),
    "known-fixes.json": (NAMES,),
    "managers.json": (f"{FACTS}::test_what_nixpkgs_splits_off_python",),
    "native-names.json": (NAMES,),
    "nixpkgs-python.json": (f"{FACTS}::test_versions_of_nixpkgs_python",),
    "python.json": (RELEASES,),
    "releases.json": (RELEASES,),
    "run-failures.json": (NAMES,),
    "sonames.tsv": (NAMES,),
    "tools.json": (RELEASES,),
    "wheel-libraries.json": (NAMES,),
}

OF_ANOTHER_WORLD = {
    "caches.json": "servers of binary caches; `doctor --online` asks them",
    "ci-images.json": "tags of an image registry",
    "conda-names.json": "conda's recipes",
    "cuda-drivers.json": "NVIDIA's release notes",
    "cuda-images.json": "tags of an image registry",
    "github-actions.json": "commits of actions on GitHub",
    "import-names.json": "modules of packages of the index",
    "machine-tools.json": "what people have on their machines",
    "mistaken-words.json": "words of other tools",
    "nix-direnv.json": "a release of nix-direnv, by its hash",
    "loose-sdists.json": "releases of packages of the index",
    "newer-majors.json": "releases of packages of the index",
    "pypi-names.json": "names of packages of the index",
    "torch-wheels.json": "wheels of the index; scripts/wheel-facts reads them again",
    "wheel-contents.json": "wheels of the index; scripts/wheel-facts reads them again",
    "wheel-pythons.json": "wheels of the index; scripts/wheel-python-facts reads them again",
}
