"""Retrieval among near misses: ranks and counts by hand and by brute force, cards of one's own, and bad files."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xlbench
from xlbench import Data, EncodingSession, UsageError
from xlbench.stats import Scorer
from xlbench_baselines.ngrams import plain
from xlbench_tasks.card.read import CARDS, read_card
from xlbench_tasks.card.task import task
from xlbench_tasks.protocols import nearmiss, retrieval_metrics
from xlbench_tasks.protocols.numbers import near_misses, ranking

OPTIONS = {"kinds": ["number", "negation"], "targets": ["eng"]}

ENG = {"a": "two goats eat", "b": "the river is wide", "c": "nobody sings", "d": "the lamp is out"}
SLK = {"a": "dve kozy jedia", "b": "rieka je široká", "c": "nikto nespieva", "d": "lampa nesvieti"}
NEAR = [
    ("a", "number", "three goats eat"),
    ("a", "number", "ten goats eat"),
    ("a", "negation", "two goats do not eat"),
    ("b", "negation", "the river is not wide"),
    ("c", "negation", "somebody sings"),
]


class Vectors:
    """An encoder that gives each text the vector that a test has for it."""

    def __init__(self, of_text):
        self.of_text = of_text

    def encode(self, texts, role=None):
        return np.array([self.of_text[text] for text in texts], np.float32)


def table(rows):
    return "".join("\t".join(row) + "\n" for row in rows)


def made(folder, near=NEAR, data="", options='kinds = ["number", "negation"]\ntargets = ["eng"]', header=None):
    """A card over two small tables and the near misses of one."""
    for language, texts in (("eng", ENG), ("slk", SLK)):
        (folder / f"{language}.tsv").write_text(table([("id", "text"), *texts.items()]), encoding="utf-8")
    (folder / "near.eng.tsv").write_text(table([header or ("id", "kind", "text"), *near]), encoding="utf-8")
    (folder / "few.toml").write_text(
        f"""
