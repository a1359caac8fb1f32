"""Masks, blocks and tokenizers of the recipe `mlm`, each checked by hand."""

from __future__ import annotations

import math
import shutil

import checkpoints
import numpy as np
import pytest

pytestmark = pytest.mark.slow

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "घर", "##मा", "##को", "राम", "पानी", "।"]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    """A WordPiece tokenizer of six pieces that a hand can follow."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    from xlbench_train.mlm.tokenizers import SPECIAL

    inner = Tokenizer(models.WordPiece({piece: number for number, piece in enumerate(PIECES)}, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return PreTrainedTokenizerFast(tokenizer_object=inner, **SPECIAL)


def blocks(tokenizer, texts, length=8):
    from xlbench_train.mlm.blocks import Blocks, tokenized

    return Blocks(tokenized(texts, tokenizer, 3), length, (2, 3, 0))


# ---- blocks


def test_texts_follow_each_other_in_blocks_of_one_length(tokenizer):
    """Between texts stands [SEP], a long text goes on in the next block, and only the last block has padding."""
    found = blocks(tokenizer, ["घरमा पानी", "राम घरको पानी", "पानी"])
    assert [found[number]["input_ids"] for number in range(len(found))] == [
        [2, 5, 6, 9, 3, 8, 5, 3],
        [2, 7, 9, 3, 9, 3, 0, 0],
    ]
    assert found[0]["special_tokens_mask"] == [1, 0, 0, 0, 1, 0, 0, 1]
    assert found[1]["special_tokens_mask"] == [1, 0, 0, 1, 0, 1, 1, 1]
    assert found[1]["attention_mask"] == [1] * 6 + [0] * 2
    assert found.counts(11).tolist() == [0, 0, 0, 0, 0, 2, 1, 1, 1, 3, 0]


def test_pieces_of_a_word_have_its_number_and_others_have_not(tokenizer):
    """Punctuation that touches a word is no part of it."""
    places = [start for start, _ in blocks(tokenizer, ["घरमा। घरको"])[0]["offset_mapping"]]
    assert places[1] == places[2]
    assert len({places[1], places[3], places[4]}) == 3
    assert places[4] == places[5]


# ---- masks


def batch(tokenizer, mask, texts, seed=0, epoch=0, weight=None):
    from xlbench_train.mlm.masking import Masking

    found = blocks(tokenizer, texts)
    found.set_epoch(epoch)
    return Masking(tokenizer, mask, seed, weight)([found[number] for number in range(len(found))])


def test_a_word_is_masked_whole_or_not_at_all(tokenizer):
    """Over many draws: both pieces of a word, or neither, never a special token, and 15% of the words."""
    texts = ["घरमा घरको राम"] * 400
    found = batch(tokenizer, "whole-word", texts)
    labels, ids = found["labels"].numpy(), found["input_ids"].numpy()
    asked = labels != -100
    assert (ids[asked] == 4).all(), "a masked piece is [MASK]"
    rows = blocks(tokenizer, texts)
    words = masked = 0
    for row in range(len(rows)):
        block = rows[row]
        places = np.array([start for start, _ in block["offset_mapping"]])
        free = np.array(block["special_tokens_mask"]) == 0
        assert not asked[row][~free].any()
        for place in np.unique(places[free]):
            own = asked[row][free & (places == place)]
            assert own.all() or not own.any()
            words += 1
            masked += bool(own.all())
    assert masked / words == pytest.approx(0.15, abs=0.03)


def test_labels_are_what_was_there(tokenizer):
    """Where nothing is asked the token stands as it did; where it is, the label is the token."""
    texts = ["घरमा घरको राम पानी"] * 50
    for mask in ("whole-word", "token"):
        found = batch(tokenizer, mask, texts)
        labels, ids = found["labels"].numpy(), found["input_ids"].numpy()
        rows = blocks(tokenizer, texts)
        original = np.array([rows[number]["input_ids"] for number in range(len(rows))])
        asked = labels != -100
        assert asked.any()
        assert (labels[asked] == original[asked]).all()
        assert (ids[~asked] == original[~asked]).all()


def test_weights_follow_frequencies():
    """count ^ -1/2, and what is rarer than 10 counts as 10: a token that is nine times as frequent has a third."""
    from xlbench_train.mlm.masking import weights

    found = weights(np.array([0, 10, 40, 90, 3]))
    assert found == pytest.approx([10**-0.5, 10**-0.5, 40**-0.5, 90**-0.5, 10**-0.5])
    assert found[1] / found[3] == pytest.approx(3.0)


def test_probabilities_by_weight_are_those_of_a_hand():
    """Three free tokens of weights 1, 1 and 2, a sixth of them to be masked: 1/8, 1/8 and 1/4; none is over 1."""
    import torch

    from xlbench_train.mlm.masking import weighted_probabilities

    weight = torch.tensor([[5.0, 1.0, 1.0, 2.0]])
    free = torch.tensor([[False, True, True, True]])
    found = weighted_probabilities(weight, free, 1 / 6)
    assert found.tolist()[0] == pytest.approx([0.0, 0.125, 0.125, 0.25])
    assert weighted_probabilities(weight, free, 0.9).tolist()[0] == pytest.approx([0.0, 0.675, 0.675, 1.0])
    assert not weighted_probabilities(weight, torch.zeros(1, 4, dtype=torch.bool), 0.15).any()


def test_rare_tokens_are_masked_more_often(tokenizer):
    """With a weight of four times another's, four times as often, and as many tokens in all as by any mask."""
    weight = np.ones(len(PIECES))
    weight[8] = 4.0
    texts = ["राम पानी पानी पानी पानी पानी"] * 3000
    labels = batch(tokenizer, "weighted", texts, weight=weight)["labels"].numpy()
    rare, often = (labels == 8).sum() / 3000, (labels == 9).sum() / 15000
    assert rare / often == pytest.approx(4.0, rel=0.2)
    assert ((labels == 8).sum() + (labels == 9).sum()) / 18000 == pytest.approx(0.15, abs=0.01)


