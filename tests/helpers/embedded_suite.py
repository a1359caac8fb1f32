"""What has to hold of the files of the embedded suite: every check yields a line a fault."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

TABLES = ("parallel", "news", "sentiment", "words", "pairs", "search")
TEXTS = {
    "parallel": ("text",),
    "news": ("text",),
    "sentiment": ("text",),
    "words": ("word",),
    "pairs": ("first", "second"),
    "search": ("question", "passage"),
}
"""The columns of each table that are in the language of its file; all others, but for notes, are the same in all."""

LETTER = {"parallel": "p", "news": "n", "sentiment": "s", "ner": "e", "words": "w", "pairs": "r", "search": "q"}
SIZES = {"parallel": 300, "news": 320, "sentiment": 200, "ner": 240, "words": 204, "pairs": 100, "search": 60}
GONE = {
    "news": {2, 17, 25, 39, 47, 52, 60, 63, 64, 65, 66, 76, 83, 86, 92, 112},
    "words": {139, 143, 145, 149, 150, 155, 158, 159, 160, 163, 164, 170, 173, 174, 179, 181, 182, 183, 184, 186, 187,
              189, 190, 191, 194, 195, 196, 197, 198, 200, 201, 202, 203, 204},
}  # fmt: skip
"""Numbers of the first edition whose items are gone: they are never given again."""

VALUES = {
    "parallel": {
        "domain": {"culture", "everyday", "health", "law", "nature", "news", "science", "technology", "travel", "work"},
        "difficulty": {"plain", "long", "figurative", "technical", "numbers"},
    },
    "news": {"label": {"crime", "culture", "economy", "environment", "health", "politics", "science", "sport"}},
    "sentiment": {
        "label": {"negative", "neutral", "positive"},
        "kind": {"plain", "mixed", "irony", "expectation"},
    },
}
SCRIPTS = {"hin": "DEVANAGARI", "nep": "DEVANAGARI", "tel": "TELUGU", "urd": "ARABIC"}
TYPES = ("PER", "LOC", "ORG")
CASE_MARKERS = ("ले", "लाई", "को", "का", "की", "मा", "बाट", "सँग", "देखि", "सम्म", "हरू", "द्वारा")
"""What Nepali writes behind a name without a space, and its corpora of entities as a word of its own."""

NO_MARKER = {"पानामा"}
"""Names that end like another one with a case marker: Panama, and the publisher Copper Page (पाना)."""

Check = Callable[[Path], Iterator[str]]


def languages(mini: Path) -> list[str]:
    """English first."""
    found = sorted(path.stem for path in (mini / "parallel").glob("*.tsv"))
    return sorted(found, key=lambda language: (language != "eng", language))


def table(mini: Path, name: str, language: str) -> list[dict[str, str]]:
    """The rows of one file."""
    with (mini / name / f"{language}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def sentences(mini: Path, language: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """(id, tokens, tags) of every sentence of the NER file."""
    for block in (mini / "ner" / f"{language}.conll").read_text(encoding="utf-8").strip("\n").split("\n\n"):
        first, *lines = block.split("\n")
        pairs = [line.split("\t") for line in lines]
        yield first.removeprefix("# id = "), [pair[0] for pair in pairs], [pair[-1] for pair in pairs]


def texts(mini: Path, language: str) -> Iterator[tuple[str, str]]:
    """Every sentence of a language under its id."""
    for name in ("parallel", "news", "sentiment"):
        for row in table(mini, name, language):
            yield row["id"], row["text"]
    for item, tokens, _ in sentences(mini, language):
        yield item, " ".join(tokens)


def entities(tokens: list[str], tags: list[str]) -> list[tuple[str, str]]:
    """(type, words) of the entities that strict IOB2 tags mark."""
    found: list[tuple[str, list[str]]] = []
    for token, tag in zip(tokens, tags, strict=True):
        if tag.startswith("B-"):
            found.append((tag[2:], [token]))
        elif tag.startswith("I-") and found:
            found[-1][1].append(token)
    return [(kind, " ".join(words)) for kind, words in found]


def same_files(mini: Path) -> Iterator[str]:
    """Every language has every file, and no file is of another language."""
    expected = languages(mini)
    for name, suffix in (*((name, "tsv") for name in TABLES), ("ner", "conll")):
        there = {path.stem for path in (mini / name).glob(f"*.{suffix}")}
        for language in set(expected) ^ there:
            yield f"{name}/{language}.{suffix}: {'lacking' if language in expected else 'of no other folder'}"


def same_items(mini: Path) -> Iterator[str]:
    """Ids, labels and all other columns but the texts are those of English, in the same order."""
    for language in languages(mini):
        for name in TABLES:
            rows, english = table(mini, name, language), table(mini, name, "eng")
            if len(rows) != len(english):
                yield f"{name}/{language}: {len(rows)} rows, English has {len(english)}"
            for row, other in zip(rows, english, strict=False):
                for column in set(row) | set(other):
                    if column not in (*TEXTS[name], "notes") and row.get(column) != other.get(column):
                        where = f"{name}/{language} {other['id']}"
                        yield f"{where}: {column} {row.get(column)!r}, not {other.get(column)!r}"
        ids, own = ([item for item, *_ in sentences(mini, of)] for of in ("eng", language))
        if ids != own:
            yield f"ner/{language}: ids are not those of English"


def whole_sizes(mini: Path) -> Iterator[str]:
    """As many items as the datasheet says, under the ids in order, with known values in every column."""
    for name, size in SIZES.items():
        ids = (
            [item for item, *_ in sentences(mini, "eng")]
            if name == "ner"
            else [row["id"] for row in table(mini, name, "eng")]
        )
        if name == "words":
            ids = sorted(ids)
        gone = GONE.get(name, frozenset())
        if ids != [f"{LETTER[name]}{n:03}" for n in range(1, size + len(gone) + 1) if n not in gone]:
            yield f"{name}: ids are not the {size} from {LETTER[name]}001 on but for those that are gone"
        for column, allowed in VALUES.get(name, {}).items():
            for row in table(mini, name, "eng"):
                if row[column] not in allowed:
                    yield f"{name} {row['id']}: {column} {row[column]!r}"
    topics = VALUES["news"]["label"]
    for row in table(mini, "news", "eng"):
        if row["crosses"] and (row["crosses"] not in topics or row["crosses"] == row["label"]):
            yield f"news {row['id']}: crosses {row['crosses']!r}"


def balance(mini: Path) -> Iterator[str]:
    """Classes are equally frequent, to within one item; every domain, difficulty and type of entity has its share."""
    for name in ("news", "sentiment"):
        counts = Counter(row["label"] for row in table(mini, name, "eng"))
        if max(counts.values()) - min(counts.values()) > 1:
            yield f"{name}: {dict(counts)}"
    by_set: dict[str, Counter[str]] = {}
    for row in table(mini, "words", "eng"):
        by_set.setdefault(row["set"], Counter())[row["label"]] += 1
    for kind, counts in by_set.items():
        if len(set(counts.values())) > 1 or min(counts.values()) < 20:
            yield f"words {kind}: {dict(counts)}"
    for column, least in (("domain", 20), ("difficulty", 45)):
        for value, count in Counter(row[column] for row in table(mini, "parallel", "eng")).items():
            if count < least:
                yield f"parallel: {count} of {column} {value}"
    found = [entities(tokens, tags) for _, tokens, tags in sentences(mini, "eng")]
    if not 0.15 < sum(not one for one in found) / len(found) < 0.4:
        yield "ner: too few or too many sentences without an entity"
    for kind in TYPES:
        words = [name for one in found for of, name in one if of == kind]
        many = sum(" " in name for name in words) / max(1, len(words))
        if len(words) < 100 or not 0.3 < many < 0.8:
            yield f"ner {kind}: {len(words)}, {many:.0%} of many words"


def valid_tags(mini: Path) -> Iterator[str]:
    """Strict IOB2 of known types, a tag a word, and in every sentence as many entities of each type as in English."""
    english = {item: Counter(kind for kind, _ in entities(*rest)) for item, *rest in sentences(mini, "eng")}
    for language in languages(mini):
        for item, tokens, tags in sentences(mini, language):
            where = f"ner/{language} {item}"
            for before, tag in zip(["O", *tags], tags, strict=False):
                if tag != "O" and not (tag[:2] in ("B-", "I-") and tag[2:] in TYPES):
                    yield f"{where}: tag {tag!r}"
                elif tag.startswith("I-") and before not in (f"B-{tag[2:]}", f"I-{tag[2:]}"):
                    yield f"{where}: {tag} continues nothing"
            if not all(tokens) or Counter(kind for kind, _ in entities(tokens, tags)) != english.get(item):
                yield f"{where}: other entities than in English"


def split_case_markers(mini: Path) -> Iterator[str]:
    """In Nepali no name carries a case marker without which it is the name of another sentence."""
    if "nep" not in languages(mini):
        return
    found = [(item, name.split()) for item, *rest in sentences(mini, "nep") for _, name in entities(*rest)]
    known = {words[-1] for _, words in found}
    for item, words in found:
        for marker in CASE_MARKERS:
            if words[-1] not in NO_MARKER and words[-1].endswith(marker) and words[-1].removesuffix(marker) in known:
                yield f"ner/nep {item}: {words[-1]} carries {marker}"


def clean_texts(mini: Path) -> Iterator[str]:
    """NFC, on one line, without stray space; nine letters in ten are of the language's script."""
    for language in languages(mini):
        script = SCRIPTS.get(language, "LATIN")
        cells = [*texts(mini, language)]
        for name in ("words", "pairs", "search"):
            cells += [(row["id"], row[column]) for row in table(mini, name, language) for column in TEXTS[name]]
        for item, text in cells:
            if (
                text != unicodedata.normalize("NFC", text).strip()
                or set(text) & set("\t\r\n\u200b\ufeff")
                or "  " in text
            ):
                yield f"{language} {item}: not NFC, or stray space: {text!r}"
            letters = [unicodedata.name(char, "") for char in text if char.isalpha()]
            if not letters or sum(name.startswith(script) for name in letters) < 0.9 * len(letters):
                yield f"{language} {item}: letters of another script: {text!r}"
            if language == "urd" and set(text) & set("يكىة"):
                yield f"{language} {item}: Arabic letters for Urdu ones: {text!r}"