name = "few"
area = "retrieval"
protocol = "nearmiss"
description = "A few sentences"
license = "CC0-1.0"
languages = ["eng", "slk"]
[data]
reader = "nearmiss"
files = "{{language}}.tsv"
near_misses = "near.{{language}}.tsv"
id = "id"
fields = {{ text = "text" }}
{data}
[options]
{options}
""",
        encoding="utf-8",
    )
    return task(read_card(folder / "few.toml"))


def only(one: xlbench.Task, root, **data) -> xlbench.Subset:
    (subset,) = one.subsets(Data(root, **data))
    return subset


def values(one: xlbench.Task, outcome: xlbench.Outcome) -> dict[str, float]:
    with np.errstate(invalid="ignore"):
        return {m.name: float(m.value(m.rows(outcome.columns).sum(axis=0))) for m in one.metrics}


def test_by_hand(tmp_path):
    """Four queries. a: one number is nearer, the other is level, the negation is farther: rank 3. b: its negation is
    level: rank 2. c comes first. d has no near miss; b and the near misses of b and c stand before it: rank 4, and 2
    without near misses."""
    east, north, up, down = np.eye(4)
    of_text = {
        **dict(zip(SLK.values(), (east, north, up, down + north), strict=True)),
        "two goats eat": east + up,
        "three goats eat": east + up / 2,
        "ten goats eat": east - up,
        "two goats do not eat": east + 2 * up,
        "the river is wide": north,
        "the river is not wide": north,
        "nobody sings": up,
        "somebody sings": down - up,
        "the lamp is out": down / 2 + up,
    }
    one = made(tmp_path)
    outcome = one.evaluate(only(one, tmp_path), EncodingSession(Vectors(of_text)))
    assert outcome.columns["rank"].tolist() == [3, 2, 1, 4]
    assert outcome.columns["plain_rank"].tolist() == [1, 1, 1, 2]
    assert outcome.columns["near_number"].tolist() == [2, 0, 0, 0]
    assert outcome.columns["above_number"].tolist() == [0, 0, 0, 0]
    assert outcome.columns["near_negation"].tolist() == [1, 1, 1, 0]
    assert outcome.columns["above_negation"].tolist() == [1, 0, 1, 0]
    assert values(one, outcome) == {"accuracy": 1 / 4, "plain_accuracy": 3 / 4, "above_number": 0.0,
                                    "above_negation": pytest.approx(2 / 3)}  # fmt: skip
    assert outcome.chance == {"accuracy": 1 / 9, "plain_accuracy": 1 / 4, "above_number": 0.5, "above_negation": 0.5}
    assert {name: outcome.facts[name] for name in outcome.facts if "near_miss" in name} == {
        "near_misses": 5, "near_misses:number": 2, "near_misses:negation": 3, "items_without_near_miss": 1
    }  # fmt: skip
    assert outcome.facts["tie_rate"] == 1 / 2
    assert any(note.startswith("1 text has no near miss") for note in outcome.notes)


def clouds(seed, n, m, noise=0.6):
    """Queries, a pool of n translations and m near misses of theirs, some of them equal to the translation, texts that
    may repeat, and owners."""
    random = np.random.RandomState(seed)
    targets = random.standard_normal((n, 5)).astype(np.float32)
    owner = random.randint(0, n, m)
    near = targets[owner] + noise * random.standard_normal((m, 5)).astype(np.float32)
    level = random.rand(m) < 0.2
    near[level] = targets[owner][level]
    same = random.randint(0, n, n)
    repeats = random.rand(n) < 0.2
    targets = np.where(repeats[:, None], targets[same], targets)
    texts = [f"t{same[i] if repeats[i] else i}" for i in range(n)] + [f"n{j}" for j in range(m)]
    queries = targets + noise * random.standard_normal((n, 5)).astype(np.float32)
    return queries, np.concatenate([targets, near]), texts, owner


def slow(queries, pool, texts, owner):
    """By definition, a pair at a time: ranks, and which near misses are beaten."""
    cosine = [
        [float(np.float64(q) @ np.float64(c) / np.linalg.norm(q.astype(float)) / np.linalg.norm(c.astype(float)))
         for c in pool] for q in queries
    ]  # fmt: skip
    ranks = []
    for i, row in enumerate(cosine):
        ranks.append(1 + len({texts[j] for j in range(len(pool)) if row[j] >= row[i] - 1e-6 and texts[j] != texts[i]}))
    n = len(queries)
    return ranks, [cosine[i][i] > cosine[i][n + j] + 1e-6 for j, i in enumerate(owner)]


@given(seed=st.integers(0, 10_000), n=st.integers(2, 20), m=st.integers(1, 40))
@settings(max_examples=15, deadline=None)
def test_ranks_and_near_misses_equal_brute_force(seed, n, m):
    """Whatever repeats or ties, ranks and beaten near misses are those of the definition."""
    queries, pool, texts, owner = clouds(seed, n, m)
    found = near_misses.rank_among(queries, pool, texts, owner)
    ranks, above = slow(queries, pool, texts, owner)
    assert found.rank.tolist() == ranks
    assert found.above.tolist() == above
    assert found.candidates == len(set(texts))


@given(seed=st.integers(0, 10_000), n=st.integers(2, 20))
@settings(max_examples=10, deadline=None)
def test_without_near_misses_it_is_retrieval(seed, n):
    """A pool of translations alone has the ranks and ties of the retrieval protocol, and what items take there."""
    queries, pool, texts, _ = clouds(seed, n, 0)
    found = near_misses.rank_among(queries, pool, texts, np.zeros(0, np.int64))
    plain_ranks = ranking.rank_pairs(queries, pool, texts)
    assert found.rank.tolist() == plain_ranks.columns["rank"].tolist()
    assert found.taken.tolist() == plain_ranks.columns["taken_accuracy"].tolist()
    assert found.tie_rate == plain_ranks.tie_rate


@given(seed=st.integers(0, 10_000), n=st.integers(3, 15), m=st.integers(1, 30))
@settings(max_examples=10, deadline=None)
def test_influence_equals_leaving_out(seed, n, m):
    """Before it is shrunk, an item's influence on P@1 is what leaving out its query, its sentence and its near misses
    does."""
    queries, pool, texts, owner = clouds(seed, n, m)
    whole = near_misses.rank_among(queries, pool, texts, owner)
    metric = nearmiss.metrics(OPTIONS)[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearmiss, "shrunk", lambda taken, noise: -taken)
        psi = Scorer(resamples=100).score(metric, {"rank": whole.rank, "taken": whole.taken})[1]
    found = []
    for gone in range(n):
        rest, near = np.flatnonzero(np.arange(n) != gone), np.flatnonzero(owner != gone)
        rows = np.concatenate([rest, n + near])
        owners = np.searchsorted(rest, owner[near])
        part = near_misses.rank_among(queries[rest], pool[rows], [texts[row] for row in rows], owners)
        found.append((n - 1) * ((whole.rank == 1).mean() - (part.rank == 1).mean()))
    assert psi == pytest.approx(np.array(found), abs=1e-9)


def test_block_edges_change_nothing(monkeypatch):
    """The same numbers come out of many small blocks as of one large one."""
    queries, pool, texts, owner = clouds(3, 150, 400)
    whole = near_misses.rank_among(queries, pool, texts, owner)
    monkeypatch.setattr(ranking, "BLOCK_CELLS", 16 * len(pool))
    monkeypatch.setattr(near_misses, "_ROWS", 7)
    parts = near_misses.rank_among(queries, pool, texts, owner)
    for name in ("rank", "taken", "above"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_by_dot_products_length_counts():
    """With a model that compares by dot product, a near miss that is longer stands before its translation."""
    queries = np.array([[1, 0], [0, 1]], np.float32)
    pool = np.array([[1, 0], [0, 1], [2, 1]], np.float32)
    texts, owner = ["a", "b", "a'"], np.array([0])
    assert near_misses.rank_among(queries, pool, texts, owner, "dot").rank.tolist() == [2, 2]
    assert near_misses.rank_among(queries, pool, texts, owner, "cosine").rank.tolist() == [1, 1]


def test_an_encoder_of_one_vector_beats_nothing():
    """A tie is not above: equal vectors for all texts find nothing, and beat no near miss."""
    same = np.ones((7, 3), np.float32)
    found = near_misses.rank_among(same[:3], same, [f"t{i}" for i in range(7)], np.array([0, 0, 1, 2]))
    assert found.rank.tolist() == [7, 7, 7]
    assert not found.above.any()
    assert found.tie_rate == 1


def test_near_misses_that_only_rounding_tells_apart_are_counted(tmp_path):
    """A sum in another order is the same vector but for its last bits, so that whether it is beaten says nothing, and a
    footnote says so; with level vectors and with others there is none."""
    texts = [*SLK.values(), *ENG.values(), *(text for _, _, text in NEAR)]
    of_text = dict(zip(texts, np.random.RandomState(0).standard_normal((len(texts), 8)), strict=True))
    one = made(tmp_path)
    for added, counted in ((0.0, 0), (5e-7, 1), (1e-3, 0)):
        near = of_text["two goats eat"] + added * of_text["nobody sings"]
        vectors = Vectors({**of_text, "three goats eat": near})
        outcome = one.evaluate(only(one, tmp_path), EncodingSession(vectors))
        assert outcome.facts.get("near_misses_close", 0) == counted
        assert any("no more than rounding" in note for note in outcome.notes) is bool(counted)


def test_plain_accuracy_is_that_of_retrieval(tmp_path):
    """On the embedded sentences, P@1 without near misses is the score of mini-parallel, with its interval."""
    encoder = plain()
    ours, theirs = (task(read_card(CARDS / f"mini-{name}.toml")) for name in ("nearmiss", "parallel"))
    scores = []
    for one, metric in ((ours, "plain_accuracy"), (theirs, "accuracy")):
        subset = next(subset for subset in one.subsets(Data()) if subset.name == "slk-eng")
        outcome = one.evaluate(subset, EncodingSession(encoder))
        wanted = next(each for each in one.metrics if each.name == metric)
        score, _ = Scorer().score(replace(wanted, name="x"), outcome.columns, content="x")
        scores.append((score.value, score.low, score.high, score.se))
    assert scores[0] == pytest.approx(scores[1], abs=1e-12)
    assert scores[0][0] > 0


def test_a_kind_without_near_misses_has_no_score(tmp_path):
    """A kind that a language lacks is not defined there, and its count is 0."""
    one = made(tmp_path, NEAR[2:])
    outcome = one.evaluate(only(one, tmp_path), EncodingSession(plain()))
    assert np.isnan(values(one, outcome)["above_number"])
    assert outcome.facts["near_misses:number"] == 0


@pytest.mark.slow
def test_the_kit_accepts_a_card(tmp_path):
    """The conformance kit finds no fault with a card of one's own, nor with the embedded one."""
    from xlbench.testing.tasks import check_task

    check_task(made(tmp_path), Data(tmp_path))
    check_task(task(read_card(CARDS / "mini-nearmiss.toml")), only=["tur-eng"])