def test_masks_follow_from_seed_epoch_and_blocks_alone(tokenizer):
    """Drawn again they are the same, whatever was drawn between; another epoch or seed has others."""
    import torch

    texts = ["घरमा घरको राम पानी"] * 30
    first = batch(tokenizer, "token", texts)["labels"]
    torch.rand(7)
    assert torch.equal(batch(tokenizer, "token", texts)["labels"], first)
    assert not torch.equal(batch(tokenizer, "token", texts, epoch=1)["labels"], first)
    assert not torch.equal(batch(tokenizer, "token", texts, seed=1)["labels"], first)


# ---- tokenizers


@pytest.mark.parametrize("kind", ["wordpiece", "unigram"])
def test_a_new_tokenizer_loses_no_mark_and_no_letter(kind):
    """Nepali comes back as it was, vowel signs and all; the same texts give the same pieces again."""
    from xlbench_train.mlm.tokenizers import new_tokenizer

    texts = list(checkpoints.sentences("nep"))
    tokenizer = new_tokenizer(texts, kind, 800, 64)
    again = new_tokenizer(texts, kind, 800, 64)
    if kind == "wordpiece":  # of the other the library's sums depend on the order of words, which is chance
        assert tokenizer.get_vocab() == again.get_vocab()
    assert tokenizer.get_vocab().keys() == again.get_vocab().keys()
    assert 700 < len(tokenizer) <= 800
    for text in texts[:20]:
        ids = tokenizer(text)["input_ids"]
        assert (ids[0], ids[-1]) == (tokenizer.cls_token_id, tokenizer.sep_token_id)
        assert tokenizer.unk_token_id not in ids
        plain = tokenizer.decode(ids, skip_special_tokens=True)
        assert plain.replace(" ", "") == text.replace(" ", "")


def test_a_new_tokenizer_normalizes_as_its_corpus_was(tokenizer):
    """What was one spelling in the corpus is one in texts that are scored."""
    from xlbench_train.mlm.tokenizers import new_tokenizer

    texts = [text.replace("ी", "ि") for text in checkpoints.sentences("nep")]
    made = new_tokenizer(texts, "wordpiece", 800, 64, [("ी", "ि")])
    assert made("पानी")["input_ids"] == made("पानि")["input_ids"]
    assert made.unk_token_id not in made("पानी")["input_ids"]


