"""`Policy`: how strict a gate is and what is critical, supporting or advisory; read from a TOML file."""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from xlbench.core.errors import UsageError
from xlbench.core.foreign_files import LARGEST_TOML, check_regular, parse_toml
from xlbench.core.record import Cell
from xlbench.core.text import did_you_mean

Role = Literal["critical", "supporting", "advisory"]
Mode = Literal["regression", "noninferiority"]
LARGEST_MARGIN = 100.0
MOST_PUSHES = 10_000
LEAST_ALPHA = 1e-6
"""Below it, shared among all pushes and tasks, 1 - alpha is no longer known well enough."""


@dataclass(frozen=True)
class Rule:
    """What some cells are to the gate. Of several rules that hold a cell, the first counts."""

    role: Role
    tasks: tuple[str, ...] = ()
    """Names or patterns; none: all."""
    languages: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    """Main metrics: the gate judges the main score of each cell."""
    margin: float | None = None
    """Points; None: the policy's margin of a task."""

    def holds(self, cell: Cell) -> bool:
        """Whether the rule is about a cell."""
        metric = cell.main.metric if cell.main else ""
        return (
            (not self.tasks or any(fnmatch.fnmatchcase(cell.task, pattern) for pattern in self.tasks))
            and (not self.languages or bool({*self.languages} & {*cell.languages}))
            and (not self.metrics or metric in self.metrics)
        )


@dataclass(frozen=True)
class Policy:
    """What a gate asks for. Margins and effects are in points (hundredths of a score)."""

    alpha: float = 0.05
    """The chance that a change without effect fails, over all ``pushes`` and over baseline and anchor together."""
    mode: Mode = "regression"
    margin: float = 0.2
    """Of the suite: a loss that is smaller fails no gate."""
    task_margin: float = 1.0
    """The same of a single task."""
    must_detect: float | None = None
    """The effect on the suite that the comparison must be able to see; None: any comparison will do."""
    pushes: int = 1
    """Among how many decisions against one baseline ``alpha`` is shared out, equally."""
    strict: bool = False
    """Whether cells that only the candidate has, and so nobody judges, are a fault."""
    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        for problem in _problems(self):
            raise UsageError(problem)

    def rule_of(self, cell: Cell) -> Rule | None:
        """The first rule that holds a cell."""
        return next((rule for rule in self.rules if rule.holds(cell)), None)

    def role_of(self, cell: Cell) -> Role:
        """What a cell is to the gate; supporting where no rule holds it."""
        rule = self.rule_of(cell)
        return rule.role if rule else "supporting"

    def task_rule_of(self, cell: Cell) -> Rule | None:
        """The first rule that holds a cell as one of its task: critical languages are judged apart from tasks."""
        rules = (rule for rule in self.rules if not (rule.role == "critical" and rule.languages))
        return next((rule for rule in rules if rule.holds(cell)), None)

    def counts(self, rule: Rule, cell: Cell) -> bool:
        """Whether a rule decides something about a cell: it is the first, or one of those before it is critical by
        language and it is not, or it is that itself and the cell is not advisory."""
        first = self.rule_of(cell)
        if first is rule or first is None or first.role == "advisory":
            return first is rule
        if rule.role == "critical" and rule.languages:
            return rule.holds(cell)
        return self.task_rule_of(cell) is rule

    def is_critical(self, cell: Cell) -> bool:
        """Whether a critical rule counts for a cell."""
        return any(rule.role == "critical" and self.counts(rule, cell) for rule in self.rules)


