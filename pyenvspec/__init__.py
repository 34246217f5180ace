"""pyenvspec: env.yaml in, a Nix flake out."""

from __future__ import annotations

__version__ = "0.1.0"
RELEASED = False
"""Whether there is a tag of this version, from which others can take it; scripts/release asks for it."""
