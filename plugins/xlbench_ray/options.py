"""What ``--engine-option`` may tell the engine ``ray``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

LARGEST = 1_000_000


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= LARGEST):
        raise ValueError("give a whole number from 0 on")
    return int(text)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= LARGEST:
        raise ValueError("give a number from 0 on, such as 1 or 0.5")
    return value


def _yes(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError("give yes or no")
    return text == "yes"


def _address(text: str) -> str:
    if not text:
        raise ValueError("give auto, or host:port of the cluster's head")
    return text


OPTIONS: Mapping[str, Callable[[str], Any]] = {
    "address": _address,
    "cpus": _share,
    "gpus": _share,
    "retries": _whole,
    "shared": _yes,
}
"""By name, how each is read:

- ``address``: of a running cluster; "auto" for the one that this machine belongs to (default: Ray is started on this
  machine and ended with the run);
- ``cpus`` and ``gpus``: of each worker (default: an equal share of this machine's processors, or one of a cluster's; no
  GPU);
- ``retries``: how often a job is given to another worker where one has died (default 2);
- ``shared``: whether workers see the results folder and the data under the same paths (default yes). With "no", what
  they compute is sent to this machine and saved here, and the data has to be where ``--data`` says on each machine.
"""
