"""`device_of`: the device that a setting means."""

from __future__ import annotations

from xlbench import UsageError

DEVICES = ("auto", "cpu", "cuda", "mps")


def device_of(name: str) -> str:
    """The device that a setting means: ``auto`` is a GPU where there is one. `UsageError` where it is not there."""
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there[name]:
        raise UsageError(f"--device {name}: there is no such device here: take cpu or auto")
    return name
