"""The embedded near misses: of known sentences, all different, one edit away, and of the kind that they say."""

import csv
import re
import unicodedata
from collections import Counter
from difflib import SequenceMatcher
from pathlib import Path

import pytest

import xlbench_tasks
from xlbench_tasks.card.read import CARDS, read_card
from xlbench_tasks.data.text import folded

MINI = Path(xlbench_tasks.__file__).parent / "mini"
CARD = read_card(CARDS / "mini-nearmiss.toml")
KINDS, LANGUAGES = CARD.options["kinds"], CARD.options["targets"]
SCRIPTS = {"hin": "DEVANAGARI"}

AT_LEAST = {"eng": 100, "hin": 60, "slk": 60, "tur": 60}
"""Near misses of each kind."""

NUMBERS = {
    "eng": r"half|halved|doubled|tripled|quadrupled|twice|once|both|single|first|second|third|fourth|ninth|two thirds|"
    r"(three )?quarters|tenth|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
    r"nineteen|twenty|thirty|forty|fifty|eighty|hundreds?|thousand|dozens|an? (?=[a-z])|a single|most|whole|some|few",
    "hin": r"आधा|आधे|आधी|दो|दोनों|तीन|तीनों|चार|चारों|पाँच|छह|सात|सातों|आठ|नौ|नौवें|दस|दसवाँ|ग्यारह|बारह|तेरह|"
    r"चौदह|पंद्रह|"
    r"उन्नीस|बीस|तीस|चालीस|बयालीस|बावन|पचास|अस्सी|सौ|हज़ार|लाख|दोगुना|तिगुना|चौगुना|एक|तिहाई|पहली|दूसरा|दूसरी|दूसरे|"
    r"तीसरा|तीसरी|तीसरे|दर्जनों|सैकड़ों|पूरे|पूरी",
    "slk": r"pol|polovic\w*|tretin\w*|štvrtin\w*|desatin\w*|jed[ei]n\w*|"
    r"dv\w*|tri\w*|tr[oa]\w*|tret\w*|štyr\w*|pä[tť]\w*|"
    r"šies\w*|sed[ei]m\w*|osem\w*|ôsm\w*|dev\w*|desa\w*|raz|prv\w*|druh\w*|ob[ae]\w*|stroj\w*|zdvoj\w*|stovky|"
    r"tisíc\w*",
    "tur": r"yar[ıi]\w*|bir|iki\w*|üç\w*|dör[td]\w*|beş|altı\w*|yedi|sekiz\w*|dokuz\w*|on|onda|onlarca|yirmi\w*|"
    r"otuz|kırk|"
    r"elli|seksen|yüz\w*|bin|ilk|tek|birkaç|birinin",
}
"""Words for numbers and counts."""

NEGATIONS = {
    "eng": r"not|cannot|\w+n't|no|never|nobody|nothing|nor|without|somebody|someone|everybody|often|while|"
    r"able to|now know",
    "hin": r"नहीं|न|मत|बिना|किसी|कोई|कई|वाली",
    "slk": r"ne\w+|nie|bez|nik\w+|niekto|nič\w*|ani|už|žiadn\w+",
    "tur": r"\w*m[aeıiuü]\w*|değil\w*|yok\w*|hiç\w*|kimse\w*|ne|şekersiz",
}
"""Words that deny, and those that take the place of one that is taken out."""

NEAR = {"number": 0.6, "entity": 0.6, "antonym": 0.5, "negation": 0.5, "tense": 0.4, "role": 0.6}
"""How alike a near miss and its sentence are at least: twice the letters in common stretches over all letters; of
swaps, with their words in alphabetical order."""


