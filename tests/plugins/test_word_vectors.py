"""Vectors of words: alignment by hand, windows over long sentences, words without pieces, tokenizers of all kinds."""

from __future__ import annotations

from itertools import pairwise

import checkpoints
import numpy as np
import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors

import xlbench
from xlbench.core.specs import parse
from xlbench_transformers import encoders
from xlbench_transformers.encoders import tokens, words
from xlbench_transformers.options import OPTIONS

pytestmark = pytest.mark.slow

BUILDERS = {"bert": checkpoints.bert, "xlm_roberta": checkpoints.xlm_roberta}
SENTENCES = [
    *(text.split()[:6] for text in checkpoints.sentences()[::80]),
    checkpoints.sentences("eng")[1].split()[:12],
    ["中", "国", "人"],
    ["ไม่", "รู้"],
    ["one"],
    ["a", "b"],
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("checkpoints")
    return {name: build(home / name) for name, build in BUILDERS.items()}


def load(folder, options=""):
    return encoders.load("hf", folder, parse(f"hf:./folder?{options}", OPTIONS["hf"], "hf"))


class ByHand:
    """Words of one sentence straight from transformers: pieces of each, and hidden states of stretches of pieces."""

    def __init__(self, folder, layers=(-1,)):
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.model = transformers.AutoModel.from_pretrained(folder).eval()
        self.layers = layers
        self.first, self.end = self.tokenizer("a")["input_ids"][0], self.tokenizer("a")["input_ids"][-1]

    def pieces(self, sentence):
        """A list of piece ids for each word."""
        found = self.tokenizer(sentence, is_split_into_words=True, add_special_tokens=False)
        of = [[] for _ in sentence]
        for piece, word in zip(found["input_ids"], found.word_ids(), strict=True):
            of[word].append(piece)
        return of

    def states(self, ids):
        """Vectors of pieces (len(ids), d) between the special tokens."""
        with torch.no_grad():
            output = self.model(input_ids=torch.tensor([[self.first, *ids, self.end]]), output_hidden_states=True)
        return np.mean([output.hidden_states[layer][0, 1:-1].numpy() for layer in self.layers], axis=0)

    def words(self, sentence, how):
        """One vector a word, of a sentence that fits."""
        of = self.pieces(sentence)
        vectors = self.states([piece for word in of for piece in word])
        starts = np.cumsum([0, *map(len, of)])
        stretches = [vectors[a:b] for a, b in pairwise(starts)]
        return np.array([part[0] if how == "first" else part.mean(axis=0) for part in stretches])

    def windowed(self, sentence, how, room):
        """The same through windows of ``room`` pieces, window by window and word by word."""
        of = self.pieces(sentence)
        ids = [piece for word in of for piece in word]
        begins = [*range(0, len(ids) - room, room - room // 4), len(ids) - room]
        windows = {begin: self.states(ids[begin : begin + room]) for begin in begins}

        def margin(begin, first, last):
            if not begin <= first <= last < begin + room:
                return -1
            before = np.inf if begin == 0 else first - begin
            after = np.inf if begin + room == len(ids) else begin + room - 1 - last
            return min(before, after)

        vectors, place = [], 0
        for word in of:
            span = range(place, place + (1 if how == "first" else len(word)))
            best = max(begins, key=lambda begin: margin(begin, span[0], span[-1]))
            if margin(best, span[0], span[-1]) >= 0:
                own = [windows[best][piece - best] for piece in span]
            else:
                homes = [max(begins, key=lambda begin: margin(begin, piece, piece)) for piece in span]
                own = [windows[home][piece - home] for home, piece in zip(homes, span, strict=True)]
            vectors.append(np.mean(own, axis=0))
            place += len(word)
        return np.array(vectors)


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("how", ["first", "mean"])
@pytest.mark.parametrize("layers", ["-1", "0,-1", "1"])
def test_words_by_hand(folders, name, how, layers):
    """A word's vector is that of its first piece, or the mean of its pieces, in the layers that are asked for."""
    hand = ByHand(folders[name], tuple(map(int, layers.split(","))))
    found = load(folders[name], f"words={how}&layer={layers}").encode_words(SENTENCES)
    for sentence, vectors in zip(SENTENCES, found, strict=True):
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(vectors, hand.words(sentence, how), atol=1e-5)


def test_some_words_have_several_pieces(folders):
    """The sentences of these tests can tell the first piece from the mean."""
    hand = ByHand(folders["bert"])
    assert max(len(word) for sentence in SENTENCES for word in hand.pieces(sentence)) > 3


def test_pooling_and_prompts_make_no_difference(folders):
    """Words are read without a prompt, and however texts are pooled."""
    plain = load(folders["bert"]).encode_words(SENTENCES[:3])
    other = load(folders["bert"], "pooling=max&prompt=about: ").encode_words(SENTENCES[:3])
    for one, two in zip(plain, other, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("options", ["", "window=9&words=mean"])
def test_batches_make_no_difference(folders, name, options):
    """A sentence's words have one vector each: alone, in batches of any size, in any order."""
    given = [*SENTENCES, ["\x00", "a"], [word for sentence in SENTENCES for word in sentence]]
    found = load(folders[name], options).encode_words(given)
    for size in (1, 4):
        other = load(folders[name], f"{options}&batch_size={size}")
        for one, two in zip(other.encode_words(given[::-1])[::-1], found, strict=True):
            np.testing.assert_allclose(one, two, atol=1e-5)
    alone = load(folders[name], options)
    for sentence, vectors in zip(given, found, strict=True):
        np.testing.assert_allclose(alone.encode_words([tuple(sentence)])[0], vectors, atol=1e-5)


# ---- windows


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("how", ["first", "mean"])
@pytest.mark.parametrize("window", [3, 7, 18, 40])
def test_windows_by_hand(folders, name, how, window):
    """Through windows, each word is read where it has most context on its nearer side: as window by window, by hand."""
    hand = ByHand(folders[name])
    long = [max(SENTENCES, key=len), [*SENTENCES[0], "incomprehensibilities" * 2, *SENTENCES[5]]]
    found = load(folders[name], f"words={how}&window={window}").encode_words([*long, ["a"]])
    for sentence, vectors in zip(long, found, strict=False):
        fits = sum(map(len, hand.pieces(sentence))) <= window - 2
        expected = hand.words(sentence, how) if fits else hand.windowed(sentence, how, window - 2)
        np.testing.assert_allclose(vectors, expected, atol=1e-5)
    np.testing.assert_allclose(found[-1], hand.words(["a"], how), atol=1e-5)


def test_a_sentence_that_fits_knows_no_window(folders):
    """A sentence of exactly a window's pieces has the vectors that it has without a window; one more piece, and not."""
    sentence = ["a"] * 10
    plain = load(folders["bert"]).encode_words([sentence, [*sentence, "a"]])
    fitting = load(folders["bert"], "window=12").encode_words([sentence, [*sentence, "a"]])
    np.testing.assert_allclose(fitting[0], plain[0], atol=1e-5)
    assert np.abs(fitting[1] - plain[1]).max() > 1e-3


def test_a_document_beyond_the_limit_has_all_its_words(folders):
    """Without a window, sentences longer than the model's 64 tokens go through in windows of that length."""
    sentence = [word for other in SENTENCES for word in other]
    found = load(folders["bert"]).encode_words([sentence])[0]
    assert len(found) == len(sentence)
    np.testing.assert_allclose(found, ByHand(folders["bert"]).windowed(sentence, "first", 62), atol=1e-5)


def test_where_windows_begin_and_which_is_taken():
    """Windows overlap by a quarter, the last ends with the sentence, and the middle of an overlap parts two of them."""
    starts = words._cuts(20, 8)
    assert starts.tolist() == [0, 6, 12]
    pieces = np.arange(20)
    chosen = words._best(starts, 20, 8, pieces, pieces, pieces)
    assert chosen.tolist() == [0] * 7 + [1] * 6 + [2] * 7
    assert words._cuts(9, 8).tolist() == [0, 1]
    assert words._cuts(5, 1).tolist() == [0, 1, 2, 3, 4]


def test_windows_that_cannot_be(folders):
    """A window above the length limit, or without room beside the special tokens, is refused in one line."""
    with pytest.raises(xlbench.UsageError, match="window=65: the model reads 64 tokens at the most"):
        load(folders["bert"], "window=65")
    with pytest.raises(xlbench.UsageError, match=r"window=2: the special tokens \(2\) leave no room for a word"):
        load(folders["bert"], "window=2")


# ---- words and tokenizers


def test_a_word_without_pieces(folders):
    """A word of control characters gets the mean of its sentence's other words, or zeros alone, and is counted."""
    encoder = load(folders["bert"])
    whole, alone = encoder.encode_words([["sun", "\x00", "moon", ""], ["\x01"]])
    np.testing.assert_allclose(whole[[0, 2]], encoder.encode_words([["sun", "moon"]])[0], atol=1e-5)
    np.testing.assert_allclose(whole[[1, 3]], [whole[[0, 2]].mean(axis=0)] * 2, atol=1e-6)
    assert alone.shape == (1, 32)
    assert not alone.any()
    assert encoder.words_without_pieces == 3


def test_nothing_but_words_without_pieces(folders):
    """A call in which no word has a piece still gives a vector of zeros for each."""
    found = load(folders["bert"]).encode_words([["\x00"], ["\x01", "\x02"]])
    assert [vectors.tolist() for vectors in found] == [[[0.0] * 32], [[0.0] * 32] * 2]


def test_a_word_holds_half_a_pair(folders):
    """Half a surrogate pair in a word is read as the replacement character."""
    one, two = load(folders["bert"]).encode_words([["a", "x\ud83d"], ["a", "x\ufffd"]])
    np.testing.assert_allclose(one, two, atol=1e-5)


def byte_level(folder):
    """A model with GPT-2's kind of tokenizer: bytes, and spaces that are part of the piece that follows them."""
    merged = [("Ġ", "w"), ("o", "r"), ("Ġ", "a"), ("Ġw", "or")]
    pieces = ["<s>", "</s>", *sorted(pre_tokenizers.ByteLevel.alphabet()), *(a + b for a, b in merged)]
    tokenizer = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, merged))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    torch.manual_seed(0)
    config = transformers.RobertaConfig(
        vocab_size=len(pieces), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=66, pad_token_id=1, initializer_range=0.5,
    )  # fmt: skip
    transformers.RobertaModel(config).save_pretrained(folder)
    special = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "</s>"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    return folder


def test_words_are_spelled_as_in_running_text(tmp_path):
    """A tokenizer that marks spaces gets them between words: its pieces are those of the text with spaces."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(byte_level(tmp_path))
    sentence = ["word", "a", "worry", "中国"]
    pieces = tokens.subwords_of(tokenizer, [sentence, [], ["a", "a"]])
    running = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in (" ".join(sentence), "", "a a")]
    assert pieces.ids.tolist() == [piece for text in running for piece in text]
    assert pieces.lengths.tolist() == [len(text) for text in running]
    assert np.bincount(pieces.words).tolist() == [3, 1, 3, 7, 1, 1]
    encoder, text = load(tmp_path, "words=mean"), load(tmp_path, "pooling=cls")
    assert encoder.encode_words([sentence])[0].shape == (4, 16)
    assert text.encode(["word a"]).shape == (1, 16)


@pytest.mark.parametrize("name", BUILDERS)
def test_words_need_no_space_elsewhere(folders, name):
    """WordPiece, and SentencePiece that marks every word's beginning, get the words as they are."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folders[name])
    sentence = ["sun", "and", "moon"]
    pieces = tokens.subwords_of(tokenizer, [sentence])
    assert pieces.ids.tolist() == tokenizer(" ".join(sentence), add_special_tokens=False)["input_ids"]


def test_a_slow_tokenizer(tmp_path):
    """A tokenizer that does not say which word a piece is of gets the words one by one (ByT5: bytes, then </s>)."""
    torch.manual_seed(0)
    config = transformers.T5Config(d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, vocab_size=384)
    model = transformers.T5EncoderModel(config).eval()
    model.save_pretrained(tmp_path)
    transformers.ByT5Tokenizer().save_pretrained(tmp_path)
    sentences = [["ab", "c", "ab"], [""], ["né"]]
    found = load(tmp_path, "words=mean").encode_words(sentences)
    with torch.no_grad():
        ids = torch.tensor([[byte + 3 for byte in b"abcab"] + [1]])
        states = model(input_ids=ids).last_hidden_state[0].numpy()
    expected = [states[0:2].mean(axis=0), states[2], states[3:5].mean(axis=0)]
    np.testing.assert_allclose(found[0], expected, atol=1e-5)
    assert [len(vectors) for vectors in found] == [3, 1, 1]
    assert not found[1].any()


def test_special_tokens_around_words(folders):
    """The special tokens around words, and their segments, are those that the tokenizer puts around a text."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folders["bert"])
    frame = tokens.special_tokens_of(tokenizer)
    assert (frame.before.tolist(), frame.after.tolist(), frame.types) == ([2], [3], (0, 0, 0))


def test_words_where_memory_ends(folders):
    """Words, too, are read in smaller batches where memory ends."""
    expected = load(folders["bert"]).encode_words(SENTENCES)
    encoder = load(folders["bert"])
    model, sizes = encoder._backbone.model, []
    forward = model.forward

    def limited(input_ids, **inputs):
        sizes.append(len(input_ids))
        if len(input_ids) > 3:
            raise torch.OutOfMemoryError("out of memory")
        return forward(input_ids=input_ids, **inputs)

    model.forward = limited
    for one, two in zip(encoder.encode_words(SENTENCES), expected, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)
    assert max(sizes) > 3
    assert sizes[-1] <= 3
