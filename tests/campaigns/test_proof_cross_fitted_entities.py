"""Coverage of cross-fitted entity F1 in small: real sentences, one encoder, few data sets, wide tolerances."""

from __future__ import annotations

import numpy as np
import proof_cross_fitted_entities
import proof_populations
import pytest
from real_data import DATA, needs

pytestmark = [pytest.mark.slow, needs("uner/UNER_Slovak-SNK/sk_snk-ud-train.iob2")]


@pytest.fixture(scope="module")
def sentences():
    """Short sentences of Slovak with an entity."""
    return proof_cross_fitted_entities.corpus(DATA)


def test_sentences_that_are_drawn_are_short_and_have_an_entity(sentences):
    """Of every sentence the words and tags are as many, fifteen at most, and one tag begins an entity."""
    pairs = list(zip(sentences.fields["tokens"], sentences.fields["tags"], strict=True))
    assert len(pairs) > 5 * proof_cross_fitted_entities.SENTENCES
    assert all(words.count("\t") == tags.count("\t") < 15 for words, tags in pairs)
    assert all("B-" in tags for _, tags in pairs)


def test_a_drawn_data_set_has_every_sentence_in_one_fold(sentences):
    """Every sentence is scored in one fold, whose probe has not learned from it."""
    some = sentences.only([row < 60 for row in range(len(sentences.ids))])
    folds = proof_cross_fitted_entities.data_set(some, 5).load().folds()
    assert sorted(row for fold in folds for row in fold.rows) == list(range(60))
    for fold in folds:
        assert not set(fold.parts.test.ids) & set(fold.parts.train["slk"].ids)
        assert len(fold.parts.test.ids) + len(fold.parts.train["slk"].ids) == 60


def test_entities_of_folds_are_covered_about_as_classes_are(sentences, scale):
    """Of few data sets eight in ten intervals or more hold the mean, and standard errors are of the right size."""
    times = 12 * scale
    found = proof_cross_fitted_entities.coverage(sentences, proof_populations.session("ngram"), 3, times, n=60)
    assert 0.2 < found.truth < 0.6
    assert found.covered >= 0.9 - 2.8 * np.sqrt(0.9 * 0.1 / times)
    assert 0.5 < found.error < 1.6
