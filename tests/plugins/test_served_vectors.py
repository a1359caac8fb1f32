"""A service behind HTTP as a model: what it is sent, what it may answer, how often it is asked, and what it is told."""

from __future__ import annotations

import csv
import dataclasses
import email.utils
import logging
import pickle
import random
import re
import time
from collections.abc import Iterator

import numpy as np
import pytest
from embedding_server import Embeddings, half_an_answer, hang_up, serving, status, vector

from xlbench import DataMissing, EncoderError, EncodingSession, UsageError
from xlbench.testing.models import check_model
from xlbench_vectors.served.address import parse_spec
from xlbench_vectors.served.encoder import ServedEncoder
from xlbench_vectors.served.model import model_of
from xlbench_vectors.served.probes import TEXTS
from xlbench_vectors.served.prompts import Prompts
from xlbench_vectors.served.requests import LONGEST_PAUSE

WORDS = ["one", "two words", "üç", "a\nb", "five"]
SECRET = "sk-Very-Secret-0123456789"


@pytest.fixture(autouse=True)
def _no_key(monkeypatch) -> None:
    for name in ("XLBENCH_HTTP_KEY", "OPENAI_API_KEY", "XLBENCH_OFFLINE", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE",
                 "TRANSFORMERS_OFFLINE"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[Embeddings]:
    with serving() as embeddings:
        yield embeddings


def encoder_of(server: Embeddings, options: str = "") -> tuple[ServedEncoder, list[float]]:
    """The encoder, and the pauses that it makes, which take no time."""
    encoder = model_of(f"{server.address}/v1?model=m{options}").load()
    assert isinstance(encoder, ServedEncoder)
    pauses: list[float] = []
    encoder.requests.sleep = pauses.append
    encoder.requests.chance = random.Random(1)
    return encoder, pauses


def expected(words=WORDS, seed: int = 0) -> np.ndarray:
    return np.array([vector(word, seed) for word in words])


def fails(server: Embeddings, kind: type[Exception] = EncoderError, options: str = "", texts=WORDS) -> str:
    """The line with which encoding ends."""
    with pytest.raises(kind) as caught:
        encoder_of(server, options)[0].encode(list(texts))
    return str(caught.value)


# ---- what is sent


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_vectors_come_in_the_order_of_the_texts(encoding, server):
    """However the service orders and writes them, each text gets its own vector, to the bit."""
    encoder, _ = encoder_of(server, f"&encoding={encoding}&batch_size=2")
    assert np.array_equal(encoder.encode(WORDS), expected())
    assert [body["input"] for body in server.asked] == [WORDS[:2], WORDS[2:4], WORDS[4:]]
    assert {(body["model"], body["encoding_format"]) for body in server.asked} == {("m", encoding)}
    assert not any("dimensions" in body for body in server.asked)


def test_dimensions_are_asked_for(server):
    """The service is told how many dimensions are wanted; other ones than these are an error."""
    encoder, _ = encoder_of(server, "&dimensions=4")
    assert encoder.encode(WORDS).shape == (5, 4)
    assert server.asked[0]["dimensions"] == 4
    server.change = lambda answer, body: {**answer, "data": [{**one, "embedding": [1.0]} for one in answer["data"]]}
    assert "vectors of 1 dimensions, and 4 were asked for" in fails(server, options="&dimensions=4")


def test_prompts_follow_the_role(server):
    """A role has its own prompt or the common one, before the text or around it; what is cut is the text alone."""
    encoder, _ = encoder_of(server, "&prompt=p:%20&prompt_query=q:%20{text}!&max_chars=3")
    for role in (None, "query", "document"):
        encoder.encode(["abcdef", "ab"], role)
        assert list(encoder.truncated) == [True, False]
    assert server.texts == ["p: abc", "p: ab", "q: abc!", "q: ab!", "p: abc", "p: ab"]
    assert Prompts("p", document="").of("document") == ""


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://h", "http://h/v1/embeddings"),
        ("http:http://h:80/", "http://h:80/v1/embeddings"),
        ("http:https://H.org/api/v1/", "https://h.org/api/v1/embeddings"),
        ("https://h/x/embeddings", "https://h/x/embeddings"),
        ("http://[::1]:8/v1", "http://[::1]:8/v1/embeddings"),
    ],
)
def test_addresses(given, url):
    """The usual end of an address is added where it is left out."""
    assert parse_spec(f"{given}?model=m")[0].url == url


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("http://h", "names no model: add ?model=NAME"),
        ("http:", "write http://HOST:PORT/v1?model=NAME"),
        ("http://h:port?model=m", "the address of a service is not valid"),
        ("http://h?model=m&dimension=3", "Did you mean 'dimensions'?"),
        ("http://h?model=m&timeout=0", "timeout=0.0: give a number above 0"),
        ("http://h?model=m&rate=nan", "rate=nan: give a number above 0"),
        ("http://h?model=m&batch_size=0", "give a whole number of at least 1"),
        ("http://h?model=m&dtype=float8", "choose one of float32, float16, bfloat16"),
    ],
)
def test_a_wrong_spec_is_one_line(spec, said):
    """What can be seen to be wrong is told before anything is asked."""
    with pytest.raises(UsageError) as caught:
        model_of(spec)
    assert said in str(caught.value)