@pytest.mark.slow
def test_saved_runs_verify(tmp_path):
    """Scores of a saved run are computed again from its rows."""
    from xlbench.catalog.loading import load
    from xlbench.runs.store import find_runs
    from xlbench.runs.verify import verify

    xlbench.run(["random"], ["mini-nearmiss"], languages=["tur"], results=tmp_path, cache=False)
    (one,) = load().select_tasks(["mini-nearmiss"])
    checked = list(verify(find_runs(tmp_path), {"mini-nearmiss": one}))
    assert {cell.verdict for cell in checked} == {"agrees"}
    assert "tur-eng" in {cell.subset for cell in checked}


def test_order_and_places_of_near_misses_change_nothing(tmp_path):
    """The fingerprint and the scores are the same whatever the order of the file's lines and columns."""
    one = made(tmp_path)
    before = only(one, tmp_path)
    outcome = one.evaluate(before, EncodingSession(plain()))
    rows = [(text, item, kind) for item, kind, text in reversed(NEAR)]
    again = only(made(tmp_path, rows, header=("text", "id", "kind")), tmp_path)
    assert again.fingerprint == before.fingerprint
    other = one.evaluate(again, EncodingSession(plain()))
    assert all(np.array_equal(outcome.columns[name], other.columns[name]) for name in outcome.columns)
    changed = only(made(tmp_path, [*NEAR[:-1], ("c", "negation", "everybody sings")]), tmp_path)
    assert changed.fingerprint != before.fingerprint


