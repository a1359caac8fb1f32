"""`Prompts`: what is put before a text, by its role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import xlbench

TEXT = "{text}"
"""The place of the text in a prompt that is a template."""


@dataclass(frozen=True)
class Prompts:
    """The prompts of a spec; None for a role is ``plain``."""

    plain: str = ""
    query: str | None = None
    document: str | None = None

    def of(self, role: xlbench.Role | None) -> str:
        """The prompt in force for texts of a role."""
        own = {"query": self.query, "document": self.document}.get(role or "")
        return self.plain if own is None else own

    def applied(self, texts: Sequence[str], role: xlbench.Role | None) -> list[str]:
        """The texts with their prompt: put before each, or around it where the prompt holds ``{text}``."""
        prompt = self.of(role)
        template = prompt if TEXT in prompt else f"{prompt}{TEXT}"
        return [template.replace(TEXT, text) for text in texts]