# ---- what is answered


def change_of(**changes) -> object:
    """Changes the first embedding of every answer."""
    return lambda answer, body: answer["data"][0].update(changes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda answer, body: answer["data"].pop() and None, "returned 4 vectors for 5 texts"),
        (lambda answer, body: answer["data"].append(answer["data"][0]), "returned 6 vectors for 5 texts"),
        (change_of(index=0), "and not 0 to 4, each once"),
        (change_of(index=5), "and not 0 to 4, each once"),
        (change_of(index=None), "and not 0 to 4, each once"),
        (change_of(index=True), "and not 0 to 4, each once"),
        (change_of(embedding=[1.0, float("nan")] * 4), "holds NaN or infinity"),
        (change_of(embedding=[1.0, 1e300] * 4), "holds NaN or infinity"),
        (change_of(embedding=[10**400] * 8), "a vector that cannot be read"),
        (change_of(embedding=[1.0, None]), "neither numbers nor base64"),
        (change_of(embedding=[1.0, "2"]), "neither numbers nor base64"),
        (change_of(embedding=[1.0]), "vectors of 1 and of 8 dimensions at once"),
        (change_of(embedding=[]), "without a number"),
        (change_of(embedding="a!"), "a vector that cannot be read"),
        (change_of(embedding="YWI="), "a vector that cannot be read"),
        (change_of(embedding={}), "neither numbers nor base64"),
        (lambda answer, body: answer.pop("data") and None, "has no list 'data' of embeddings"),
        (lambda answer, body: answer.update(data=[1] * 5), "has no list 'data' of embeddings"),
        (lambda answer, body: [1], "has no list 'data' of embeddings"),
        (lambda answer, body: "<html>a page", "something else than JSON: '<html>a page'"),
    ],
)
def test_an_answer_that_is_wrong_is_one_line(change, said, server):
    """An answer that is not one vector a text is refused at once, and not asked for again."""
    server.change = change
    assert said in fails(server)
    assert len(server.asked) == 1


def test_dimensions_that_change_are_refused(server):
    """Vectors of another length than those before are no vectors of one model."""
    encoder, _ = encoder_of(server)
    encoder.encode(WORDS)
    server.change = lambda answer, body: {**answer, "data": [{**one, "embedding": [1.0]} for one in answer["data"]]}
    with pytest.raises(EncoderError, match="of 1 dimensions, and 8 were returned before"):
        encoder.encode(WORDS)


