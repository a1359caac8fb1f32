"""Comparisons of other tools' logs, in the shape of lm-evaluation-harness 0.4 and of inspect_ai's version 2."""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats as reference

import xlbench
from xlbench import ResultsError, UsageError
from xlbench.cli.output.example_texts import with_texts
from xlbench.reports.compare.comparison import against_baseline
from xlbench.reports.compare.logs.figures import is_mean
from xlbench.reports.compare.logs.reader import LogReader

DATE = "2026-01-31T10-20-30.123456"
N = 40


def drawn(seed, n=N, share=0.5):
    """Scores of 0 and 1 (n,)."""
    return (np.random.default_rng(seed).random(n) < share).astype(float)


def sample(number, metrics, own="none", question="What is {}+1?"):
    """A line of a samples file."""
    doc = {"question": question.format(number), "choices": ["1", "2"], "answer": number % 2}
    text = json.dumps(doc, indent=2)
    prompt = f"Q: {doc['question']}"
    return {
        "doc_id": number, "doc": doc, "target": str(doc["answer"]),
        "arguments": {"gen_args_0": {"arg_0": prompt, "arg_1": " 1"}}, "resps": [[["-0.5", "False"]]],
        "filtered_resps": [["-0.5", "False"]], "filter": own, "metrics": [*metrics],
        "doc_hash": hashlib.sha256(text.encode()).hexdigest(),
        "prompt_hash": hashlib.sha256(prompt.encode()).hexdigest(), "target_hash": "0" * 64, **metrics,
    }  # fmt: skip


