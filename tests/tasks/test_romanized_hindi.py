"""Hindi in Latin letters: the rule by hand, and the file that ships."""

import csv
from pathlib import Path

import pytest
import romanized_hindi

import xlbench_tasks
from xlbench import Data
from xlbench_tasks.card.read import CARDS, read_card
from xlbench_tasks.card.task import task

MINI = Path(xlbench_tasks.__file__).parent / "mini"


@pytest.mark.parametrize(
    ("hindi", "latin"),
    [
        ("समझ", "samajh"),
        ("नमक", "namak"),
        ("चमकना", "chamakna"),
        ("लड़का", "ladka"),
        ("आदमी", "admi"),
        ("मुंबई", "mumbai"),
        ("हिन्दी", "hindi"),
        ("गाँव", "ganv"),
        ("ज़रा", "zara"),
        ("विद्यालय", "vidyalay"),
        ("कृपया", "kripya"),
        ("२१", "21"),
    ],
)
def test_the_rule_by_hand(hindi, latin):
    """Inherent vowels are dropped where they are not spoken, and kept where they are."""
    assert romanized_hindi.romanize(hindi).casefold() == latin


def test_sentences_begin_with_a_capital_and_end_with_a_full_stop():
    """Latin letters have cases, and the danda is a full stop; what was Latin before is left as it was."""
    assert romanized_hindi.romanize("वह NASA में है। क्या?") == "Vah NASA men hai. Kya?"


def test_the_file_is_what_the_rule_makes_of_hindi(tmp_path):
    """The file that ships follows from the Hindi one, and from nothing else."""
    (tmp_path / "parallel").mkdir()
    (tmp_path / "parallel" / "hin.tsv").write_bytes((MINI / "parallel" / "hin.tsv").read_bytes())
    romanized_hindi.write(tmp_path)
    made, shipped = (folder / "romanized" / "hin_Latn.tsv" for folder in (tmp_path, MINI))
    assert made.read_text(encoding="utf-8") == shipped.read_text(encoding="utf-8")
    rows = list(csv.DictReader(shipped.open(encoding="utf-8", newline=""), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert all(row["text"].isascii() or set(row["text"]) - set(map(chr, range(128))) <= set("“”‘’–—") for row in rows)


def test_the_task_pairs_it_with_every_language():
    """Both ways with each of the ten languages, Hindi in its own script among them."""
    found = list(task(read_card(CARDS / "mini-romanized.toml")).subsets(Data()))
    assert len(found) == 20
    assert all("hin_Latn" in subset.languages and subset.n == 300 for subset in found)