def test_zeros_are_refused_by_the_session(server):
    """A vector of zeros has no direction."""
    server.change = lambda answer, body: {**answer, "data": [{**o, "embedding": [0.0] * 8} for o in answer["data"]]}
    with pytest.raises(EncoderError, match="is all zeros"):
        EncodingSession(encoder_of(server)[0]).encode(WORDS)


# ---- failures that may pass


@pytest.mark.parametrize(
    "failure",
    [*(status(code) for code in (408, 429, 500, 502, 503, 504, 529)), hang_up, half_an_answer],
)
def test_what_may_pass_is_tried_again(failure, server):
    """After such failures the same request is made again, and its answer counts."""
    server.failures = [failure, failure]
    encoder, pauses = encoder_of(server)
    assert np.array_equal(encoder.encode(WORDS), expected())
    assert server.asked[0] == server.asked[1] == server.asked[2]
    assert (len(server.asked), len(pauses), encoder.requests.made) == (3, 2, 3)


def test_pauses_double_and_are_drawn(server):
    """Each pause is from half to the whole of twice the one before, up to a minute."""
    server.failures = [status(503)] * 10
    encoder, pauses = encoder_of(server, "&retries=10")
    encoder.encode(WORDS)
    bounds = [min(0.5 * 2**number, LONGEST_PAUSE) for number in range(10)]
    assert all(bound / 2 <= pause <= bound for pause, bound in zip(pauses, bounds, strict=True))
    assert len({pause / bound for pause, bound in zip(pauses, bounds, strict=True)}) == 10


def test_a_service_says_how_long_to_wait(server):
    """Retry-After counts, in seconds and as a date; too long a pause is an error, and a wrong one counts nothing."""
    date = email.utils.formatdate(time.time() + 90, usegmt=True)
    server.failures = [status(429, Retry_After=value) for value in ("7", date, "soon")]
    encoder, pauses = encoder_of(server)
    encoder.encode(WORDS)
    assert pauses[0] == 7
    assert 60 < pauses[1] <= 90
    assert pauses[2] <= 2
    server.failures = [status(429, Retry_After="7200")]
    assert "it asks to be left alone for 7,200 seconds" in fails(server)


def test_what_does_not_pass_is_told_with_what_the_service_says(server):
    """After the last attempt, the line has the status, the service's own words and how often it was tried."""
    server.failures = [status(500, {"error": {"message": "no\nmemory"}})] * 3
    line = fails(server, options="&retries=2")
    assert line == f"{server.address}/v1/embeddings fails (3 times): status 500: no memory"
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (status(400, {"error": {"message": "too many tokens"}}), "fails: status 400: too many tokens"),
        (status(404, {"error": "no model m"}), "fails: status 404: no model m"),
        (status(413, "<html>\ntoo large"), "fails: status 413: <html> too large"),
        (status(422, ["x"]), "fails: status 422: ['x']"),
        (status(501), "fails: status 501"),
        (status(401), "status 401: a key is asked for: set XLBENCH_HTTP_KEY, or name another variable with key="),
    ],
)
def test_what_cannot_pass_is_not_tried_again(failure, said, server):
    """A request that is refused is refused once."""
    server.failures = [failure]
    assert said in fails(server)
    assert len(server.asked) == 1


def test_a_service_that_is_not_there_is_not_at_hand(server):
    """Where nobody listens, or nobody answers in time, cells are skipped as where a hub cannot be reached."""
    with serving() as gone:
        pass
    assert "cannot be reached (3 times): ConnectionRefusedError" in fails(gone, DataMissing, "&retries=2")
    server.failures = [lambda handler: time.sleep(0.5)] * 2
    assert "cannot be reached (2 times): TimeoutError" in fails(server, DataMissing, "&retries=1&timeout=0.1")