def lm_eval(folder, model, seed, question="What is {}+1?"):
    """A log of two tasks: `qa` with an accuracy, a correlation and a second accuracy, `text` with a perplexity."""
    at = folder / model
    at.mkdir(parents=True)
    acc, norm = drawn(seed), drawn([seed, 1])
    lines = [sample(i, {"acc": a, "mcc": [i % 2, int(a)], "acc_norm": b}, question=question)
             for i, (a, b) in enumerate(zip(acc, norm, strict=True))]  # fmt: skip
    rolling = [sample(i, {"word_perplexity": [-0.5, 3]}) for i in range(4)]
    for task, own in (("qa", lines), ("text", rolling)):
        (at / f"samples_{task}_{DATE}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in own))
    listed = [{"metric": "acc", "aggregation": "mean", "higher_is_better": True},
              {"metric": "mcc", "aggregation": "matthews_corrcoef", "higher_is_better": True},
              {"metric": "acc_norm", "aggregation": "mean", "higher_is_better": True}]  # fmt: skip
    plain = {
        "results": {
            "qa": {"alias": "qa", "acc,none": acc.mean(), "acc_stderr,none": 0.1, "mcc,none": 0.2,
                   "mcc_stderr,none": "N/A", "acc_norm,none": norm.mean(), "acc_norm_stderr,none": 0.1},
            "text": {"alias": "text", "word_perplexity,none": 1.18, "word_perplexity_stderr,none": "N/A"},
        },
        "group_subtasks": {},
        "configs": {"qa": {"task": "qa", "num_fewshot": 0, "metric_list": listed},
                    "text": {"task": "text", "metric_list": [{"metric": "word_perplexity"}]}},
        "versions": {"qa": 1.0, "text": 0},
        "higher_is_better": {"qa": {"acc": True, "mcc": True, "acc_norm": True}, "text": {"word_perplexity": False}},
        "n-samples": {"qa": {"original": N, "effective": N}, "text": {"original": 4, "effective": 4}},
        "model_name": model,
    }  # fmt: skip
    (at / f"results_{DATE}.json").write_text(json.dumps(plain, indent=2))
    return f"lm-eval:{folder}"


def test_items_of_lm_eval_are_paired(tmp_path):
    """A task's accuracy: the difference of means, McNemar's mid-p, and what is no mean or lower is better is named."""
    found = xlbench.compare(lm_eval(tmp_path / "a", "one", 1), lm_eval(tmp_path / "b", "two", 2))
    (task,) = found.of("task")
    before, after = drawn(1), drawn(2)
    assert (task.name, task.baseline, task.candidate) == (
        "qa",
        pytest.approx(before.mean()),
        pytest.approx(after.mean()),
    )
    won, lost = int((after > before).sum()), int((after < before).sum())
    mid = 2 * reference.binom.cdf(min(won, lost), won + lost, 0.5) - reference.binom.pmf(won, won + lost, 0.5)
    assert task.difference.p == pytest.approx(min(1.0, mid))
    assert "qa mcc,none is not compared: it is no mean of its items (matthews_corrcoef)" in found.notes
    assert "text word_perplexity,none is not compared: lower is better" in found.notes
    assert (found.baseline, found.candidate) == ("one", "two")


def test_another_metric_is_taken_where_it_is_named(tmp_path):
    """``metric`` chooses among a task's figures; a name that there is not leaves nothing to compare."""
    sides = lm_eval(tmp_path / "a", "one", 1), lm_eval(tmp_path / "b", "two", 2)
    found = xlbench.compare(*sides, metric="acc_norm")
    assert found.overall.baseline == pytest.approx(drawn([1, 1]).mean())
    with pytest.raises(UsageError, match="qa has no figure bleu"):
        xlbench.compare(*sides, metric="bleu")


def changed(path, change):
    path.write_text(change(path.read_text()))


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda text: text.replace('"acc": 1.0', '"acc": 0.0', 1), ResultsError, "qa acc,none is 0"),
        (lambda text: text[: text.rindex("\n{") + 1], ResultsError, r"jsonl:39: 39 documents, and .* counts 40"),
        (lambda text: text[:-40], ResultsError, r"jsonl:40: cut off or no JSON"),
        (lambda text: text.replace('"acc": 1.0', '"acc": NaN', 1), ResultsError, r"jsonl:\d+: cut off or no JSON"),
        (lambda text: text.replace('"doc_id": 7', '"doc_id": 6').replace("What is 7", "What is 6").replace(
            sample(7, {})["doc_hash"], sample(6, {})["doc_hash"]), ResultsError, r"jsonl:8: document .* is there"),
        (lambda text: "{}\n" + text, ResultsError, r"jsonl:1: no sample of lm-evaluation-harness"),
    ],
)  # fmt: skip
def test_items_that_do_not_bear_out_their_figure_are_refused(tmp_path, change, error, said):
    """A changed score, a lost line, a cut line, a score that is no number, an item twice: one line that says where."""
    one, other = lm_eval(tmp_path / "a", "one", 1), lm_eval(tmp_path / "b", "two", 2)
    changed(tmp_path / "b" / "two" / f"samples_qa_{DATE}.jsonl", change)
    with pytest.raises(error, match=said):
        xlbench.compare(one, other)


def test_other_documents_are_not_paired_by_their_number(tmp_path):
    """Documents of the same numbers and other content are other data."""
    one = lm_eval(tmp_path / "a", "one", 1)
    with pytest.raises(UsageError, match="qa acc,none: other data"):
        xlbench.compare(one, lm_eval(tmp_path / "b", "two", 2, question="What is {}+2?"))


def test_other_prompts_are_said(tmp_path):
    """The same documents asked with other prompts are compared, with a note."""
    one, other = lm_eval(tmp_path / "a", "one", 1), lm_eval(tmp_path / "b", "two", 2)
    changed(
        tmp_path / "b" / "two" / f"samples_qa_{DATE}.jsonl",
        lambda text: text.replace('"prompt_hash": "', '"prompt_hash": "9'),
    )
    assert "asked with other prompts: qa" in xlbench.compare(one, other).notes


def test_a_log_without_samples_is_refused(tmp_path):
    """Results alone have no items: the message names the option that logs them."""
    one, other = lm_eval(tmp_path / "a", "one", 1), lm_eval(tmp_path / "b", "two", 2)
    (tmp_path / "b" / "two" / f"samples_qa_{DATE}.jsonl").unlink()
    with pytest.raises(UsageError, match="--log_samples"):
        xlbench.compare(one, other)