def test_a_sample_has_the_near_misses_of_its_sentences(tmp_path):
    """With a limit, near misses of sentences beyond it are left out."""
    subset = only(made(tmp_path), tmp_path, limit=2)
    items = subset.load()
    assert subset.n == 2
    assert {row for row, _ in items.near_misses} == {0, 1}
    assert len(items.near_misses) == 4


def test_lines_of_text_have_numbers_for_ids(tmp_path):
    """Without fields a line is a sentence, and near misses name it by its number."""
    made(tmp_path, [("1", "number", "ten goats eat"), ("4", "negation", "the lamp is not out")])
    for language, texts in (("eng", ENG), ("slk", SLK)):
        (tmp_path / f"{language}.txt").write_text("\n".join(texts.values()) + "\n", encoding="utf-8")
    card = (tmp_path / "few.toml").read_text(encoding="utf-8")
    card = card.replace('"{language}.tsv"', '"{language}.txt"').replace('id = "id"\n', "")
    (tmp_path / "few.toml").write_text(card.replace('fields = { text = "text" }\n', ""), encoding="utf-8")
    items = only(task(read_card(tmp_path / "few.toml")), tmp_path).load()
    assert [(row, one.text) for row, one in items.near_misses] == [(0, "ten goats eat"), (3, "the lamp is not out")]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("e", "number", "six goats"), "near.eng.tsv, line 7: there is no sentence 'e': those begin with 'a'"),
        (("a", "number", " "), "line 7: the text is empty"),
        (("a", "", "six goats"), "line 7: the kind is empty"),
        (("a", "number", "Two  goats eat"), "line 7: the near miss is its own sentence, 'a'"),
        (("a", "number", "nobody sings"), "line 7: the near miss is the same text as the sentence 'c'"),
        (("d", "number", "Ten goats eat"), "line 7: the near miss is the same text as"),
        (("a", "numbr", "six goats eat"), "the card's ['negation', 'number']: 'numbr' (1 time, first at line 7)"),
        (("a", "number"), "line 7: 2 columns where line 1 has 3"),
    ],
)  # fmt: skip
def test_bad_lines_are_told_in_one(tmp_path, line, said):
    """File, line and fault, in one line, as the reason of the cell."""
    subset = only(made(tmp_path, [*NEAR, line]), tmp_path)
    assert said in subset.damaged
    assert "\n" not in subset.damaged