def rows(folder, language):
    with (MINI / folder / f"{language}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def sentences(language):
    return {row["id"]: row["text"] for row in rows("parallel", language)}


def found(words, language, text):
    """Which of a language's words a text has, and how often."""
    lowered = text.casefold().replace("i\u0307", "i")  # of the Turkish capital
    return Counter(match[0] for match in re.finditer(rf"(?<!\w)(?:{words[language]})(?!\w)", lowered))


def alike(one, other, kind):
    a, b = one.casefold(), other.casefold()
    if kind == "role":
        a, b = (" ".join(sorted(re.findall(r"\w+", text))) for text in (a, b))
    return SequenceMatcher(None, a, b, autojunk=False).ratio()


def faults(near, language):
    """What is wrong with near misses, as far as rules can tell: a line a fault."""
    known = sentences(language)
    seen = {folded(text): item for item, text in known.items()}
    for row in near:
        item, kind, text = row["id"], row["kind"], row["text"]
        if item not in known:
            yield f"{item}: there is no such sentence"
            continue
        if kind not in KINDS:
            yield f"{item}: unknown kind {kind}"
        if other := seen.get(folded(text)):
            yield f"{item}: the same as {other}: {text}"
        seen[folded(text)] = f"{item} {kind}"
        if text != unicodedata.normalize("NFC", text).strip() or "  " in text:
            yield f"{item}: notation: {text!r}"
        if text[-1] != known[item][-1] and known[item][-1] in ".?!।":
            yield f"{item}: another end: {text}"
        letters = [unicodedata.name(char, "") for char in text if char.isalpha()]
        if not all(name.startswith(SCRIPTS.get(language, "LATIN")) for name in letters):
            yield f"{item}: another script: {text}"
        if alike(text, known[item], kind) < NEAR.get(kind, 0):
            yield f"{item}: {kind}: more than one edit: {text}"
        for of_kind, words in (("number", NUMBERS), ("negation", NEGATIONS)):
            if kind == of_kind and found(words, language, text) == found(words, language, known[item]):
                yield f"{item}: {kind}: no {of_kind} differs: {text}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_near_misses_are_of_their_kind(language):
    """Rules find nothing wrong with any of them."""
    assert not list(faults(rows("nearmiss", language), language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_enough_of_every_kind(language):
    """And each is of a sentence that has few of its kind: no single one fills the count."""
    near = rows("nearmiss", language)
    counts = Counter(row["kind"] for row in near)
    assert set(counts) == set(KINDS)
    assert min(counts.values()) >= AT_LEAST[language], counts
    assert max(Counter((row["id"], row["kind"]) for row in near).values()) <= 4


def test_every_file_is_a_target():
    """No file of near misses is left unread by the card."""
    assert sorted(path.stem for path in (MINI / "nearmiss").glob("*.tsv")) == sorted(LANGUAGES)


@pytest.mark.parametrize(
    ("item", "kind", "text", "said"),
    [
        ("p999", "number", "The last bus to the village leaves at ten past five.", "no such sentence"),
        ("p002", "numbers", "The last bus to the village leaves at ten past five.", "unknown kind"),
        ("p002", "number", "The last bus to the village leaves at ten past six.", "the same as p002"),
        ("p002", "entity", "The printer is broken.", "the same as p076"),
        ("p002", "number", "The last tram to the village leaves at ten past six.", "no number differs"),
        ("p002", "negation", "The last bus to the village left at ten past six.", "no negation differs"),
        ("p002", "entity", "An old man waited for his train at the airport.", "more than one edit"),
        ("p002", "number", "The last bus to the village leaves at ten past five", "another end"),
        ("p002", "entity", "The last bus to the деревня leaves at ten past six.", "another script"),
        ("p002", "number", "The last bus to the village  leaves at ten past five.", "notation"),
    ],
)
def test_planted_faults_are_found(item, kind, text, said):
    """Each rule finds what it is for."""
    planted = [{"id": item, "kind": kind, "text": text}]
    assert any(said in fault for fault in faults(planted, "eng"))


def test_two_alike_are_found():
    """A near miss that is there twice, of one sentence or of two, of one kind or of two, is a fault."""
    near = rows("nearmiss", "eng")
    for twin in ({**near[0], "id": "p002"}, {**near[0], "kind": "role"}, near[0]):
        assert any("the same as" in fault for fault in faults([*near, twin], "eng"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_datasheet_counts_them(language):
    """Its table has the number of each kind."""
    counts = Counter(row["kind"] for row in rows("nearmiss", language))
    row = " | ".join([f"| `{language}`", *(str(counts[kind]) for kind in KINDS)]) + " |"
    assert row in (MINI / "DATASHEET.md").read_text(encoding="utf-8")