def _problems(policy: Policy) -> Iterable[str]:
    """What no policy can ask for."""
    if not LEAST_ALPHA <= policy.alpha <= 0.5:
        yield f"alpha is {policy.alpha:g}: give a chance from {LEAST_ALPHA:f} to .5, such as .05"
    if policy.mode not in get_args(Mode):
        yield f"there is no mode {policy.mode!r}.{did_you_mean(policy.mode, get_args(Mode))}"
    for name in ("margin", "task_margin", "must_detect"):
        value = getattr(policy, name)
        if value is not None and not 0 <= value <= LARGEST_MARGIN:
            yield f"{name} is {value:g}: give points, from 0 to {LARGEST_MARGIN:g}"
    if policy.mode == "noninferiority" and not policy.margin > 0:
        yield "no comparison can show a loss of less than 0 points: give noninferiority a margin above 0"
    if not 1 <= policy.pushes <= MOST_PUSHES:
        yield f"pushes is {policy.pushes}: give a number from 1 to {MOST_PUSHES:,}"
    for rule in policy.rules:
        if rule.margin is not None and not 0 <= rule.margin <= LARGEST_MARGIN:
            yield f"the margin of a rule is {rule.margin:g}: give points, from 0 to {LARGEST_MARGIN:g}"


_NUMBERS = {"alpha": float, "margin": float, "task_margin": float, "must_detect": float, "pushes": int}
_KEYS = (*(field.name for field in dataclasses.fields(Policy) if field.name != "rules"), "rule")
_RULE_KEYS = tuple(field.name for field in dataclasses.fields(Rule))


