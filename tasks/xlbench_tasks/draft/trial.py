"""Tries a draft: the card is read, its data is opened, and every subset is looked at, before anybody has the draft."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from xlbench import Data, XlbenchError
from xlbench_tasks.card.read import read_card
from xlbench_tasks.card.task import task


def trouble(card: str, root: Path, *, beside: bool) -> str:
    """Why a card with this text reads nothing below ``root``, or stops at what it reads; "" where it does not.

    ``beside``: the card takes its own folder for the root.
    """
    scratch = Path(tempfile.mkdtemp(prefix="xlbench-card-"))
    try:
        path = scratch / "draft.toml"
        path.write_text(card.replace("\nembedded = true\n", "\n") if beside else card, encoding="utf-8")
        subsets = list(task(read_card(path)).subsets(Data(root=root)))
        bad = next((one.damaged for one in subsets if one.damaged), "")
        if bad or any(not one.missing for one in subsets):
            return bad
        return next((one.missing for one in subsets), "it has no subset")
    except XlbenchError as error:
        return str(error)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
