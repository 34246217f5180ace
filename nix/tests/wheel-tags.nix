# Tests of ../modules/wheel-tags.nix. tests/unit/test_nix_code.py also asks packaging whether it ranks the same.
{
  lib ? import ../../tests/nix/lib.nix,
}:
let
  linux = {
    isDarwin = false;
    isAarch64 = false;
    parsed.cpu.name = "x86_64";
  };
  mac = {
    isDarwin = true;
    isAarch64 = true;
    parsed.cpu.name = "aarch64";
  };
  choose = import ../modules/wheel-tags.nix { inherit lib; };
  best = choose {
    pythonVersion = "3.11";
    platform = linux;
    glibc = "2.36";
  };
  bestOnMac = choose {
    pythonVersion = "3.11";
    platform = mac;
  };

  # Each is in turn the best of the rest.
  rank =
    choose: files:
    let
      first = choose files;
    in
    if first == null then [ ] else [ first ] ++ rank choose (lib.filter (file: file != first) files);

  order = [
    "a-1-cp311-cp311-manylinux_2_28_x86_64.whl"
    "a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
    "a-1-2-cp311-cp311-linux_x86_64.whl"
    "a-1-cp39-abi3-manylinux1_x86_64.whl"
    "a-1-cp38-abi3-manylinux_2_28_x86_64.whl"
    "a-1-py3-none-manylinux1_x86_64.manylinux_2_28_x86_64.whl"
    "a-1-py3-none-manylinux_2_12_x86_64.manylinux2010_x86_64.whl"
    "a-1-cp311-none-any.whl"
    "a-1-py3-none-any.whl"
    "a-1-py310-none-any.whl"
  ];
  unfit = [
    "a-1-py2-none-any.whl"
    "a-1-py312-none-any.whl"
    "a-1-cp311-cp311-manylinux_2_99_x86_64.whl"
    "a-1-cp311-cp311-musllinux_1_2_x86_64.whl"
    "a-1-cp311-cp311-manylinux_2_28_aarch64.whl"
    "a-1-cp311-cp311-win_amd64.whl"
    "a-1-cp311-cp311-macosx_11_0_arm64.whl"
    "a-1-cp313-cp313t-manylinux_2_28_x86_64.whl"
    "a-1-cp310-cp310-manylinux_2_28_x86_64.whl"
    "a-1-cp312-abi3-manylinux_2_28_x86_64.whl"
    "a-1-pp310-pypy310_pp73-manylinux_2_28_x86_64.whl"
  ];
in
{
  "test that each is in turn the best of the rest" = {
    expr = rank best (lib.reverseList order ++ unfit);
    expected = order;
  };
  "test that of two as good the first is taken" = {
    expr = map best [
      [ "a-1-py3-none-any.whl" "a-1-py2.py3-none-any.whl" ]
      [ "a-1-py2.py3-none-any.whl" "a-1-py3-none-any.whl" ]
    ];
    expected = [ "a-1-py3-none-any.whl" "a-1-py2.py3-none-any.whl" ];
  };
  "test that nothing is chosen of none" = {
    expr = best [ ];
    expected = null;
  };
  "test that files of other kinds are no wheels" = {
    expr = map (file: best [ file ]) [
      "a-1.tar.gz"
      "a-1.zip"
      "a.whl"
      "any.whl"
      "-.whl"
      "none-any.whl"
    ];
    expected = [ null null null null null null ];
  };
  "test that an older glibc takes only what is made for it" = {
    expr = choose { pythonVersion = "3.11"; platform = linux; glibc = "2.12"; } order;
    expected = "a-1-2-cp311-cp311-linux_x86_64.whl";
  };
  "test that without glibc only pure wheels fit" = {
    expr = rank (choose { pythonVersion = "3.11"; platform = linux; glibc = null; }) order;
    expected = [
      "a-1-cp311-none-any.whl"
      "a-1-py3-none-any.whl"
      "a-1-py310-none-any.whl"
    ];
  };
  "test that ABIs of before 3.8 have an m" = {
    expr = choose { pythonVersion = "3.7"; platform = linux; glibc = "2.36"; } [
      "a-1-cp37-cp37m-manylinux1_x86_64.whl"
      "a-1-cp311-cp311-manylinux1_x86_64.whl"
    ];
    expected = "a-1-cp37-cp37m-manylinux1_x86_64.whl";
  };
  "test that 3.1 is not 3.10" = {
    expr = choose { pythonVersion = "3.10"; platform = linux; glibc = "2.36"; } [
      "a-1-cp31-cp31-manylinux1_x86_64.whl"
    ];
    expected = null;
  };
  "test that a Mac takes its own and both machines' wheels" = {
    expr = rank bestOnMac [
      "a-1-cp311-cp311-macosx_10_9_x86_64.whl"
      "a-1-cp311-cp311-macosx_10_9_universal2.whl"
      "a-1-cp311-cp311-macosx_11_0_arm64.whl"
      "a-1-cp311-cp311-macosx_99_0_arm64.whl"
      "a-1-cp311-cp311-manylinux_2_28_aarch64.whl"
      "a-1-py3-none-any.whl"
    ];
    expected = [
      "a-1-cp311-cp311-macosx_11_0_arm64.whl"
      "a-1-cp311-cp311-macosx_10_9_universal2.whl"
      "a-1-py3-none-any.whl"
    ];
  };
}
// lib.listToAttrs (
  map (
    file:
    lib.nameValuePair "test that ${file} does not fit" {
      expr = best [ file ];
      expected = null;
    }
  ) unfit
)