def test_the_rate_is_kept(server):
    """Requests begin no sooner than the rate allows, whatever time they take themselves."""
    encoder, _ = encoder_of(server, "&rate=30&batch_size=1")
    now, begun = [100.0], []
    encoder.requests.sleep = lambda seconds: now.__setitem__(0, now[0] + seconds)
    encoder.requests.clock = lambda: begun.append(now[0]) or now[0]
    encoder.encode(WORDS[:3])
    now[0] += 10
    encoder.encode(WORDS[:1])
    assert now[0] == 114
    assert begun == [100, 100, 102, 114]


def test_offline_asks_nothing(server, monkeypatch):
    """Offline, not even this machine is asked."""
    monkeypatch.setenv("XLBENCH_OFFLINE", "1")
    assert "offline forbids it" in fails(server, DataMissing)
    assert server.asked == []


# ---- the key


def test_the_key_is_sent_and_nowhere_else(server, monkeypatch, caplog, capsys):
    """The key goes into a header of every request, and into no representation, pickle, detail, error or log."""
    monkeypatch.setenv("MY_KEY", f"{SECRET}\n")
    caplog.set_level(logging.DEBUG)
    model = model_of(f"{server.address}?model=m&key=MY_KEY&retries=1")
    encoder = model.load()
    encoder.requests.sleep = lambda seconds: None
    encoder.encode(WORDS)
    assert server.headers[0]["Authorization"] == f"Bearer {SECRET}"
    server.failures = [status(500, {"error": {"message": f"bad {SECRET}"}})] * 2
    with pytest.raises(EncoderError, match=r"status 500: bad \*\*\*$") as caught:
        encoder.encode(WORDS)
    server.failures = [status(401, {"error": {"message": f"Incorrect key {SECRET[:8]}***"}})]
    with pytest.raises(EncoderError, match=r"status 401: the key in MY_KEY is refused$") as refused:
        encoder.encode(WORDS)
    server.change = lambda answer, body: {**answer, "model": f"m of {SECRET}"}
    encoder.encode(WORDS)
    assert encoder.details["answered_as"] == "m of ***"
    said = []
    for embedding in (f"Bearer {SECRET}", [SECRET, 1.0], {"key": SECRET}):
        server.change = change_of(embedding=embedding)
        said.append(fails(server, options="&key=MY_KEY"))
    server.change = lambda answer, body: "-" * 50 + SECRET
    said.append(fails(server, options="&key=MY_KEY"))
    shown = [*said, repr(model), repr(encoder.requests), str(dict(model.details)), str(dict(encoder.details)),
             repr(caught.value), repr(refused.value), caplog.text, *capsys.readouterr(),
             pickle.dumps(model).decode("latin-1"), str(model.spec)]  # fmt: skip
    assert not [text for text in shown if SECRET[:8] in text]


def test_which_variable_holds_the_key(server, monkeypatch):
    """XLBENCH_HTTP_KEY is for any service, OPENAI_API_KEY for OpenAI's own alone, and key= names another."""
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    encoder_of(server)[0].encode(WORDS)
    assert "Authorization" not in server.headers[-1]
    for host, given in (("https://api.openai.com", True), ("http://api.openai.com", False),
                        ("https://notopenai.com", False), ("https://openai.com.example.org", False)):  # fmt: skip
        assert parse_spec(f"{host}?model=m")[0].key() == (("OPENAI_API_KEY", SECRET) if given else ("", ""))
    monkeypatch.setenv("XLBENCH_HTTP_KEY", "other")
    assert parse_spec("https://api.openai.com?model=m")[0].key() == ("XLBENCH_HTTP_KEY", "other")
    encoder_of(server, "&key=OPENAI_API_KEY")[0].encode(WORDS)
    assert server.headers[-1]["Authorization"] == f"Bearer {SECRET}"
    assert "the environment has no NOT_SET, which key= names" in fails(server, UsageError, "&key=NOT_SET")
    monkeypatch.setenv("XLBENCH_HTTP_KEY", f"a\n{SECRET}")
    line = fails(server, UsageError)
    assert "the key in XLBENCH_HTTP_KEY holds a line break" in line
    assert SECRET not in line


