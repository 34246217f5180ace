"""What names a repository on GitHub, and a branch, tag or revision in it, as git and Nix both take it.

Sources: `git help check-ref-format`; refRegex and badGitRefRegex in Nix's src/libutil/url-parts.hh,
and what Nix 2.34 takes (`_` at the beginning, for one).
"""

from __future__ import annotations

# Both Nix's rules and git's: what only one of them takes would pass `check` and fail in `nix develop`.
GITHUB_OWNER = "[A-Za-z0-9][A-Za-z0-9-]*"
GITHUB_REPO = r"(?!\.{1,2}$)[A-Za-z0-9._-]+"
GIT_REF = r"(?!.*(?:\.\.|//|/\.|@\{|\.lock(?:/|$)|[/.]$))[A-Za-z0-9_][A-Za-z0-9._/@+-]*"
