"""The language server, asked by a real client of the protocol over its standard input and output."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("pygls", reason="needs pygls")

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from pyenvspec.cli import run
from pyenvspec.commands.lsp.answers import findings, hover
from pyenvspec.commands.lsp.place import find_place
from pyenvspec.commands.lsp.server import folder_of, is_ours
from pyenvspec.facts.nixpkgs import cuda_versions, python_minors
from pyenvspec.spec.model import Spec
from pyenvspec.spec.packages import Cuda

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CURSOR = "█"


class Editor:
    """An editor with one file open."""

    def __init__(self, client: LanguageClient, uri: str) -> None:
        self.client, self.uri, self.version = client, uri, 1
        self.found: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()

        @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)  # type: ignore[untyped-decorator]
        def _told(params: types.PublishDiagnosticsParams) -> None:
            self.found.put_nowait(params)

    async def open(self, text: str) -> list[types.Diagnostic]:
        item = types.TextDocumentItem(self.uri, "yaml", self.version, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return await self.told()

    async def type(self, text: str) -> list[types.Diagnostic]:
        self.version += 1
        document = types.VersionedTextDocumentIdentifier(self.version, self.uri)
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))
        return await self.told()

    async def told(self) -> list[types.Diagnostic]:
        """What is told of the last version."""
        while True:
            params = await asyncio.wait_for(self.found.get(), 60)
            if params.version == self.version:
                return list(params.diagnostics)

    async def complete(self, text: str) -> dict[str, types.CompletionItem]:
        before, _, after = text.partition(CURSOR)
        await self.type(before + after)
        at = types.Position(before.count("\n"), len(before.rpartition("\n")[2]))
        params = types.CompletionParams(types.TextDocumentIdentifier(self.uri), at)
        answer = await self.client.text_document_completion_async(params)
        assert isinstance(answer, types.CompletionList)
        return {item.label: item for item in answer.items}

    async def hover(self, line: int) -> str:
        params = types.HoverParams(types.TextDocumentIdentifier(self.uri), types.Position(line, 1))
        answer = await self.client.text_document_hover_async(params)
        assert answer is None or isinstance(answer.contents, types.MarkupContent)
        return "" if answer is None else answer.contents.value  # type: ignore[union-attr]

    async def fixes(self, found: list[types.Diagnostic]) -> list[Any]:
        params = types.CodeActionParams(
            types.TextDocumentIdentifier(self.uri), found[0].range, types.CodeActionContext(found)
        )
        return list(await self.client.text_document_code_action_async(params) or ())


def with_editor(folder: Path, do: Callable[[Editor], Awaitable[None]], name: str = "env.yaml") -> None:
    async def session() -> None:
        client = LanguageClient("test", "1")
        await client.start_io(sys.executable, "-m", "pyenvspec", "lsp", "--stdio")
        given = types.InitializeParams(capabilities=types.ClientCapabilities(), root_uri=folder.as_uri())
        await client.initialize_async(given)
        client.initialized(types.InitializedParams())
        try:
            await do(Editor(client, (folder / name).as_uri()))
        finally:
            await client.shutdown_async(None)
            client.exit(None)
            await client.stop()  # type: ignore[no-untyped-call]

    asyncio.run(session())


def test_what_check_says_is_told_of_text_that_is_not_saved(tmp_path: Path) -> None:
    async def do(editor: Editor) -> None:
        (found,) = await editor.open("python: 3.12\nnative: [ffmpeg, libsndfile1]\n")
        assert found.code == "native-unknown" and found.severity == types.DiagnosticSeverity.Error
        assert found.range == types.Range(types.Position(1, 17), types.Position(1, 28))
        assert (
            "nixpkgs has no `libsndfile1`" in found.message and "did you mean `libsndfile`?" in found.message
        )
        assert await editor.type("python: 3.12\nnative: [ffmpeg, libsndfile]\n") == []
        codes = [one.code for one in await editor.type("python: 3.12\ncuda: 11.9\n")]
        assert codes == ["no-release"]
        assert [one.code for one in await editor.type("python: [")] == ["yaml-syntax"]

    with_editor(tmp_path, do)
    assert list(tmp_path.iterdir()) == []


def test_a_fix_writes_what_the_finding_says(tmp_path: Path) -> None:
    async def do(editor: Editor) -> None:
        for text, replacement in (
            ("python: 3.12\nnative: [libsndfile1]\n", "libsndfile"),
            ("python: 3.12\ncudaa: 12.8\n", "cuda"),
            ("python: 3.12\ngenerate: {direnw: true}\n", "direnv"),
        ):
            found = await (editor.open if editor.version == 1 and editor.found.empty() else editor.type)(text)
            actions = await editor.fixes(found)
            (edit,) = actions[0].edit.changes[editor.uri]
            assert edit.new_text == replacement and edit.range == found[0].range
            line = text.splitlines()[edit.range.start.line]
            whole = line[: edit.range.start.character] + edit.new_text + line[edit.range.end.character :]
            mended = text.replace(line, whole)
            assert await editor.type(mended) == []

    with_editor(tmp_path, do)


def test_completion_knows_keys_versions_and_all_of_nixpkgs(tmp_path: Path) -> None:
    async def do(editor: Editor) -> None:
        await editor.open("")
        assert set(await editor.complete("█")) == set(Spec.model_fields)
        assert set(await editor.complete("python: 3.12\ncuda:\n  █")) == set(Cuda.model_fields)
        assert set(await editor.complete("python: █")) == set(python_minors())
        cudas = await editor.complete("python: 3.12\ncuda:\n  version: █")
        assert set(cudas) == set(cuda_versions()) and "driver" in str(cudas["11.8"].documentation)
        packages = await editor.complete("python: 3.12\nnative:\n  - zx█")
        assert "zxing" in packages and all("zx" in name for name in packages)
        assert "zxing" in await editor.complete("python: 3.12\nnative: [ffmpeg, zx█]")
        assert "ffmpeg" in await editor.complete("python: 3.12\nvariants:\n  cpu:\n    native:\n      - ff█")
        assert {"uv", "poetry"} <= set(await editor.complete("python:\n  version: 3.12\n  manager: █"))
        assert "nccl" in await editor.complete("python: 3.12\ncuda:\n  version: 12.8\n  packages: [nc█]")
        item = (await editor.complete("python: 3.12\nnative: [ff█]"))["ffmpeg"]
        assert isinstance(item.text_edit, types.TextEdit)
        assert item.text_edit.range.start.character == len("native: [")

    with_editor(tmp_path, do)


def test_hover_says_what_a_key_becomes(tmp_path: Path) -> None:
    async def do(editor: Editor) -> None:
        await editor.open("python: 3.12\nnative: [ffmpeg]\n")
        said = await editor.hover(1)
        assert "their libraries visible to this Python only" in said
        assert "nix/pyenvspec/default.nix" in said and "ffmpeg" in said
        await editor.type("python: 3.12\nnative: [ffmpg]\n")  # with a mistake: what the key is for
        assert "their libraries visible" in await editor.hover(1)
        await editor.type("python: 3.12\nnonsense: 1\n")
        assert await editor.hover(1) == ""

    with_editor(tmp_path, do)


def test_other_yaml_is_left_alone(tmp_path: Path) -> None:
    async def do(editor: Editor) -> None:
        item = types.TextDocumentItem(editor.uri, "yaml", 1, "services: [")
        editor.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        params = types.CompletionParams(types.TextDocumentIdentifier(editor.uri), types.Position(0, 0))
        answer = await editor.client.text_document_completion_async(params)
        assert isinstance(answer, types.CompletionList) and not answer.items and editor.found.empty()

    with_editor(tmp_path, do, "docker-compose.yaml")


@pytest.mark.parametrize(
    ("text", "kind", "path", "word"),
    [
        ("█", "key", (), ""),
        ("py█", "key", (), "py"),
        ("python: █", "value", ("python",), ""),
        ("python:\n  ver█", "key", ("python",), "ver"),
        ("native:\n- ff█", "item", ("native",), "ff"),
        ("native:\n  - a\n  - ff█", "item", ("native",), "ff"),
        ("native: [a, ff█", "item", ("native",), "ff"),
        ("a:\n  b:\n    c: x\n  d: █", "value", ("a", "d"), ""),
        ("# a:\npython: 3.12\n█", "key", (), ""),
        ("variants:\n  cpu:\n    native: [ff█", "item", ("variants", "cpu", "native"), "ff"),
    ],
)
def test_the_place_of_the_cursor(text: str, kind: str, path: tuple[str, ...], word: str) -> None:
    before = text.partition(CURSOR)[0]
    place = find_place(before.split("\n"), before.count("\n"), len(before.rpartition("\n")[2]))
    assert (place.kind, place.path, place.word) == (kind, path, word)


def test_without_pygls_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pyenvspec.commands.lsp.server.serve", _missing)
    assert run(["lsp"]) == 1
    assert "pyenvspec[lsp]" in capsys.readouterr().err


def _missing() -> None:
    raise ModuleNotFoundError("No module named 'pygls'", name="pygls")


def test_a_folder_may_have_percent_signs_in_its_name() -> None:
    folder = Path("/home/me/50%20off/a b")
    assert folder_of((folder / "env.yaml").as_uri()) == folder


@pytest.mark.parametrize("uri", ["file:///tmp/a%00b/env.yaml", "file://[/env.yaml", "file:///a/b.yaml"])
def test_what_can_be_no_env_yaml_is_none_of_ours(uri: str) -> None:
    assert not is_ours(uri)


def test_half_a_character_is_told_as_what_it_is(tmp_path: Path) -> None:
    text = "name: a\ud800\npython: 3.12\n"
    assert [one.code for one in findings(tmp_path, text)] == ["not-utf8"]
    assert hover(tmp_path, text, text.split("\n"), 1)


def test_a_place_behind_the_end_of_the_text_is_one_of_the_last_key() -> None:
    assert find_place(["cuda:", "  version: 12.4"], 7, 3).path == ()
