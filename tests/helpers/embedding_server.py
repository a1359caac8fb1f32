"""A server of embeddings in OpenAI's way, in a thread, that fails as it is told to. No tests here."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

WIDTH = 8


def vector(text: str, seed: int = 0, width: int = WIDTH) -> np.ndarray:
    """The vector of a text by the model of a seed."""
    numbers = np.random.default_rng([seed, *text.encode()]).standard_normal(width)
    return numbers.astype(np.float32)


Change = Callable[[dict[str, Any], dict[str, Any]], Any]
"""Changes an answer, given the request, in place, or returns another."""


@dataclass
class Embeddings:
    """What the server was asked, and how it is to answer."""

    address: str = ""
    seed: int = 0
    """Which model is behind the name now."""
    noise: float = 0.0
    """How far, relative to their length, vectors move from call to call."""
    failures: list[Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=list)
    """How the next requests are answered in place of vectors, the first one first."""
    change: Change | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    """The bodies of all requests."""
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    _calls: int = 0

    def answer(self, body: dict[str, Any]) -> Any:
        """What is answered where nothing fails: vectors in the reverse order, with their numbers."""
        self._calls += 1
        chance = np.random.default_rng(self._calls)
        width = body.get("dimensions", WIDTH)
        data = []
        for index, text in enumerate(body["input"]):
            made = vector(text, self.seed, width)
            made = (made + self.noise * np.linalg.norm(made) / np.sqrt(width) * chance.choice((-1, 1), width)).astype(
                "<f4"
            )
            base64_asked = body.get("encoding_format") == "base64"
            written = base64.b64encode(made.tobytes()).decode() if base64_asked else made.tolist()
            data.append({"object": "embedding", "index": index, "embedding": written})
        count = sum(map(len, body["input"]))
        whole = {"object": "list", "data": data[::-1], "model": body["model"],
                 "usage": {"prompt_tokens": count, "total_tokens": count}}  # fmt: skip
        return (self.change(whole, body) or whole) if self.change else whole

    @property
    def texts(self) -> list[str]:
        """All texts that were asked for."""
        return [text for body in self.asked for text in body["input"]]


def status(code: int, body: Any = None, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """A failure: a status, with JSON or text and headers (``Retry_After="1"``)."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        send(handler, code, body if isinstance(body, str) else json.dumps(body or {}), headers)

    return answer


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """A failure: the connection is reset."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def half_an_answer(handler: BaseHTTPRequestHandler) -> None:
    """A failure: less is sent than was announced."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"data": [')
    handler.close_connection = True


def send(handler: BaseHTTPRequestHandler, code: int, text: str, headers: dict[str, str] | None = None) -> None:
    raw = text.encode()
    handler.send_response(code)
    for name, value in (headers or {}).items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(raw)))
    handler.end_headers()
    handler.wfile.write(raw)


@contextlib.contextmanager
def serving(host: str = "127.0.0.1") -> Iterator[Embeddings]:
    """A server for the time of the ``with``."""
    embeddings = Embeddings()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            embeddings.asked.append(body)
            embeddings.headers.append(dict(self.headers))
            embeddings.paths.append(self.path)
            if embeddings.failures:
                embeddings.failures.pop(0)(self)
                return
            answer = embeddings.answer(body)
            send(self, 200, answer if isinstance(answer, str) else json.dumps(answer))

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer((host, 0), Handler)
    embeddings.address = f"http://{host}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield embeddings
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
