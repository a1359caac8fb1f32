"""Is a text's nearest other text of the same label?"""

import xlbench
from xlbench.core.ids import digest

VERSION = 1
OPTIONS = {"distance": ("cosine", "euclidean")}


def metrics(options):
    return (xlbench.metrics.share("accuracy", "hit", "the nearest other text has the same label"),)


def subsets(data_set, options, data, languages):
    source = data_set.test
    for language in languages:
        if language in source.languages():
            records = source.read(language)
            content = digest(records.fingerprint())
            yield xlbench.Subset(language, (language,), len(records.ids), content, load=lambda records=records: records)
        else:
            yield xlbench.Subset(language, (language,), missing=source.why_missing(language))


def evaluate(subset, session, options):
    import numpy as np
    from scipy.spatial.distance import cdist

    records = subset.load()
    vectors, labels = session.encode(records.fields["text"]), np.array(records.fields["label"])
    away = cdist(vectors, vectors, options.get("distance", "cosine"))
    np.fill_diagonal(away, np.inf)
    return xlbench.Outcome(
        item_ids=records.ids,
        cluster_ids=records.clusters,
        columns={"hit": labels[away.argmin(axis=1)] == labels},
        notes=records.notes,
        facts=records.facts,
    )