def test_words_are_added_by_the_pieces_that_they_save(tokenizer):
    """Count * (pieces - 1); a word that is a piece already, or occurs under three times, is left out."""
    from xlbench_train.mlm.tokenizers import words_to_add

    texts = ["घरमा"] * 5 + ["घरको"] * 4 + ["घरमाको"] * 3 + ["राम"] * 9 + ["पानीमा"] * 2
    assert words_to_add(texts, tokenizer, 9) == ["घरमाको", "घरमा", "घरको"]
    assert words_to_add(texts, tokenizer, 1) == ["घरमाको"]


@pytest.mark.parametrize("kind", ["bert", "xlm_roberta"])
def test_an_extended_vocabulary_keeps_every_old_vector(kind, tmp_path):
    """Bit by bit, also of an output layer; a new word has the mean of its pieces, is one token where it stands alone,
    and is taken apart as before within a longer word."""
    import torch
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    from xlbench_train.mlm.tokenizers import add_rows, add_words, words_to_add

    folder = getattr(checkpoints, kind)(tmp_path / "base")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForMaskedLM.from_pretrained(folder)
    texts = ["काठमाडौंबाट फर्केका विद्यार्थीहरू"] * 3
    words = words_to_add(texts, tokenizer, 2)
    old = tokenizer([*words], add_special_tokens=False)["input_ids"]
    longer = tokenizer(f"{words[0]}हरू", add_special_tokens=False)["input_ids"]
    before = model.get_input_embeddings().weight.detach().clone()
    bias = model.get_output_embeddings().bias.detach().clone()
    added = add_words(tokenizer, words)
    add_rows(model, added)
    after, after_bias = model.get_input_embeddings().weight.detach(), model.get_output_embeddings().bias.detach()
    assert torch.equal(after[: len(before)], before)
    assert torch.equal(after_bias[: len(before)], bias)
    assert len(after) == len(before) + 2 == len(tokenizer)
    for word, number, pieces in zip(words, added.numbers, old, strict=True):
        assert torch.allclose(after[number], before[pieces].mean(dim=0))
        assert tokenizer(f"a {word} b", add_special_tokens=False)["input_ids"].count(number) == 1
    assert tokenizer(f"{words[0]}हरू", add_special_tokens=False)["input_ids"] == longer
    shutil.rmtree(folder)


def test_the_loss_of_a_batch_is_that_of_its_micro_batches():
    """Labels are counted over the whole batch, so that pieces of it sum up to the mean over all labels."""
    import torch

    from xlbench_train.training.trainer import mean_of_labels

    torch.manual_seed(0)
    logits = torch.randn(3, 4, 5)
    labels = torch.tensor([[1, -100, 2, 3], [-100, -100, -100, 0], [4, 4, -100, -100]])
    whole = float(mean_of_labels({"logits": logits}, labels))
    parts = sum(float(mean_of_labels({"logits": logits[i : i + 1]}, labels[i : i + 1], 6)) for i in range(3))
    assert parts == pytest.approx(whole, rel=1e-6)
    by_hand = [-float(torch.log_softmax(logits[i, j], 0)[labels[i, j]]) for i in range(3) for j in range(4)
               if labels[i, j] != -100]  # fmt: skip
    assert whole == pytest.approx(math.fsum(by_hand) / 6, rel=1e-6)


def test_the_validation_loss_is_the_mean_over_all_masked_tokens():
    """Blocks with many count for more than blocks with few; a batch without any is no loss of 0."""
    import torch
    from transformers import EvalPrediction

    from xlbench_train.mlm.trainer import losses_of, mean_loss

    logits = torch.zeros(3, 2, 4)
    logits[0, 0, 1] = 5.0
    labels = torch.tensor([[1, 3], [2, -100], [-100, -100]])
    found = losses_of(logits, labels)
    assert found[:, 1].tolist() == [2, 1, 0]
    certain = math.log(math.exp(5) + 3) - 5
    assert found[:, 0].tolist() == pytest.approx([certain + math.log(4), math.log(4), 0])
    metrics = mean_loss(EvalPrediction(found.numpy(), labels.numpy()))
    assert metrics["masked_loss"] == pytest.approx((certain + 2 * math.log(4)) / 3)
    assert metrics["perplexity"] == pytest.approx(math.exp(metrics["masked_loss"]))