def inspect_log(model, values, epochs=1, status="success", metric="accuracy"):
    """A log with one scorer; values (n, epochs) are grades or numbers."""
    samples = [
        {"id": f"q-{i}", "epoch": e + 1, "input": f"what is {i}+1?", "target": str(i + 1),
         "messages": [{"id": f"{model}{i}", "role": "user", "content": "?"}], "output": {"model": model, "choices": []},
         "scores": {"includes": {"value": values[i][e], "answer": "1", "history": []}}, "metadata": {}, "events": []}
        for e in range(epochs) for i in range(len(values))
    ]  # fmt: skip
    grades = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
    mean = float(np.mean([[grades.get(one, one) for one in row] for row in values], dtype=float))
    metrics = {metric: {"name": metric, "value": mean, "params": {}}, "stderr": {"name": "stderr", "value": 0.1}}
    scored = {"name": "includes", "scorer": "includes", "scored_samples": len(values), "unscored_samples": 0,
              "params": {}, "metrics": metrics}  # fmt: skip
    return {
        "version": 2, "status": status,
        "eval": {"run_id": model, "created": "2026-01-31T10:20:30+00:00", "task": "sums", "task_version": 0,
                 "task_args": {}, "model": model, "dataset": {"samples": len(values)}, "config": {"epochs": epochs}},
        "results": {"total_samples": len(samples), "completed_samples": len(samples), "scores": [scored]},
        "samples": samples,
    }  # fmt: skip


def members_of(log):
    """The files of a .eval, as bytes by name."""
    parts = {f"samples/{one['id']}_epoch_{one['epoch']}.json": one for one in log["samples"]}
    parts["header.json"] = {key: value for key, value in log.items() if key != "samples"}
    return {name: json.dumps(part).encode() for name, part in parts.items()}


def zstandard_zip(path, parts):
    """A zip file with members of method 93, which Python before 3.14 does not write."""
    body, directory = b"", b""
    for name, content in parts.items():
        packed = pa.compress(content, codec="zstd", asbytes=True)
        head = struct.pack("<5H3I2H", 63, 0, 93, 0, 33, zlib.crc32(content), len(packed), len(content), len(name), 0)
        at = len(body)
        body += b"PK\3\4" + head + name.encode() + packed
        directory += b"PK\1\2" + struct.pack("<H", 63) + head + struct.pack("<3H2I", 0, 0, 0, 0, at) + name.encode()
    end = struct.pack("<4H2IH", 0, 0, len(parts), len(parts), len(directory), len(body), 0)
    path.write_bytes(body + directory + b"PK\5\6" + end)


def written(path, log):
    """The log in a file of the kind that its name says: .json, .eval, or .zstd.eval."""
    if path.suffix == ".json":
        path.write_text(json.dumps(log, indent=2))
    elif ".zstd" in path.suffixes:
        zstandard_zip(path, members_of(log))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members_of(log).items():
                archive.writestr(name, content)
    return f"inspect:{path}"


def grades_of(seed, epochs=1):
    return [["CIPN"[code] for code in row] for row in np.random.default_rng(seed).integers(0, 4, (N, epochs))]


@pytest.mark.parametrize("ending", ["json", "eval", "zstd.eval"])
def test_epochs_of_inspect_are_one_item(tmp_path, ending):
    """Three epochs: the paired t interval of the samples' means, whatever the kind of file."""
    count = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
    before, after = (np.array([[count[one] for one in row] for row in grades_of(seed, 3)]).mean(1) for seed in (1, 2))
    one = written(tmp_path / f"a.{ending}", inspect_log("one", grades_of(1, 3), 3))
    other = written(tmp_path / "b.json", inspect_log("two", grades_of(2, 3), 3))
    found = xlbench.compare(one, other).overall
    low, high = reference.t.interval(0.95, N - 1, (after - before).mean(), reference.sem(after - before))
    assert (found.difference.low, found.difference.high) == (pytest.approx(low), pytest.approx(high))
    assert found.difference.clusters == N


