"""The texts that tasks ask for: all that a run has an encoder encode, each once a role, as they are asked."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest

import xlbench
from xlbench import Data, UsageError
from xlbench.catalog import load
from xlbench.runs.asked_texts import AskedSubset, AskedText, asked_texts

LANGUAGE = ("isl",)
TASKS = ("mini-parallel", "mini-search", "mini-news", "mini-ner", "mini-words-relatedness")
"""A task of each kind: pairs, a search with roles, a probe, words of sentences, pairs of words."""


def asked(tasks, data=None) -> tuple[list[AskedText], list[AskedSubset]]:
    texts: list[AskedText] = []
    return texts, list(asked_texts(tasks, data or Data(languages=LANGUAGE), texts.extend))


class Listener:
    """An encoder that remembers what it is asked for."""

    def __init__(self) -> None:
        self.heard: set[tuple[str, str]] = set()

    def encode(self, texts, role=None):
        self.heard.update((text, role or "") for text in texts)
        return np.array([[len(text) + 1.0, *map(text.count, "aeiourst")] for text in texts])


@pytest.mark.slow
@pytest.mark.parametrize("name", TASKS)
def test_they_are_what_a_run_encodes(name, tmp_path):
    """A run asks its encoder for these texts in these roles, for no other and no fewer."""
    listener = Listener()
    model = xlbench.Model("listener", load=lambda: listener, fingerprint=lambda: "1")
    xlbench.run(model, name, languages=LANGUAGE, results=tmp_path, cache=False)
    texts, parts = asked(load().select_tasks([name]))
    assert {part.status for part in parts} == {"ok"}
    assert {(one.text, one.role) for one in texts} == listener.heard
    assert ({one.role for one in texts} == {"query", "document"}) == (name == "mini-search")


def test_each_is_there_once_with_its_hash():
    """Two tasks of the same texts bring them once; the hash is SHA-256 of the text's UTF-8."""
    tasks = load().select_tasks(["mini-words-relatedness"])
    texts, _ = asked(tasks)
    twice, parts = asked([*tasks, dataclasses.replace(tasks[0], name="again")])
    assert twice == texts
    assert {part.texts for part in parts if part.task == "again"} == {0}
    assert len({one.text for one in texts}) == len(texts)
    assert texts[0].hash == hashlib.sha256(texts[0].text.encode()).hexdigest()


def test_a_limit_asks_for_less():
    """A sample of the data is asked for its own texts alone."""
    tasks = load().select_tasks(["mini-words-relatedness"])
    whole, few = asked(tasks)[0], asked(tasks, Data(languages=LANGUAGE, limit=3))[0]
    assert 0 < len(few) < len(whole)
    assert {one.text for one in few} < {one.text for one in whole}


def failing_task(name: str, texts: list[str]) -> xlbench.Task:
    def evaluate(subset, session):
        session.encode(texts)
        raise ValueError("no more")

    subsets = [xlbench.Subset("eng", ("eng",), n=1, fingerprint="1")]
    return xlbench.Task(name, "news", (xlbench.metrics.share("accuracy", "hit"),), lambda data: subsets, evaluate)


def test_a_task_that_fails_ends_no_other():
    """What a task raises is told of its subset; what it asked for before is there, and the next task is asked."""
    texts, parts = asked([failing_task("one", ["a"]), failing_task("two", ["b"])], Data())
    assert [(part.task, part.status, part.reason) for part in parts] == [
        ("one", "error", "ValueError: no more"), ("two", "error", "ValueError: no more")
    ]  # fmt: skip
    assert [one.text for one in texts] == ["a", "b"]


def test_data_that_is_not_here_is_skipped():
    """A subset without data is skipped with its reason, and asks for nothing."""
    subsets = [xlbench.Subset("eng", ("eng",), missing="it is elsewhere")]
    task = dataclasses.replace(failing_task("one", ["a"]), subsets=lambda data: subsets)
    texts, (part,) = asked([task], Data(languages=("eng",)))
    assert (part.status, part.reason, texts) == ("skipped", "it is elsewhere", [])


def test_where_texts_go_may_fail():
    """What taking the texts raises is no failure of the task that asked for them."""

    def full(texts):
        raise UsageError("the disk is full")

    with pytest.raises(UsageError, match=r"^the disk is full$"):
        list(asked_texts([failing_task("one", ["a"])], Data(), full))