def asked(mini: Path, language: str) -> Iterator[tuple[str, str]]:
    """Every question and every passage of a language under its id and what it is."""
    for row in table(mini, "search", language):
        for column in TEXTS["search"]:
            yield f"{row['id']} {column}", row[column]


def translated(mini: Path) -> Iterator[str]:
    """No sentence, question or passage equals its English one."""
    english = dict([*texts(mini, "eng"), *asked(mini, "eng")])
    for language in languages(mini)[1:]:
        for item, text in (*texts(mini, language), *asked(mini, language)):
            if text == english.get(item):
                yield f"{language} {item}: left in English"


def no_near_duplicates(mini: Path) -> Iterator[str]:
    """No two texts of a language, of one kind or of two, share most of their words, and no question is asked twice."""
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

    for language in languages(mini):
        found = [*texts(mini, language), *((row["id"], row["passage"]) for row in table(mini, "search", language))]
        bags = (
            CountVectorizer(token_pattern=r"\S+", binary=True).fit_transform([text for _, text in found]).astype(float)
        )
        both, size = (bags @ bags.T).toarray(), np.asarray(bags.sum(axis=1)).ravel()
        jaccard = both / (size[:, None] + size[None] - both)
        tfidf = TfidfVectorizer().fit_transform([text for _, text in found])
        alike = (tfidf @ tfidf.T).toarray() if language == "eng" else np.zeros_like(jaccard)
        for one, other in np.argwhere(np.triu((jaccard > 0.6) | (alike > 0.6), 1)):
            yield f"{language} {found[one][0]} and {found[other][0]}: near-duplicates"
        questions = Counter(row["question"].casefold() for row in table(mini, "search", language))
        yield from (f"{language}: asked twice: {question}" for question, times in questions.items() if times > 1)