def test_numbers_are_kept_and_their_direction_is_said(tmp_path):
    """A mean of numbers: compared as it stands, with a note that the log does not say which way is better."""
    values = [[[float(x)] for x in np.random.default_rng(seed).integers(0, 9, N)] for seed in (1, 2)]
    sides = [written(tmp_path / f"{i}.json", inspect_log(f"m{i}", own, metric="mean")) for i, own in enumerate(values)]
    found = xlbench.compare(*sides)
    assert found.overall.difference.value == pytest.approx(np.mean(values[1]) - np.mean(values[0]))
    assert "sums includes mean is taken to be better where it is higher: the log does not say" in found.notes


def damaged(log, how):
    """A log with a fault."""
    if how == "score":
        own = log["samples"][0]["scores"]["includes"]
        own["value"] = "C" if own["value"] != "C" else "I"
    elif how == "grade":
        log["samples"][0]["scores"]["includes"]["value"] = "Q"
    elif how == "lost":
        log["samples"].pop()
    elif how == "twice":
        log["samples"].append(log["samples"][0])
    elif how == "stopped":
        log["status"] = "error"
    elif how == "old":
        log["version"] = 1
    return log


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ("score", ResultsError, "by the log, and its 40 items have the mean"),
        ("grade", ResultsError, "sample q-0 of epoch 1: includes is 'Q': a score is a number, or one of C, I"),
        ("lost", ResultsError, "39 samples have a score, and the log counts 40"),
        ("twice", ResultsError, "sample q-0 of epoch 1 is there twice"),
        ("stopped", UsageError, r"has no results \(error\)"),
        ("old", UsageError, "a log of version 1, and version 2 is read"),
    ],
)
def test_a_log_of_inspect_that_contradicts_itself_is_refused(tmp_path, how, error, said):
    """A changed score, an unknown grade, a lost or repeated sample, an evaluation that failed: one line each."""
    one = written(tmp_path / "a.json", inspect_log("one", grades_of(1)))
    other = written(tmp_path / "b.json", damaged(inspect_log("two", grades_of(2)), how))
    with pytest.raises(error, match=said):
        xlbench.compare(one, other)


@pytest.mark.parametrize(("ending", "cut"), [("json", 30), ("eval", 30), ("zstd.eval", 30), ("zstd.eval", 0)])
def test_a_damaged_file_is_refused(tmp_path, ending, cut):
    """A file that was cut off, or a byte of which was changed, is named."""
    one = written(tmp_path / "a.json", inspect_log("one", grades_of(1)))
    other = written(tmp_path / f"b.{ending}", inspect_log("two", grades_of(2)))
    path = Path(other.removeprefix("inspect:"))
    content = path.read_bytes()
    path.write_bytes(content[:-cut] if cut else content[:150] + b"\xff" + content[151:])
    with pytest.raises(ResultsError, match=rf"b.{ending}.*(cut off|damaged)"):
        xlbench.compare(one, other)


def test_a_path_that_is_not_there_is_named(tmp_path):
    """A log that does not exist, and a folder without any: usage errors."""
    with pytest.raises(UsageError, match="there is no file or folder"):
        xlbench.compare("inspect:nowhere.eval", "lm-eval:nowhere")
    with pytest.raises(UsageError, match=r"holds no results_<date>.json"):
        xlbench.compare(f"lm-eval:{tmp_path}", f"inspect:{tmp_path}")


def test_examples_of_logs_have_their_texts(tmp_path):
    """The items that changed most stand beside the question that the log holds."""
    reader = LogReader()
    runs = [reader.log(lm_eval(tmp_path / name, name, seed)) for name, seed in (("one", 1), ("two", 2))]
    (found,) = against_baseline({run.model: run for run in runs}, reader.influence, examples=2)
    changed = with_texts(found, runs[0], reader, None).changed
    numbers = np.flatnonzero(drawn(1) != drawn(2))
    assert len(changed) == 2
    assert {one["text"] for one in changed} <= {f"What is {number}+1?" for number in numbers}


@pytest.mark.parametrize("reported", [float("inf"), float("-inf"), float("nan"), 0.51])
def test_a_reported_figure_has_to_be_the_mean_of_its_items(reported):
    """Neither another number nor one that is not finite passes."""
    assert is_mean([0.0, 1.0], 0.5)
    assert not is_mean([0.0, 1.0], reported)
