"""A plugin of one module that a test writes for itself, installed without pip. No tests here."""

from __future__ import annotations

from pathlib import Path


def installed(folder: Path, module: str, code: str) -> Path:
    """A folder for PYTHONPATH with a plugin of one module in it, as pip leaves it."""
    (folder / f"{module}-1.5.dist-info").mkdir(parents=True)
    (folder / f"{module}.py").write_text(code, encoding="utf-8")
    name = module.replace("_", "-")
    (folder / f"{module}-1.5.dist-info" / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
    (folder / f"{module}-1.5.dist-info" / "entry_points.txt").write_text(f"[xlbench]\n{name} = {module}\n")
    return folder
