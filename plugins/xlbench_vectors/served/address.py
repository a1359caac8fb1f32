"""Takes the spec of a service apart, without ever showing a secret that somebody wrote into it."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from xlbench import UsageError
from xlbench.core.specs import parse
from xlbench.core.text import did_you_mean
from xlbench_vectors.options import OF_SERVICES

OWN_KEY = "XLBENCH_HTTP_KEY"
"""The environment variable that holds the key, where a spec names none."""
OPENAI_KEY = "OPENAI_API_KEY"
"""The one that is looked at for OpenAI's own service alone: no other is to be given that key unasked."""

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True)
class Service:
    """Where a service is, and how it is to be asked."""

    url: str
    """Of its embeddings."""
    model: str
    key_name: str = ""
    """The environment variable that holds the key; "": the usual ones are looked at."""
    dimensions: int | None = None
    encoding: str = "float"
    batch_size: int = 64
    timeout: float = 60.0
    retries: int = 6
    rate: float | None = None

    @property
    def host(self) -> str:
        """The host's name."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_local(self) -> bool:
        """Whether it is this very machine, which no proxy need be asked for."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost" or self.host.endswith(".localhost")

    def key(self) -> tuple[str, str]:
        """The environment variable that the key is in, and the key; both empty where there is none.

        Raises:
            UsageError: The spec names a variable that is not set, or the key is one that no header can hold.
        """
        usual = (OWN_KEY, OPENAI_KEY) if self._is_openai else (OWN_KEY,)
        for name in (self.key_name,) if self.key_name else usual:
            key = os.environ.get(name, "").strip()
            if key and not (key.isascii() and key.isprintable()):
                raise UsageError(f"the key in {name} holds a line break, or a character that no key has: set it again")
            if key:
                return name, key
        if self.key_name:
            raise UsageError(f"the environment has no {self.key_name}, which key= names: set it to the service's key")
        return "", ""

    @property
    def _is_openai(self) -> bool:
        return self.url.startswith("https:") and (self.host == "openai.com" or self.host.endswith(".openai.com"))


def parse_spec(text: str) -> tuple[Service, Mapping[str, Any]]:
    """The service that a spec means, and the values of all its options.

    Raises:
        UsageError: It is no address, or an option is wrong. A secret in it is not repeated.
    """
    target, _, query = text.partition("?")
    _check_options(query)
    url = _url(target)
    spec = parse(text, OF_SERVICES)
    for name in ("timeout", "rate"):
        if spec[name] is not None and not 0 < spec[name] < float("inf"):
            raise UsageError(f"{text!r}: {name}={spec[name]}: give a number above 0")
    if not spec["model"]:
        raise UsageError(f"{text!r} names no model: add ?model=NAME, as the service calls it")
    taken = ("model", "dimensions", "encoding", "batch_size", "timeout", "retries", "rate")
    return Service(url, key_name=spec["key"] or "", **{name: spec[name] for name in taken}), spec.values


def _check_options(query: str) -> None:
    """`UsageError` for what may be a key, which is not shown: `parse` shows the whole spec."""
    known = [option.name for option in OF_SERVICES]
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name not in known:
            raise UsageError(
                f"a service behind HTTP has no option {name[:30]!r}.{did_you_mean(name, known)} "
                f"There are: {', '.join(known)}. A key belongs into the environment ({OWN_KEY})"
            )
        if name == "key" and not _VARIABLE.fullmatch(unquote(value)):
            raise UsageError(
                f"key= names the environment variable that holds the key, in capitals (key={OWN_KEY}); what it was "
                "given is no such name. If that was the key itself, it is in the history of the shell now"
            )


def _url(target: str) -> str:
    """The address of the embeddings: what was given, and what is usual where its end is left out."""
    address = re.sub(r"^https?:(?=https?:)", "", target)
    try:
        parts = urlsplit(address)
        valid = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        raise UsageError("the address of a service is not valid: write http://HOST:PORT/v1?model=NAME") from None
    if parts.username or parts.password or "@" in parts.netloc:
        raise UsageError(f"the address of a service has no name and password in it: put the key into {OWN_KEY}")
    if not valid or any(character.isspace() or not character.isprintable() for character in address):
        raise UsageError(f"{target!r} is no address: write http://HOST:PORT/v1?model=NAME, or https:")
    path = parts.path.rstrip("/")
    path = path if path.endswith("/embeddings") else f"{path or '/v1'}/embeddings"
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"
