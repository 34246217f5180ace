"""A shell of env.yaml as the cross-checks see it, and where what they find goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyenvspec.diagnostics import Diagnostic, Severity
from pyenvspec.raw import locate
from pyenvspec.records import dataclass

if TYPE_CHECKING:
    from pyenvspec.diagnostics import Diagnostics, KeyPath
    from pyenvspec.spec.model import ShellSpec, SpecFile


@dataclass(frozen=True)
class CheckContext:
    """A shell of the file, and where findings about it go."""

    file: SpecFile
    shell: ShellSpec
    findings: Diagnostics

    def add(  # noqa: PLR0913 -- the parts of a message
        self,
        code: str,
        path: KeyPath,
        message: str,
        *,
        expected: str | None = None,
        hint: str | None = None,
        severity: Severity = Severity.ERROR,
        key: bool = False,
    ) -> None:
        """Keep a finding about the value at `path`, or about its key."""
        raw = self.file.raw
        # In the shell's own tree: a value may be typed in the variant, or in what all shells share.
        span = locate(self.shell.tree, path, key=key)
        line = raw.line(span.line)
        self.findings.add(Diagnostic(code, message, raw.file, span, line, expected, hint, path, severity))
