"""Files of boards as they are the same from run to run: without costs, and without the date of a page."""

import re
from pathlib import Path

COSTS = re.compile(rb'<section id="costs".*?</section>', re.DOTALL)
DATE = re.compile(rb"<dt>Written</dt>.*?</dd>", re.DOTALL)


def repeatable_files(folder: Path) -> dict[str, bytes]:
    """Name -> content of the boards in a folder: no files of costs, and pages without their costs and date."""
    return {
        path.name: DATE.sub(b"", COSTS.sub(b"", path.read_bytes())) if path.suffix == ".html" else path.read_bytes()
        for path in folder.iterdir()
        if ".costs." not in path.name
    }
