# A package of a lock in the stand-ins for uv2nix and poetry2nix: what it was given can be read, and overridden as there.
lib:
let
  make =
    attributes:
    let
      self = attributes // {
        type = "derivation";
        outPath = "/store/${attributes.name}";
        override = change: make (attributes.again (attributes.arguments // change));
        overrideAttrs =
          change: make (attributes // (if lib.isFunction change then change attributes else change));
        overridePythonAttrs = self.overrideAttrs;
      };
    in
    # As in nixpkgs, `.override` says what it takes.
    self // { override = { __functor = _: self.override; __functionArgs = lib.mapAttrs (_: _: true) (attributes.arguments or { }); }; };
in
make
