"""Makes the files of a new distribution from the templates of its kind."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

from xlbench.core.errors import UsageError
from xlbench.core.ids import check_name
from xlbench.core.version import __version__

HERE = Path(__file__).parent
ENDING = ".tmpl"
"""Of every template: what it is a template of is not to be imported, checked or formatted as it stands."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 50
PREFIX = "xlbench-"


@dataclass(frozen=True)
class Kind:
    """What can be made anew."""

    offers: str
    """The kind of the catalog that its name is one of."""
    description: str
    use: str
    """The command that uses it."""


KINDS = {
    "model": Kind("models", "Counts of letters", "xlbench run --model {} --model random --task lexicon --language mlt"),
    "card": Kind("tasks", "Twelve sentences in two languages", "xlbench run --model ngram --model random --task {}"),
    "task": Kind("tasks", "Words and their kinds", "xlbench run --model ngram --model random --task {}"),
    "protocol": Kind("tasks", "Nearest texts and their labels", "xlbench run --model ngram --model random --task {}"),
    "board": Kind("boards", "A list of models", "xlbench run --model ngram --task lexicon --language mlt --format {}"),
    "engine": Kind("engines", "A pool of processes", "xlbench run --model ngram --task lexicon --engine {}"),
}
"""Name -> what it is; the folder beside this file that has its name holds its templates."""


@dataclass(frozen=True)
class Project:
    """A distribution that is to be made."""

    kind: str
    name: str

    def __post_init__(self) -> None:
        """Refuse a name that is not one for an item, a distribution and a package at once."""
        if not _NAME.fullmatch(self.name) or len(self.name) > LONGEST:
            raise UsageError(
                f"the name {self.name!r} is not allowed: use lower-case letters, digits and single hyphens, "
                f"starting with a letter, at most {LONGEST}: my-{self.kind}"
            )
        check_name(self.kind, self.name)

    @property
    def distribution(self) -> str:
        """What is installed, and the folder of the project."""
        return PREFIX + self.name.removeprefix(PREFIX)

    @property
    def package(self) -> str:
        """What is imported."""
        return self.distribution.replace("-", "_")

    @property
    def use(self) -> str:
        """The command that uses what is made."""
        return KINDS[self.kind].use.format(self.name)

    def files(self) -> dict[str, str]:
        """The files by their paths in the project."""
        found = {}
        for folder in (HERE / "common", HERE / self.kind):
            for path in sorted(folder.rglob(f"*{ENDING}")):
                place = path.relative_to(folder).as_posix().removesuffix(ENDING)
                place = place.replace("dot-", ".").replace("PACKAGE", self.package).replace("NAME", self.name)
                found[place] = self._filled(path.read_text(encoding="utf-8"))
        return found

    def _filled(self, text: str) -> str:
        values = {
            "name": self.name,
            "package": self.package,
            "distribution": self.distribution,
            "description": KINDS[self.kind].description,
            "version": __version__,
            "use": self.use,
        }
        for name, value in values.items():
            text = text.replace(f"{{{{{name}}}}}", value)
        return text

    def check_free(self) -> None:
        """`UsageError` where a module of the package's name can be imported."""
        if importlib.util.find_spec(self.package) is not None:
            raise UsageError(f"there is a package {self.package} already: choose another name than {self.name!r}")

    def write(self, folder: Path) -> Path:
        """Write the project into a folder of its own below ``folder``, and return it.

        Raises:
            UsageError: There is such a folder, or it cannot be made.
        """
        home = folder / self.distribution
        try:
            home.mkdir(parents=True)
            for place, text in self.files().items():
                (home / place).parent.mkdir(parents=True, exist_ok=True)
                (home / place).write_text(text, encoding="utf-8", newline="\n")
        except FileExistsError:
            raise UsageError(f"{home} is there already: choose another name, or another place with --dir") from None
        except OSError as error:
            raise UsageError(f"{home} cannot be written: {error.strerror}") from None
        return home