def test_files_that_lack_something(tmp_path):
    """A file without a column, without a line, and none at all."""
    assert "has no column 'kind'" in only(made(tmp_path, header=("id", "type", "text")), tmp_path).damaged
    assert "has a header and no near misses" in only(made(tmp_path, []), tmp_path).damaged
    one = made(tmp_path)
    (tmp_path / "near.eng.tsv").unlink()
    assert "has no near misses in 'eng' here" in only(one, tmp_path).missing
    (tmp_path / "slk.tsv").unlink()
    assert "slk" in only(one, tmp_path).missing


def test_another_reader_brings_no_near_misses(tmp_path):
    """Which reader has them is said where a card reads its data with another one."""
    made(tmp_path)
    card = (tmp_path / "few.toml").read_text(encoding="utf-8").replace('"nearmiss"\nfiles', '"delimited"\nfiles')
    card = card.replace('near_misses = "near.{language}.tsv"\n', "")
    (tmp_path / "few.toml").write_text(card, encoding="utf-8")
    assert "reader = 'nearmiss'" in only(task(read_card(tmp_path / "few.toml")), tmp_path).missing


@pytest.mark.parametrize(
    ("data", "options", "said"),
    [
        ("", 'targets = ["eng"]', "few.toml: [options] kinds: list the kinds"),
        ("", 'kinds = ["number", "number"]', "[options] kinds: list the kinds of near misses, each once"),
        ("", 'kinds = ["role swap"]', "[options] kinds: name 'role swap' is not allowed"),
        ("", 'kinds = ["number"]\ntargets = ["deu"]', "[options] targets: 'deu' is none of the card's languages"),
        ("max_rows = 3", 'kinds = ["number"]', "has no key 'max_rows'"),
        ('clusters = "c.txt"', 'kinds = ["number"]', "[data] clusters: only without fields"),
    ],
)
def test_bad_cards_are_told(tmp_path, data, options, said):
    """What a card has to say, and what it cannot."""
    with pytest.raises(UsageError) as caught:
        made(tmp_path, data=data, options=options)
    assert said in str(caught.value)


def test_texts_that_both_have_alone_are_scored(tmp_path):
    """Where languages share some ids, near misses of the others are left out, and lost items counted."""
    one = made(tmp_path, data="shared = 0.5")
    (tmp_path / "slk.tsv").write_text(table([("id", "text"), *list(SLK.items())[1:]]), encoding="utf-8")
    subset = only(one, tmp_path)
    outcome = one.evaluate(subset, EncodingSession(plain()))
    assert subset.n == 3
    assert outcome.facts["lost_items"] == 1
    assert outcome.facts["near_misses"] == 2


def test_the_shrinking_is_that_of_retrieval():
    """What an item takes in both pools is shrunk by its own noise: without any, an influence stays what it is."""
    taken = np.array([8.0, 0, 0, 0, 0, 0, 0, 0])
    metric = nearmiss.metrics(OPTIONS)[0]
    columns = {"rank": np.array([1] + [2] * 7), "taken": taken}
    assert metric.through_others(columns) == pytest.approx(retrieval_metrics.shrunk(taken, 1.0))