@pytest.mark.parametrize(
    "spec",
    [
        f"http://user:{SECRET}@h/v1?model=m", f"http://{SECRET}@h?model=m", f"http://h?model=m&key={SECRET}",
        f"http://h?model=m&api_key={SECRET}", f"http://h?key={SECRET}", f"http://u:{SECRET}@h:x?model=m",
    ],
)  # fmt: skip
def test_a_key_in_a_spec_is_refused_without_being_shown(spec):
    """A spec stands in results and on boards: whatever looks like a key there is an error, which does not repeat it."""
    with pytest.raises(UsageError) as caught:
        model_of(spec)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_nothing_is_sent_to_another_host(code, server, monkeypatch):
    """A redirection to another host (or port) is an error that names it; neither key nor text goes there."""
    monkeypatch.setenv("XLBENCH_HTTP_KEY", SECRET)
    with serving("localhost") as other:
        server.failures = [status(code, Location=f"{other.address}/v1/embeddings")]
        line = fails(server)
    assert "it redirects to http://localhost, where neither key nor texts are sent" in line
    assert other.asked == []
    assert SECRET not in line


def test_a_redirection_on_the_same_host_is_followed(server):
    """The same texts are sent to the other path; one that never ends is an error."""
    server.failures = [status(307, Location="/elsewhere"), status(302, Location=f"{server.address}/there")]
    assert np.array_equal(encoder_of(server)[0].encode(WORDS), expected())
    assert server.paths == ["/v1/embeddings", "/elsewhere", "/there"]
    assert [body["input"] for body in server.asked] == [WORDS] * 3
    server.failures = [status(308, Location="/again")] * 9
    assert "it redirects again and again" in fails(server)


# ---- identity and costs


def identity(server: Embeddings, options: str = "") -> str:
    return model_of(f"{server.address}?model=m{options}").identity()


def test_identity_is_what_the_service_computes(server):
    """Another model behind the same name is another model; the one before is known again when it comes back."""
    first = identity(server)
    assert identity(server) == first
    server.seed = 1
    second = identity(server)
    assert second != first
    server.seed = 0
    assert identity(server) == first
    assert set(server.texts) == {*TEXTS}


@pytest.mark.parametrize(("dtype", "noise"), [("float32", 3e-4), ("float16", 4e-3), ("bfloat16", 2e-2)])
def test_noise_is_no_other_model(dtype, noise, server):
    """Vectors that move from call to call as those of half precision do are one model; those that move more are not."""
    server.noise = noise
    assert len({identity(server, f"&dtype={dtype}") for _ in range(8)}) == 1
    server.noise = 10 * noise
    assert len({identity(server, f"&dtype={dtype}") for _ in range(2)}) == 2


