"""The first page and the tutorials are true: what they show is done, in their order, and prints what they say."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import ROOT, Cli
from run_pytest import run_pytest

TUTORIALS = ROOT / "docs" / "tutorials"
PAGES = ("../index", *sorted(page.stem for page in TUTORIALS.glob("*.md")))
WITH_CHECKPOINTS = ("own-checkpoint",)


def text_of(page: str) -> str:
    return (TUTORIALS / f"{page}.md").read_text(encoding="utf-8")


def steps(page: str) -> Iterator[tuple[str, str, str]]:
    """The blocks of a page in their order: (language, content, the text before it)."""
    before = 0
    for block in re.finditer(r"^```(\w*)\n(.*?)^```$", text_of(page), re.MULTILINE | re.DOTALL):
        yield block[1], block[2], text_of(page)[before : block.start()]
        before = block.end()


@dataclass
class Reader:
    """Someone who does what a tutorial says, in a folder."""

    cli: Cli
    folder: Path
    target: Path
    said: str = ""
    done: list[str] = field(default_factory=list)

    def follow(self, line: str) -> None:
        """Give one command: of xlbench, pip, pytest or cd."""
        command, _, comment = line.partition("  # ")
        words = shlex.split(command)
        code = int(*re.findall(r"exit code (\d)", comment)) if "exit code" in comment else 0
        self.done.append(words[0])
        if words[0] == "cd":
            self.folder /= words[1]
        elif words[0] == "pip":
            self.install(words)
        elif words[0] == "pytest":
            self.said = run_pytest([], self.folder, [self.target])
            assert self.said.endswith("exit code 0"), self.said
        else:
            assert words[0] == "xlbench", f"nobody knows how to follow {line!r}"
            done = self.cli(words[1:], [self.target] if self.target.exists() else [], cwd=self.folder)
            self.said = done.stdout + done.stderr
            assert done.returncode == code, f"{line}: {self.said}"

    def install(self, words: list[str]) -> None:
        """Install the project in this folder; xlbench and its extras are here."""
        if not (self.folder / "pyproject.toml").exists():
            return
        assert "." in words
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index"]
        command = [sys.executable, "-m", "pip", "install", *options, "--target", str(self.target), "."]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=280)
        assert done.returncode == 0, done.stderr


@pytest.fixture
def reader(request, tmp_path: Path) -> Callable[[str], Reader]:
    """A function: page -> someone who follows it in a folder that has what the page takes for granted."""

    def make(page: str) -> Reader:
        folder = tmp_path / "reader"
        folder.mkdir()
        if page in WITH_CHECKPOINTS:
            pytest.importorskip("torch")
            import checkpoints

            checkpoints.bert(folder / "my-checkpoint")
        cli = request.getfixturevalue("checkpoint_cli" if page in WITH_CHECKPOINTS else "xlbench_cli")
        return Reader(cli, folder, tmp_path / "installed")

    return make


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_tutorial_can_be_followed(page, reader):
    """Every command of a tutorial, given in its order, ends as it says and prints the lines that it shows."""
    someone = reader(page)
    for language, content, before in steps(page):
        if language == "sh":
            for line in content.replace("\\\n", " ").splitlines():
                someone.follow(line)
        elif language == "csv":
            (name,) = re.findall(r"`([\w.-]+)`:\s*$", before)
            (someone.folder / name).write_text(content, encoding="utf-8")
        elif language == "text":
            printed = {re.sub(r"\s+", " ", line).strip() for line in someone.said.splitlines()}
            for line in filter(str.strip, content.splitlines()):
                wanted = re.sub(r"\s+", " ", line).strip()
                assert any(one.startswith(wanted) for one in printed), f"{wanted}\nis not in\n{someone.said}"
    assert "xlbench" in someone.done


def test_every_block_of_a_tutorial_is_followed():
    """Blocks are commands, files, what is printed, or the files of other programs: no other kind is passed over."""
    kinds = {language for page in PAGES for language, _, _ in steps(page)}
    assert kinds <= {"sh", "csv", "text", "yaml"}
    assert {"first-board", "own-file", "own-checkpoint", "plugin", "gate"} <= set(PAGES)


def test_the_gate_of_the_tutorial_is_that_of_the_docs():
    """Both show the same workflow, which a test of docs/gate.md looks at."""
    (shown,) = [content for language, content, _ in steps("gate") if language == "yaml"]
    assert shown in (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
