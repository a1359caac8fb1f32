"""`Prompts`: the prompts of a spec or checkpoint, by the role of a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xlbench import Role, Spec

ROLES: tuple[Role, ...] = ("query", "document")
TEXT = "{text}"
"""The place of the text in a prompt that is a template."""
NOT_APPLIED = "prompts_not_applied"
"""Name of the detail that says which prompts were not applied; "" where all were."""


class Prompts:
    """The prompts of one encoder.

    A text without a role (retrieval of translations, classification, clustering ...) gets the spec's ``prompt``, else
    the checkpoint's default one, else none. A query or a document of an asymmetric search gets the spec's prompt for
    that role, else its ``prompt``, else the checkpoint's own for that role.
    """

    def __init__(
        self, spec: Spec, own: Mapping[Role | None, str] | None = None, named: Mapping[str, str] | None = None
    ) -> None:
        """``own``: the checkpoint's prompts in force, by role; ``named``: all that it holds, by their names."""
        self._spec = spec
        self._own = own or {}
        self._named = named or {}
        self._roles_seen: set[Role | None] = set()

    def given(self, role: Role | None) -> str | None:
        """The spec's prompt for texts of a role; None where it has none, so that the checkpoint's own is in force."""
        of_role = self._spec[f"prompt_{role}"] if role else None
        return of_role or self._spec["prompt"] or None

    def of(self, role: Role | None) -> str:
        """The prompt in force for texts of a role, "" for none."""
        given = self.given(role)
        return self._own.get(role, "") if given is None else given

    def note(self, role: Role | None) -> None:
        """Remember that texts of this role were encoded."""
        self._roles_seen.add(role)

    def details(self) -> dict[str, str]:
        """The prompts that were applied, by the name of their option, and those that were not.

        The prompt of a role is among them once texts of that role were encoded.
        """
        roles: tuple[Role | None, ...] = (None, *(role for role in ROLES if role in self._roles_seen))
        applied = {f"prompt_{role}" if role else "prompt": self.of(role) for role in roles}
        others = dict(self._named)
        others |= {str(role): given for role in ROLES if (given := self.given(role)) is not None}
        name_of = {text: name for name, text in reversed(others.items()) if text and text not in applied.values()}
        idle = [f"{name} {text!r}" for text, name in reversed(name_of.items())]
        applied = {name: value for name, value in applied.items() if value}
        return {**applied, NOT_APPLIED: ", ".join(idle)} if any(others.values()) else applied


def with_prompt(prompt: str, texts: Sequence[str]) -> list[str]:
    """The texts with a prompt: put before each, or around it where the prompt holds ``{text}``."""
    if not prompt:
        return list(texts)
    template = prompt if TEXT in prompt else f"{prompt}{TEXT}"
    return [template.replace(TEXT, text) for text in texts]