def words_give_nothing_away(mini: Path) -> Iterator[str]:
    """Words are distinct within a set, and neither a space nor capitals alone tell the kinds of entities apart."""
    for language in languages(mini):
        rows = table(mini, "words", language)
        for (kind, word), times in Counter((row["set"], row["word"].casefold()) for row in rows).items():
            if times > 1:
                yield f"words/{language} {kind}: {word!r} twice"
        names = [row for row in rows if row["set"] == "entities"]
        share = {
            label: np.mean([" " in row["word"] for row in names if row["label"] == label])
            for label in {row["label"] for row in names}
        }
        if max(share.values()) - min(share.values()) > 0.35:
            yield f"words/{language} entities: a space gives the kind away: {share}"
        if capitals := [row["id"] for row in names if len(row["word"]) > 1 and row["word"].isupper()]:
            yield f"words/{language} entities: all capitals: {capitals}"


def pairs_are_of_the_words(mini: Path) -> Iterator[str]:
    """Both words of a pair are those of `words/`, wherever English has them; no pair is there twice, and all scores are
    equally frequent."""
    id_of = {row["word"]: row["id"] for row in table(mini, "words", "eng") if row["set"] == "relatedness"}
    english = table(mini, "pairs", "eng")
    for language in languages(mini):
        word_of = {row["id"]: row["word"] for row in table(mini, "words", language) if row["set"] == "relatedness"}
        for pair, other in zip(table(mini, "pairs", language), english, strict=True):
            for side in ("first", "second"):
                if other[side] not in id_of or pair[side] != word_of.get(id_of[other[side]]):
                    yield f"pairs/{language} {pair['id']}: {pair[side]!r} is not the word of {other[side]!r}"
    if set(Counter(pair["score"] for pair in english).items()) != {(score, 20) for score in "01234"}:
        yield "pairs: scores are not equally frequent"
    pairs = Counter(frozenset((pair["first"], pair["second"])) for pair in english)
    yield from (f"pairs: {sorted(pair)} twice" for pair, times in pairs.items() if times > 1)
    for pair in english:
        if (pair["score"] in "34") != (pair["label"] == "related"):
            yield f"pairs {pair['id']}: {pair['label']} with score {pair['score']}"


def lengths_vary(mini: Path) -> Iterator[str]:
    """Sentences are short and long: no template made them."""
    for language in languages(mini):
        lengths = [len(row["text"]) for row in table(mini, "parallel", language)]
        if max(lengths) <= 3 * min(lengths) or len(set(lengths)) <= 40:
            yield f"parallel/{language}: sentences are all about as long"


def datasheet_is_whole(mini: Path) -> Iterator[str]:
    """The datasheet names every language and folder, and holds the canary string."""
    sheet = (mini / "DATASHEET.md").read_text(encoding="utf-8")
    for name in (
        *(f"`{language}`" for language in languages(mini)),
        *(f"`{name}/`" for name in (*TABLES, "ner", "nearmiss")),
    ):
        if name not in sheet:
            yield f"DATASHEET.md: {name} is not named"
    if not re.search(r"xlbench-mini:canary:[0-9a-f-]{36}", sheet):
        yield "DATASHEET.md: no canary string"


CHECKS: tuple[Check, ...] = (
    same_files, same_items, whole_sizes, balance, valid_tags, split_case_markers, clean_texts, translated,
    no_near_duplicates, words_give_nothing_away, pairs_are_of_the_words, lengths_vary, datasheet_is_whole,
)  # fmt: skip