def test_noise_is_no_other_model_where_nothing_can_be_kept(server, monkeypatch, tmp_path):
    """Without a cache folder that can be written, a process remembers what it was answered first."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XLBENCH_CACHE", str(tmp_path / "file" / "cache"))
    server.noise = 1e-3
    model = model_of(f"{server.address}?model=m")
    assert len({model.identity() for _ in range(4)}) == 1


def test_settings_are_part_of_the_identity(server):
    """Model, dimensions, prompts and where a text is cut make models; how the service is asked does not."""
    made = ["", "&dimensions=4", "&prompt=x", "&prompt_query=x", "&prompt_document=x", "&max_chars=9", "&normalize",
            "&similarity=dot"]  # fmt: skip
    same = ["&batch_size=1", "&name=n", "&timeout=9", "&retries=1", "&rate=99999", "&encoding=base64", "&trained_on=a"]
    assert len({identity(server, options) for options in made}) == len(made)
    assert {identity(server, options) for options in same} == {identity(server)}
    assert model_of(f"{server.address}?model=other").identity() != identity(server)
    normal, plain = (model_of(f"{server.address}?model=m{end}") for end in ("&normalize", ""))
    assert normal.vectors_identity() == plain.vectors_identity()
    assert np.allclose(np.linalg.norm(normal.transform().fit(np.empty((0, 8)))(expected()), axis=1), 1)


def test_offline_the_last_answer_counts(server, monkeypatch):
    """A model that was asked before is known offline, for what is cached; one that never was is not at hand."""
    known = identity(server)
    monkeypatch.setenv("XLBENCH_OFFLINE", "1")
    assert identity(server) == known
    with pytest.raises(DataMissing, match="offline forbids it"):
        identity(server, "&dimensions=4")


def test_tokens_are_counted(server):
    """The service's own count is summed up, whichever of its two numbers there is; without any it is not known."""
    encoder, _ = encoder_of(server, "&batch_size=2")
    encoder.encode(WORDS)
    letters = sum(map(len, WORDS))
    assert encoder.tokens == letters
    server.change = lambda answer, body: answer["usage"].pop("total_tokens") and None
    encoder.encode(WORDS)
    assert encoder.tokens == 2 * letters
    for usage in ({}, None, {"total_tokens": -1}, {"total_tokens": True}):
        server.change = lambda answer, body, usage=usage: answer.update(usage=usage)
        encoder, _ = encoder_of(server)
        encoder.encode(WORDS)
        assert encoder.tokens is None


def test_a_service_that_calls_the_model_otherwise_is_told(server):
    """The name that the service answers with stands beside the one that was asked for."""
    server.change = lambda answer, body: answer.update(model="m-2")
    encoder, _ = encoder_of(server)
    encoder.encode(WORDS)
    assert encoder.details == {"dtype": "float16", "answered_as": "m-2"}


@pytest.mark.slow
def test_the_model_conforms(server):
    """It passes the conformance kit, loads nothing heavy beforehand, and can be sent to a worker."""
    check_model(dataclasses.replace(model_of(f"{server.address}?model=m"), name="m"))


@pytest.mark.slow
def test_a_run_counts_what_it_costs(server, tmp_path, monkeypatch):
    """Cells have the tokens of their texts, the board's costs their sum, and other models have neither; a second run
    takes all vectors from the cache."""
    import xlbench
    from xlbench.reports.boards import data_sections, spreadsheet

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XLBENCH_HTTP_KEY", SECRET)
    models = [f"{server.address}?model=m&name=served", "random"]
    results = xlbench.run(models, "mini-words-relatedness", languages="isl", results="r")
    served, other = sorted(results, key=lambda run: run.model == "random")
    counts = [cell.provenance["tokens"] for cell in served.cells]
    asked = [body["input"] for body in server.asked if body["input"] != [*TEXTS]]
    assert sum(counts) == sum(len(text) for batch in asked for text in batch) > 0
    assert not any("tokens" in cell.provenance for cell in other.cells)
    assert served.details["service"] == f"{server.address}/v1/embeddings"
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [content for content in files if SECRET.encode() in content]
    server.asked.clear()
    (again,) = xlbench.run(models[0], "mini-words-relatedness", languages="isl", results="other")
    assert {*server.texts} == {*TEXTS}
    assert [cell.scores for cell in again.cells] == [cell.scores for cell in served.cells]
    (board,) = results.boards
    rows = csv.DictReader(spreadsheet.render(board)[".costs.csv"].splitlines())
    assert {row["model"]: row["tokens"] for row in rows} == {"served": str(sum(counts)), "random": ""}
    assert re.search(rf" {sum(counts):,} \|$", data_sections.costs(board), re.MULTILINE)
    (board,) = results.select(models="random").boards
    assert "tokens" not in spreadsheet.render(board)[".costs.csv"]
    assert "Tokens" not in data_sections.costs(board)
