"""Exact and near duplicates, against comparing every pair."""

from __future__ import annotations

import random

import pytest

from xlbench.corpus.duplicates import EXACT, NEAR, SeenTexts, bands_of, open_index, pieces, similarity

pytest.importorskip("rensa")


def outcomes(texts, threshold, folder):
    """What becomes of each text."""
    index = open_index(folder / f"index-{random.random()}")
    seen = SeenTexts(index, threshold)
    found = [seen.add(text) for text in texts]
    index.close()
    return found, seen


def test_similarity_by_hand():
    """Of abcdefg and abcdefh two of four pieces of five letters are shared; case and white space are no difference."""
    one, other = pieces("abcdefg"), pieces("ABCDEFH")
    assert one == {"abcde", "bcdef", "cdefg"}
    assert similarity(one, other) == 2 / 4
    assert pieces("a  b\n") == {"a b"}
    assert pieces("") == {""}


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8, 0.9, 0.95])
def test_bands_find_what_is_at_the_threshold(threshold):
    """With these bands one pair of a hundred at the threshold is missed at most; with longer ones, more are."""
    bands, rows = bands_of(threshold)
    assert bands * rows <= 128
    assert 1 - (1 - threshold**rows) ** bands >= 0.99
    longer = rows + 1
    assert 1 - (1 - threshold**longer) ** (128 // longer) < 0.99


def test_bands_by_hand():
    """At .8: 21 bands of 6, for 1 - (1 - .8^6)^21 = .998, and 18 of 7 would find .9856 of them."""
    assert bands_of(0.8) == (21, 6)


def test_exact_duplicates(tmp_path):
    """A text that differs in case, white space or notation alone is a copy; without a threshold, nothing else is."""
    texts = ["Ein Haus", "ein  haus", "EIN HAUS ", "Ein Haus!", "é", "e\u0301"]
    assert outcomes(texts, None, tmp_path)[0] == ["", EXACT, EXACT, "", "", EXACT]


def changed(text, chance, times):
    """The text with some letters replaced."""
    letters = [*text]
    for _ in range(times):
        letters[chance.randrange(len(letters))] = chance.choice("abcdefghij")
    return "".join(letters)


def test_near_duplicates_are_those_of_every_pair(tmp_path):
    """No text is dropped that is not near a kept one, and nearly all that are near are: by comparing every pair."""
    chance = random.Random(5)
    texts = []
    for _ in range(60):
        begin = "".join(chance.choice("abcdefghij ") for _ in range(150))
        texts += [changed(begin, chance, times) for times in (0, 1, 2, 4, 6, 9, 14)]
    chance.shuffle(texts)
    found, _ = outcomes(texts, 0.8, tmp_path)
    kept, missed, near = [], 0, 0
    for text, outcome in zip(texts, found, strict=True):
        own = pieces(text)
        is_near = any(similarity(own, other) >= 0.8 for other in kept)
        if outcome:
            assert is_near, outcome
        near += is_near
        missed += is_near and not outcome
        if not outcome:
            kept.append(own)
    assert near > 100
    assert missed <= 0.01 * near


def test_the_first_one_is_kept(tmp_path):
    """Of near duplicates the one that comes first stays, whichever is longer."""
    long = "The committee met on Monday and decided nothing at all, as it had the week before, and the one before that."
    found, _ = outcomes([long, long + "!", "Something else entirely, on another day."], 0.8, tmp_path)
    assert found == ["", NEAR, ""]


def test_texts_that_share_bands_with_too_many_are_counted(tmp_path, monkeypatch):
    """Where there are more candidates than are compared, that is counted, as a near copy may be missed."""
    from xlbench.corpus import duplicates

    monkeypatch.setattr(duplicates, "CANDIDATES", 1)
    begin = "".join(random.Random(1).choice("abcdefghij ") for _ in range(200))
    texts = [changed(begin, random.Random(number), 12) for number in range(8)]
    _, seen = outcomes(texts, 0.5, tmp_path)
    assert seen.capped > 0
    monkeypatch.setattr(duplicates, "CANDIDATES", 200)
    _, seen = outcomes(texts, 0.5, tmp_path)
    assert seen.capped == 0