class _File:
    """A policy's text, which knows on which line something stands."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.lines = path, text.splitlines()

    def error(self, problem: str, key: str = "", rule: int | None = None) -> UsageError:
        """The problem behind the file's name and the line of a key, of rule number ``rule`` where one is given."""
        return UsageError(f"{self.path}:{self._line(key, rule)}: {problem}")

    def _line(self, key: str, rule: int | None) -> int:
        heads = [at for at, line in enumerate(self.lines, 1) if re.match(r"\s*\[\[\s*rule\s*\]\]", line)]
        start = heads[rule] if rule is not None and rule < len(heads) else 1
        stop = (
            next((at for at in heads if at > start), len(self.lines) + 1) if rule is not None else len(self.lines) + 1
        )
        for at in range(start, stop):
            if key and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=|\s*\[+\s*{re.escape(key)}", self.lines[at - 1]):
                return at
        return start


def read_policy(path: Path, changes: Mapping[str, Any] | None = None) -> Policy:
    """A policy from its TOML file.

    Args:
        path: The file.
        changes: What the command line says; it counts more than the file.

    Raises:
        UsageError: The file cannot be read or asks for something that there is not; with its line.
    """
    try:
        check_regular(path, LARGEST_TOML)
        text = path.read_text(encoding="utf-8-sig")
        plain = parse_toml(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise UsageError(f"{path}:{line.group(1) if line else 1}: not valid TOML: {error}") from None
    file = _File(path, text)
    for key in plain:
        if key not in _KEYS:
            raise file.error(f"a policy has no {key!r}.{did_you_mean(key, _KEYS)} It has: {', '.join(_KEYS)}", key)
    given = plain.pop("rule", [])
    if not isinstance(given, list) or not all(isinstance(rule, dict) for rule in given):
        raise file.error("rules are tables: begin each with [[rule]]", "rule")
    rules = tuple(_rule(file, number, rule) for number, rule in enumerate(given))
    values = {key: _value(file, key, value) for key, value in plain.items()}
    for key in values:
        try:
            Policy(**({"margin": 1.0} if key == "mode" else {}) | {key: values[key]})
        except UsageError as error:
            raise file.error(str(error), key) from None
    try:
        return Policy(**(values | dict(changes or {})), rules=rules)
    except UsageError as error:
        raise file.error(str(error)) from None


def _value(file: _File, key: str, value: Any, rule: int | None = None) -> Any:
    """A value of the type that its key has; TOML's 1 is as good as 1.0 for a number of points."""
    kind = _NUMBERS.get(key)
    if kind is None:
        wanted, right = (bool, "true or false") if key == "strict" else (str, "a text in quotes")
        if not isinstance(value, wanted):
            raise file.error(f"{key} is {value!r}: give {right}", key, rule)
        return value
    if isinstance(value, bool) or not isinstance(value, int if kind is int else int | float) or value != value:
        raise file.error(f"{key} is {value!r}: give a {'whole ' * (kind is int)}number", key, rule)
    return kind(value)


def _rule(file: _File, number: int, plain: Mapping[str, Any]) -> Rule:
    for key in plain:
        if key not in _RULE_KEYS:
            known = ", ".join(_RULE_KEYS)
            raise file.error(f"a rule has no {key!r}.{did_you_mean(key, _RULE_KEYS)} It has: {known}", key, number)
    role: Any = plain.get("role")
    if role not in get_args(Role):
        hint = did_you_mean(str(role), get_args(Role))
        raise file.error(f"role is {role!r}.{hint} Roles are: {', '.join(get_args(Role))}", "role", number)
    lists: dict[str, tuple[str, ...]] = {}
    for key in ("tasks", "languages", "metrics"):
        names = plain.get(key, [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise file.error(f"{key} is {names!r}: give a list of names in quotes", key, number)
        lists[key] = tuple(names)
    if not any(lists.values()):
        raise file.error("a rule names tasks, languages or metrics", "", number)
    margin = plain.get("margin")
    if margin is not None:
        margin = _value(file, "margin", margin, number)
        if not 0 <= margin <= LARGEST_MARGIN:
            raise file.error(f"margin is {margin:g}: give points, from 0 to {LARGEST_MARGIN:g}", "margin", number)
    if margin is not None and (role == "advisory" or (role == "supporting" and (lists["languages"]))):
        raise file.error(
            f"a margin of {'advisory cells' if role == 'advisory' else 'supporting languages'} would decide nothing: "
            f"leave it out, or make the rule critical", "margin", number,
        )  # fmt: skip
    return Rule(role, **lists, margin=margin)


def check_names(policy: Policy, cells: Sequence[Cell], path: Path | None) -> None:
    """Raise `UsageError` for a rule that names what no cell of the baseline has: it would protect nothing."""
    known = {
        "tasks": {cell.task for cell in cells},
        "languages": {language for cell in cells for language in cell.languages},
        "metrics": {cell.main.metric for cell in cells if cell.main},
    }
    for number, rule in enumerate(policy.rules):
        for key, names in known.items():
            for wanted in getattr(rule, key):
                if not any(fnmatch.fnmatchcase(name, wanted) if key == "tasks" else name == wanted for name in names):
                    problem = f"the baseline has no {key[:-1]} {wanted!r}.{did_you_mean(wanted, names)}"
                    if path is None:
                        raise UsageError(problem)
                    raise _File(path, path.read_text(encoding="utf-8-sig")).error(problem, key, number)
        if not any(policy.counts(rule, cell) for cell in cells):
            raise UsageError(f"rule {number + 1} of the policy holds no cell: the rules before it hold all of its own")


START = """\
# What `xlbench gate` asks for. Every key may be left out; options of the command line count more.
# Margins and effects are in points (hundredths of a score).

alpha = 0.05            # the chance that a change without effect fails; .01 for a gate of every pull request
mode = "regression"     # "noninferiority": pass only what is shown to lose less than the margin
margin = 0.2            # of the suite: a smaller loss fails no gate
task_margin = 1.0       # of a single task
# must_detect = 1.0     # INCONCLUSIVE where a loss of this size on the suite could have gone unseen
pushes = 1              # among how many decisions against one baseline alpha is shared out
strict = false          # true: cells that only the candidate has are a fault

# Of several rules that hold a cell, the first counts. Cells without a rule are supporting. A critical language is
# judged over all of its cells that are not advisory, and makes no task critical.
#
# [[rule]]
# role = "critical"     # any loss beyond its margin fails, significant or not
# languages = ["hin", "nep"]
# margin = 2.0
#
# [[rule]]
# role = "advisory"     # shown, and decides nothing
# tasks = ["mini-words-*"]
#
# [[rule]]
# role = "supporting"   # in the suite's test and among the tasks; here with a margin of its own
# tasks = ["lexicon"]
# margin = 0.5
"""
"""A policy to begin with: the defaults, and an example of each role."""
