"""A hub on this machine: what huggingface_hub and datasets ask of the real one to look something up and download it.

Repositories are folders with a commit each; every request is written down. Only what downloads need is answered. Data
sets are told from models by their names, which begin with ``datasets/``.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


class Hub:
    """What the server knows: repositories by name, each with its commits, the last being ``main``; what was asked."""

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, Path]] = {}
        self.requests: list[str] = []
        self.gated: set[str] = set()
        """Names of those whose files are given to nobody."""
        self.url = ""

    def add(self, name: str, folder: Path, commit: str) -> None:
        """A commit of a repository, with the files of a folder."""
        self.repositories.setdefault(name, {})[commit] = folder

    def folder(self, name: str, revision: str) -> tuple[str, Path] | None:
        """The commit that a revision means, and its files."""
        commits = self.repositories.get(name, {})
        commit = list(commits)[-1] if commits and revision == "main" else revision
        return (commit, commits[commit]) if commit in commits else None

    def files_served(self) -> list[str]:
        """Names of the files whose content was sent, in order."""
        return [
            line.split("/resolve/")[1].partition("/")[2]
            for line in self.requests
            if line.startswith("GET ") and "/resolve/" in line
        ]


@contextlib.contextmanager
def serving() -> Iterator[Hub]:
    """A hub on a free port of this machine, until the end of the ``with``."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_POST(self) -> None:
        """What is known of some paths of a repository."""
        path = self._path()
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        parts = path.split("/")
        found = self.hub.folder(_name(parts[1:4]), parts[5]) if parts[4:5] == ["paths-info"] else None
        if found is None:
            return self._error(404, "RevisionNotFound", True)
        wanted = json.loads(asked)["paths"] if asked.startswith("{") else parse_qs(asked).get("paths", [])
        listed = [entry for entry in _tree(found[1]) if entry["path"] in wanted]
        return self._send(200, json.dumps(listed).encode(), {"Content-Type": "application/json"}, True)

    def _path(self) -> str:
        """The path of the request, which is written down."""
        path = unquote(urlsplit(self.path).path).strip("/")
        self.hub.requests.append(f"{self.command} /{path}")
        return path

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal."""

    def _answer(self, body: bool) -> None:
        parts = self._path().split("/")
        if parts[0] == "api" and parts[1:2] in (["models"], ["datasets"]):
            self._about(_name(parts[1:4]), parts[4:], body)
        elif parts[0] == "datasets" and len(parts) > 5 and parts[3] == "resolve":
            self._file("/".join(parts[:3]), parts[4], "/".join(parts[5:]), body)
        elif len(parts) > 4 and parts[2] == "resolve":
            self._file("/".join(parts[:2]), parts[3], "/".join(parts[4:]), body)
        else:
            self._error(404, "RepoNotFound", body)

    def _about(self, name: str, rest: list[str], body: bool) -> None:
        if name not in self.hub.repositories:
            return self._error(401, "RepoNotFound", body)
        if rest == ["auth-check"] and name in self.hub.gated:
            return self._error(403, "GatedRepo", body)
        found = self.hub.folder(name, rest[1] if len(rest) > 1 else "main")
        if found is None:
            return self._error(404, "RevisionNotFound", body)
        commit, folder = found
        tree = _tree(folder)
        if rest[:1] == ["tree"]:
            below = "/".join([*rest[2:], ""])
            everything = "recursive=True" in urlsplit(self.path).query or "recursive=true" in urlsplit(self.path).query
            tree = [entry for entry in tree if everything or "/" not in str(entry["path"]).removeprefix(below)]
            tree = [entry for entry in tree if str(entry["path"]).startswith(below.lstrip("/"))]
            return self._send(200, json.dumps(tree).encode(), {"Content-Type": "application/json"}, body)
        files = [{"rfilename": entry["path"]} for entry in tree if entry["type"] == "file"]
        own = name.removeprefix("datasets/")
        info = {"id": own, "modelId": own, "sha": commit, "siblings": files}
        return self._send(200, json.dumps(info).encode(), {"Content-Type": "application/json"}, body)

    def _file(self, name: str, revision: str, file: str, body: bool) -> None:
        if name in self.hub.gated:
            return self._error(403, "GatedRepo", body)
        found = self.hub.folder(name, revision)
        path = found[1] / file if found else None
        if found is None or path is None or not path.is_file():
            return self._error(404, "EntryNotFound", body)
        headers = {"ETag": f'"{_etag(path)}"', "X-Repo-Commit": found[0]}
        return self._send(200, path.read_bytes(), headers, body)

    def _error(self, status: int, code: str, body: bool) -> None:
        self._send(status, b"{}", {"X-Error-Code": code, "X-Error-Message": code}, body)

    def _send(self, status: int, content: bytes, headers: Mapping[str, str], body: bool) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            with contextlib.suppress(BrokenPipeError):
                self.wfile.write(content)


def _name(parts: list[str]) -> str:
    """The name of a repository from ``models/org/name`` or ``datasets/org/name``."""
    return "/".join(parts[parts[:1] == ["models"] :])


def _tree(folder: Path) -> list[dict[str, Any]]:
    """Files and folders below a folder, as the hub lists them."""
    listed: list[dict[str, Any]] = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir():
            listed.append({"type": "directory", "path": name, "oid": _hash(name.encode()), "size": 0})
        else:
            listed.append({"type": "file", "path": name, "oid": _etag(path), "size": path.stat().st_size})
    return listed


def _hash(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


def _etag(path: Path) -> str:
    return _hash(path.read_bytes())
