"""The protocol: pygls in front of `answers`. One server for one editor, on standard input and output."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from pyenvspec import __version__
from pyenvspec.commands.lsp.answers import complete, findings, fix_of, hover
from pyenvspec.commands.lsp.place import find_place
from pyenvspec.diagnostics import Severity
from pyenvspec.driver import MANIFEST

if TYPE_CHECKING:
    from pygls.workspace import TextDocument

    from pyenvspec.diagnostics import Diagnostic

_SEVERITY = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.NOTE: types.DiagnosticSeverity.Information,
}
_PAUSE = 0.15
"""Seconds after which a change counts as finished."""

_CODE_PAGE = "https://github.com/pyenvspec/pyenvspec/blob/main/docs/errors.md"


def serve() -> None:
    """Answer until the editor closes the connection."""
    make_server().start_io()


def make_server() -> LanguageServer:
    """Return a server with all that it can do."""
    server = LanguageServer("pyenvspec", __version__)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def _opened(params: types.DidOpenTextDocumentParams) -> None:
        _tell(server, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def _changed(params: types.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        await asyncio.sleep(_PAUSE)
        # Of what is typed in one go only the last state is looked at.
        if is_ours(uri) and server.workspace.get_text_document(uri).version == params.text_document.version:
            _tell(server, uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def _saved(params: types.DidSaveTextDocumentParams) -> None:
        _tell(server, params.text_document.uri)

    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=[" ", "-", "[", ","])
    )
    def _complete(params: types.CompletionParams) -> types.CompletionList:
        uri = params.text_document.uri
        if not is_ours(uri):
            return types.CompletionList(is_incomplete=False, items=[])
        return _completions(server.workspace.get_text_document(uri), params.position)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def _hover(params: types.HoverParams) -> types.Hover | None:
        if not is_ours(params.text_document.uri):
            return None
        document = server.workspace.get_text_document(params.text_document.uri)
        text = hover(folder_of(document.uri), document.source, _lines(document), params.position.line)
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text)) if text else None

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix]),
    )
    def _fixes(params: types.CodeActionParams) -> list[types.CodeAction]:
        uri = params.text_document.uri
        return [action for one in params.context.diagnostics if (action := _fix(uri, one)) is not None]

    return server


def is_ours(uri: str) -> bool:
    """Whether a document is an env.yaml: other YAML is none of ours, nor is what can be no file."""
    try:
        path = unquote(urlparse(uri).path)
    except ValueError:  # `file://[/env.yaml`: brackets are for numbers of IPv6
        return False
    return path.rpartition("/")[2] == MANIFEST and "\0" not in path


def folder_of(uri: str) -> Path:
    """Return the folder of a document."""
    # `url2pathname` takes the percent signs away itself: done twice, a folder called `a%20b` is not found.
    return Path(url2pathname(urlparse(uri).path)).parent


def _lines(document: TextDocument) -> list[str]:
    return [line.rstrip("\r\n") for line in document.lines]


def _tell(server: LanguageServer, uri: str) -> None:
    if not is_ours(uri):
        return
    document = server.workspace.get_text_document(uri)
    marks = [_finding(document, one) for one in findings(folder_of(uri), document.source)]
    published = types.PublishDiagnosticsParams(uri=uri, diagnostics=marks, version=document.version)
    server.text_document_publish_diagnostics(published)


def _finding(document: TextDocument, finding: Diagnostic) -> types.Diagnostic:
    span = finding.span
    # Ours count from 1, the protocol's from 0; a finding about the whole file stands at its start.
    start = types.Position(span.line - 1, span.column - 1) if span else types.Position(0, 0)
    end = types.Position(span.end_line - 1, span.end_column - 1) if span else types.Position(0, 0)
    # Editors count in the units that were agreed on, UTF-16 for most; our columns are characters.
    codec = document.position_codec
    place = codec.range_to_client_units(document.lines, types.Range(start, end))
    message = "\n".join(part for part in (finding.message, finding.expected, finding.hint) if part)
    return types.Diagnostic(
        range=place,
        message=message,
        severity=_SEVERITY[finding.severity],
        code=finding.code,
        code_description=types.CodeDescription(f"{_CODE_PAGE}#{finding.code}"),
        source="pyenvspec",
        data=fix_of(finding),
    )


def _completions(document: TextDocument, position: types.Position) -> types.CompletionList:
    codec = document.position_codec
    at = codec.position_from_client_units(document.lines, position)
    place = find_place(_lines(document), at.line, at.character)
    start = codec.position_to_client_units(document.lines, types.Position(at.line, place.start))
    edit_range = types.Range(start, position)
    items = [
        types.CompletionItem(
            label=one.label,
            kind=types.CompletionItemKind.Property if one.is_key else types.CompletionItemKind.Value,
            detail=one.about[:120] or None,
            documentation=one.about or None,
            # Editors sort by text otherwise, and ours are the best first.
            sort_text=f"{number:04}",
            # The label, since the text of a key ends in a colon.
            filter_text=one.label,
            text_edit=types.TextEdit(edit_range, one.text),
        )
        for number, one in enumerate(complete(place))
    ]
    # What is typed next asks again: the catalogue is longer than any list.
    return types.CompletionList(is_incomplete=place.kind == "item", items=items)


def _fix(uri: str, finding: types.Diagnostic) -> types.CodeAction | None:
    if finding.source != "pyenvspec" or not isinstance(finding.data, str):
        return None
    edit = types.TextEdit(finding.range, finding.data)
    return types.CodeAction(
        title=f"Write {finding.data}",
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[finding],
        is_preferred=True,
        edit=types.WorkspaceEdit(changes={uri: [edit]}),
    )
