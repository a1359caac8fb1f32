"""Drafts of cards from real public files: how many of the sets run as they were drafted, set by set."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from real_data import DATA

import xlbench
from xlbench import XlbenchError
from xlbench_tasks.draft.drafting import draft_card

pytestmark = pytest.mark.slow

SMALL = (
    "cldr_wordsets/xweat_wordsets.tsv", "icelandic_sentiment", "nepali_ner_dadelani/labeled/naami_ner", "nepsa",
    "nusax/datasets/lexicon", "nusax/datasets/mt", "slovak_kinit/sentiment_reviews", "slovak_kinit/sts_translations",
    "wordsets/categorization_en", "wordsets/categorization_en/bless.csv", "wordsets/indian_wordsim",
    "wordsets/multilingual_simlex", "wordsets/multilingual_simlex/ws-353", "wordsets/naijasenti/manual-sentiment",
    "wordsets/xling_eval_bli/en-de", "wordsets/xweat",
)  # fmt: skip
LARGE = (
    "afrisenti", "cldr_wordsets/cldr_wordsets.tsv", "everest_ner", "il_ner", "masakhanews",
    "nepali_ner_dadelani/downloaded", "ntrex", "nusax/datasets/sentiment", "sib200", "typology_sentiment", "uner",
    "uner/UNER_Slovak-SNK", "wordsets/afinn", "wordsets/nepali_sentiment_words/headlines.txt",
)  # fmt: skip
"""What a person would name: a folder or a file below the data root."""
LEAST = 0.8
"""So large a share of the sets has to run."""
LIMIT = 40
UNFIT = "It does not run yet:"
"""What a draft says at its top that stops somewhere in the whole data, which a sample may not reach."""


def outcome(name: str, folder: Path) -> str:
    """ "" where a set is drafted and scored, with every subset that its draft has data for; else why not."""
    try:
        text = draft_card([DATA / name], DATA, "drafted", beside=False)
        if UNFIT in text:
            return text.partition(UNFIT)[2].partition("\n# -")[0].strip()
        card = folder / "drafted.toml"
        card.write_text(text, encoding="utf-8")
        runs = xlbench.run(["random"], [str(card)], data=DATA, results=folder / "results", limit=LIMIT, cache=False)
    except XlbenchError as error:
        return str(error)
    cells = [cell for run in runs for cell in run.cells if cell.status != "skipped"]
    failed = [f"{cell.subset}: {cell.reason}" for cell in cells if cell.status != "ok"]
    return "; ".join(failed) or ("" if cells else "nothing was scored")


def test_most_small_sets_run_as_they_were_drafted(tmp_path, capsys):
    """Of the small sets at hand at least four of five are drafted, read and scored without an edit."""
    count(SMALL, tmp_path, capsys)


@pytest.mark.campaign
def test_most_sets_run_as_they_were_drafted(tmp_path, capsys):
    """Of all sets at hand at least four of five are drafted, read and scored without an edit."""
    count((*SMALL, *LARGE), tmp_path, capsys)


def count(names: Sequence[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Draft and score every set, and print which run."""
    sets = [name for name in names if (DATA / name).exists()]
    if not sets:
        pytest.skip("no data: set XLBENCH_DATA to the data root")
    outcomes = {}
    for number, name in enumerate(sets):
        folder = tmp_path / str(number)
        folder.mkdir()
        outcomes[name] = outcome(name, folder)
    good = [name for name, why in outcomes.items() if not why]
    with capsys.disabled():
        sys.stdout.write(f"\n{len(good)} of {len(sets)} sets run as drafted\n")
        for name, why in outcomes.items():
            sys.stdout.write(f"  {'runs' if not why else 'stops'}  {name}{': ' * bool(why)}{why[:160]}\n")
    assert len(good) >= LEAST * len(sets)
