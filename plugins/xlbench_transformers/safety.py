"""Permission checks for strangers' checkpoints: unpickling their weights, and running code that they bring.

Both are refused, with one line that says how to allow it, unless this process was permitted to.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xlbench import Permissions, UsageError
from xlbench.core.ids import digest
from xlbench.hub import is_commit

if TYPE_CHECKING:
    from xlbench_transformers.layout import Layout

PIN = "code:"
"""What ``revision`` of a local folder begins with; sixteen digits of the hash of its code follow."""


def check_pickles(layout: Layout, label: str, permitted: Permissions) -> None:
    """`UsageError` where weights are there as pickles alone and pickles may not be read."""
    if layout.pickles and not permitted.allow_pickle:
        raise UsageError(
            f"{label}: the weights are a pickle ({layout.pickles[0]}), which can run code while it is read. Save them "
            f"as safetensors, take a revision that has them, or allow it with --allow-pickle"
        )


def check_code(layout: Layout, label: str, revision: str | None, permitted: Permissions) -> None:
    """`UsageError` where code that the checkpoint brings would be run, and may not be.

    It may with ``--trust-remote-code``, where ``revision`` is a full commit (on the hub) or the pin of the folder's
    code (see `check_pin`), and where the code lies in the checkpoint itself.
    """
    if not layout.foreign:
        return
    what = layout.foreign[0]
    if not permitted.trust_remote_code:
        raise UsageError(
            f"{label} runs code of its own ({what}): read its .py files, then allow it with --trust-remote-code and a "
            f"pinned revision"
        )
    elsewhere = [name for name in layout.foreign if _lies_elsewhere(name, layout)]
    if elsewhere:
        raise UsageError(
            f"{label} runs code that lies elsewhere ({elsewhere[0]}), which its revision does not pin: copy both into "
            f"a folder of your own, whose settings name that copy"
        )
    if not (is_commit(revision) or (revision or "").startswith(PIN)):
        raise UsageError(
            f"{label} runs code of its own ({what}): pin what you have read, with ?revision=COMMIT (40 hex digits)"
        )


def _lies_elsewhere(name: str, layout: Layout) -> bool:
    """Whether the code of a name lies in another repository, or in a file that is not among the checkpoint's own."""
    if "=" in name:
        return "attn_implementation=" in name  # a kernel of the hub
    return "--" in name or ("/" in name and f"{name.rpartition('.')[0]}.py" not in layout.code)


def pin_of(layout: Layout, folder: Path) -> str:
    """``code:`` and 16 hex digits over what would be imported, and over names and content of the ``.py`` files."""
    parts = [part for name in sorted(layout.code) for part in (name, (folder / name).read_bytes())]
    return f"{PIN}{digest(*sorted(layout.foreign), *parts)[:16]}"


def check_pin(layout: Layout, folder: Path, label: str, revision: str | None, permitted: Permissions) -> None:
    """The same for a local folder: its code has to be the code that ``revision`` pins."""
    if not layout.foreign or not permitted.trust_remote_code:
        check_code(layout, label, revision, permitted)
        return
    pin = pin_of(layout, folder)
    if revision != pin:
        was = f"is not the code of {revision}" if revision else "is not pinned"
        raise UsageError(
            f"{label} runs code of its own ({layout.foreign[0]}), which {was}: read its .py files, and give the pin of "
            f"what you have read: ?revision={pin}"
        )
    check_code(layout, label, revision, permitted)
