"""Makes requests of a service: again after failures that may pass, no faster than allowed, and with its key."""

from __future__ import annotations

import email.utils
import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage, IncompleteRead
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

from xlbench import DataMissing, EncoderError
from xlbench.core.permissions import permissions
from xlbench.core.text import one_line
from xlbench_vectors.served.address import OWN_KEY, Service

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0
"""Seconds before a request is made again: at first, and at the most; doubled from one to the next."""
LONGEST_RETRY_AFTER = 600.0
"""Seconds that a service may ask to be left alone; where it asks for more, that is an error."""
REDIRECTS = 3
LARGEST = 1 << 30
"""Bytes of an answer, at the most."""

PASSING = {408, 409, 425, 429, *range(500, 600)} - {501, 505}
"""Statuses that may be others in a moment."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Leaves redirections to `Requests`, which sends neither key nor texts to another host."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """None: it is an error, with the address in a header."""


@dataclass
class Requests:
    """Requests of one service, one after the other."""

    service: Service
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    chance: random.Random = field(default_factory=random.Random)
    made: int = 0
    """How many were made, those that failed among them."""
    _next: float = 0.0
    """When the next one may be made."""

    def post(self, content: Mapping[str, Any]) -> Any:
        """The JSON that the service answers with.

        Raises:
            DataMissing: No request may be made (offline), or the service cannot be reached.
            EncoderError: It refuses the request, fails again and again, or answers with something else than JSON.
            UsageError: There is no key where the spec says.
        """
        if permissions().offline:
            raise DataMissing(f"{self.service.url} is asked over a network, and offline forbids it")
        body = json.dumps(content).encode()
        for attempt in range(self.service.retries + 1):
            answer = self._attempt(self.service.url, body)
            if not isinstance(answer, _Failure):
                return self._json_of(answer)
            if answer.pause is None or attempt == self.service.retries:
                raise answer.as_error(self.service, attempt + 1)
            pause = min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE)
            self.sleep(max(answer.pause, pause * self.chance.uniform(0.5, 1)))
        raise AssertionError("the last attempt returns or raises")

    def hidden(self, text: str) -> str:
        """What the service has said, without the key: a service, or what is before it, may repeat what it was sent."""
        return _hidden(text, self.service.key()[1])

    def _json_of(self, content: bytes) -> Any:
        try:
            return json.loads(content)
        except ValueError:
            start = one_line(self.hidden(content[:10_000].decode("utf-8", "replace"))[:60])
            raise EncoderError(f"{self.service.url} answers with something else than JSON: {start!r}") from None

    def _attempt(self, url: str, body: bytes, redirects: int = 0) -> bytes | _Failure:
        """One request: what it is answered, or how it failed."""
        self._wait()
        self.made += 1
        name, key = self.service.key()
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "xlbench"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        request = urllib.request.Request(url, body, headers, method="POST")
        try:
            with self._opener().open(request, timeout=self.service.timeout) as response:
                return _read(response)
        except urllib.error.HTTPError as error:
            with error:
                target = error.headers.get("Location", "")
                if error.code in (301, 302, 303, 307, 308) and target:
                    return self._redirected(urljoin(url, target), body, redirects)
                return _Failure.of_status(error, name, key)
        except (OSError, HTTPException) as error:  # a refused or broken connection, a time-out, half an answer
            reason = getattr(error, "reason", None) or error
            return _Failure(f"{type(reason).__name__}: {reason}".removesuffix(": "), 0.0, reached=False)

    def _redirected(self, url: str, body: bytes, redirects: int) -> bytes | _Failure:
        """The same request at another address of the same host; a failure where it is on another one."""
        old, new = urlsplit(self.service.url), urlsplit(url)
        if (old.scheme, old.netloc) != (new.scheme, new.netloc.lower()):
            where = f"{new.scheme}://{new.hostname}"
            return _Failure(f"it redirects to {where}, where neither key nor texts are sent: give that address", None)
        if redirects == REDIRECTS:
            return _Failure("it redirects again and again", None)
        return self._attempt(url, body, redirects + 1)

    def _wait(self) -> None:
        """Until the rate allows for another request."""
        if self.service.rate is None:
            return
        now = self.clock()
        if self._next > now:
            self.sleep(self._next - now)
        self._next = max(now, self._next) + 60 / self.service.rate

    def _opener(self) -> urllib.request.OpenerDirector:
        proxies = [urllib.request.ProxyHandler({})] if self.service.is_local else []
        return urllib.request.build_opener(_NoRedirects, *proxies)


@dataclass(frozen=True)
class _Failure:
    """How a request failed."""

    why: str
    pause: float | None
    """Seconds after which it may be made again, at the least; None: it would fail again."""
    reached: bool = True
    """Whether the service has answered at all."""

    @classmethod
    def of_status(cls, error: urllib.error.HTTPError, name: str, key: str) -> _Failure:
        """What an error's status means. What the service says is shown without the key."""
        if error.code in (401, 403):  # what is said then may hold a part of the key
            wanted = f"a key is asked for: set {OWN_KEY}, or name another variable with key="
            return cls(f"status {error.code}: {f'the key in {name} is refused' if key else wanted}", None)
        why = f"status {error.code}{_said(error, key)}"
        if error.code not in PASSING:
            return cls(why, None)
        pause = _retry_after(error.headers.get("Retry-After"))
        if pause > LONGEST_RETRY_AFTER:
            return cls(f"{why}; it asks to be left alone for {pause:,.0f} seconds", None)
        return cls(why, pause)

    def as_error(self, service: Service, attempts: int) -> Exception:
        """The error to raise after so many attempts."""
        times = f" ({attempts} times)" if attempts > 1 else ""
        if not self.reached:
            return DataMissing(f"{service.url} cannot be reached{times}: {self.why}")
        return EncoderError(f"{service.url} fails{times}: {self.why}")


def _read(response: Any) -> bytes:
    content: bytes = response.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise EncoderError(f"an answer of more than {LARGEST >> 20:,} MiB: give a smaller batch_size")
    if response.length:  # what was announced and did not come
        raise IncompleteRead(content, response.length)
    return content


def _said(error: urllib.error.HTTPError, key: str) -> str:
    """What the service says of an error, in one short line."""
    try:
        text = error.read(10_000).decode("utf-8", "replace")
    except (OSError, HTTPException):
        return ""
    try:
        plain = json.loads(text)
        found = plain.get("error", plain) if isinstance(plain, dict) else plain
        text = str(found.get("message", found) if isinstance(found, dict) else found)
    except ValueError:  # a page of a proxy
        pass
    text = one_line(_hidden(text, key))[:300]
    return f": {text}" if text else ""


def _hidden(text: str, key: str) -> str:
    return text.replace(key, "***") if key else text


def _retry_after(value: str | None) -> float:
    """Seconds of a header Retry-After, which holds a number or a date; 0 where there is none, or it is neither."""
    if not value:
        return 0.0
    try:
        if value.strip().isdigit():
            return float(value)
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0
