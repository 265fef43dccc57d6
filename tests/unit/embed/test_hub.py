"""Models by name, from a hub of the tests' own."""

import hashlib
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from remanence.embed import LocalEmbedder
from tests.unit.embed.tiny import tiny_folder

Preparing = Callable[[str], "subprocess.CompletedProcess[str]"]

COMMIT = "c" * 40
UNNEEDED = ("pytorch_model.bin", "onnx/model_quantized.onnx", "README.md")

_PREPARE = """
import asyncio, sys
from remanence import RemanenceError
from remanence.embed import LocalEmbedder

embedder = LocalEmbedder(sys.argv[1])
try:
    asyncio.run(embedder.prepare())
except RemanenceError as error:
    print(type(error).__name__, error)
else:
    print(embedder.identity)
"""


class Hub:
    """Has one model, ``owner/tiny``.

    Attributes:
        asked: The paths that were asked for.
    """

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        self._files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, path: str) -> tuple[dict[str, str], bytes] | None:
        """Return headers and a body, or nothing if there is no such thing."""
        if path.startswith("/api/models/owner/tiny/tree/"):
            return {}, _json([_entry(name, data) for name, data in self._files.items()])
        if path.startswith("/api/models/owner/tiny"):
            siblings = [{"rfilename": name} for name in self._files]
            return {}, _json({"id": "owner/tiny", "sha": COMMIT, "siblings": siblings})
        name = path.removeprefix(f"/owner/tiny/resolve/{COMMIT}/")
        if name not in self._files:
            return None
        data = self._files[name]
        return {"ETag": f'"{_git_hash(data)}"', "X-Repo-Commit": COMMIT}, data

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                hub.asked.append(path)
                answer = hub._answer(path)
                self.send_response(200 if answer else 404)
                headers, body = answer or ({"X-Error-Code": "RepoNotFound"}, b"{}")
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET  # noqa: N815 - the name is the base's

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as above
                """Log nothing."""

        return Handler


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _entry(name: str, data: bytes) -> dict[str, Any]:
    return {"type": "file", "path": name, "oid": _git_hash(data), "size": len(data)}


def _git_hash(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()  # noqa: S324 - git's own


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tiny_folder(tmp_path / "tiny")
    for name in UNNEEDED:
        (folder / name).write_text("not needed")
    return folder


@pytest.fixture
def hub(folder: Path) -> Iterator[Hub]:
    hub = Hub(folder)
    yield hub
    hub.stop()


@pytest.fixture
def prepare(
    hub: Hub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> Preparing:
    """Prepares an embedder in a process of its own, which has a cache of its own."""
    for name in [name for name in os.environ if name.startswith(("HF_", "HUGGING"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    return lambda model: run_python("-c", _PREPARE, model)


def test_a_model_is_downloaded_once(
    hub: Hub, folder: Path, tmp_path: Path, prepare: Preparing
) -> None:
    identity = LocalEmbedder(folder).identity
    first = prepare("owner/tiny")
    assert first.stdout == f"{identity}\n", first.stderr
    assert any(path.endswith("/onnx/model.onnx") for path in hub.asked)
    assert not any(path.endswith(UNNEEDED) for path in hub.asked)
    hub.asked.clear()
    assert prepare("owner/tiny").stdout == f"{identity}\n"
    assert hub.asked == []
    # A download that broke off goes on.
    (tokenizer,) = (tmp_path / "cache").rglob("snapshots/*/tokenizer.json")
    tokenizer.unlink()
    assert prepare("owner/tiny").stdout == f"{identity}\n"
    assert hub.asked


@pytest.mark.parametrize("name", ["owner/unknown", "owner/ti ny", "-"])
def test_a_name_that_is_none_is_explained(prepare: Preparing, name: str) -> None:
    done = prepare(name)
    assert done.stdout.startswith("InputError model: there is no folder and no public model")
    assert name in done.stdout


def test_without_a_network_a_folder_is_asked_for(hub: Hub, prepare: Preparing) -> None:
    hub.stop()
    done = prepare("owner/tiny")
    assert done.stdout.startswith("BackendUnavailableError the model owner/tiny is not on this")
    assert 'LocalEmbedder("path/to/folder")' in done.stdout
