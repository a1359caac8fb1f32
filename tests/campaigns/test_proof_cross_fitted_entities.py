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
    return proof_cross_fitted_entities.corpus(DATA, proof_cross_fitted_entities.LONGEST)


def test_a_drawn_data_set_has_its_sentences_in_folds(sentences):
    """Of a data set as it is drawn every sentence is scored once, and sentences of a document are in one fold."""
    chosen = np.arange(60)
    parts = sentences.data_set(chosen, 5, documents=True).load()
    rows = [row for fold in parts.folds() for row in fold.rows]
    assert sorted(rows) == list(range(60))
    fold_of = {cluster: place for place, fold in enumerate(parts.folds()) for cluster in fold.parts.test.clusters}
    for fold in parts.folds():
        assert not set(fold.parts.test.clusters) & set(fold.parts.train["slk"].clusters)
    assert len(fold_of) == len(set(parts.test.clusters))


def test_entities_of_folds_are_covered_about_as_classes_are(sentences, scale):
    """Of few data sets eight in ten intervals or more hold the mean, and standard errors are of the right size."""
    times = 12 * scale
    found = proof_cross_fitted_entities.coverage(sentences, proof_populations.session("ngram"), 3, times, n=60)
    assert 0.2 < found.truth < 0.6
    assert found.covered >= 0.9 - 2.8 * np.sqrt(0.9 * 0.1 / times)
    assert 0.5 < found.error < 1.6
