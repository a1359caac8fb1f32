"""Tokenizers: a new one, trained on a corpus; a base's own; and that one extended by words that it takes apart."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlbench import EncoderError, UsageError
from xlbench.core.text import error_text
from xlbench_train.mlm.bases import length_limit

SPECIAL = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}
"""Of a new tokenizer: those of BERT."""
LEAST = 3
"""How often a word occurs that a tokenizer is extended by: of rarer ones nothing is learned."""


def new_tokenizer(
    texts: Sequence[str], kind: str, size: int, length: int, normalize: Sequence[tuple[str, str]] = ()
) -> Any:
    """A tokenizer that is trained on texts: whole words are split at white space and punctuation; nothing is put into
    lower case, and no mark of a letter is lost.

    Args:
        texts: Those that are trained on.
        kind: ``wordpiece`` (Wu et al. 2016) or ``unigram`` (Kudo 2018).
        size: Pieces at most, special ones included.
        length: Tokens that the model reads at most.
        normalize: Patterns and replacements by which the texts were normalized: those that are scored are, too.

    Returns:
        A fast tokenizer of the library.

    Raises:
        UsageError: The texts have more letters than there are to be pieces.
    """
    from tokenizers import Regex, normalizers, processors
    from transformers import PreTrainedTokenizerFast

    names = [*SPECIAL.values()]
    letters = len({letter for text in texts for letter in text})
    if size < letters + len(names):
        raise UsageError(
            f"--vocabulary {size}: the corpus has {letters} different characters, each of which is a piece: give "
            f"{2 * (letters + len(names))} or more"
        )
    normalizer = normalizers.Sequence(
        [normalizers.NFC(), *(normalizers.Replace(Regex(pattern), new) for pattern, new in normalize)]
    )
    normal = [normalizer.normalize_str(text) for text in texts]
    trained: Any = (_wordpiece if kind == "wordpiece" else _unigram)(normal, size, names)
    trained.normalizer = normalizer
    trained.add_special_tokens(names)
    ends = [(name, trained.token_to_id(name)) for name in (SPECIAL["cls_token"], SPECIAL["sep_token"])]
    trained.post_processor = processors.TemplateProcessing(
        single=f"{ends[0][0]} $A {ends[1][0]}", pair=f"{ends[0][0]} $A {ends[1][0]} $B:1 {ends[1][0]}:1",
        special_tokens=ends,
    )  # fmt: skip
    wrap: Any = PreTrainedTokenizerFast
    return wrap(tokenizer_object=trained, model_max_length=length, **SPECIAL)


def _wordpiece(texts: Sequence[str], size: int, names: Sequence[str]) -> Any:
    """WordPiece, the same for the same texts: the library numbers pieces within words by chance, and breaks ties by
    these numbers, unless they are given."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    split = pre_tokenizers.BertPreTokenizer()
    words = {word for text in texts for word, _ in split.pre_tokenize_str(text)}
    within = [f"##{letter}" for letter in sorted({letter for word in words for letter in word[1:]})]
    trained: Any = Tokenizer(models.WordPiece(unk_token=SPECIAL["unk_token"]))
    trained.pre_tokenizer = split
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=[*names, *within], show_progress=False)
    trained.train_from_iterator(texts, trainer, length=len(texts))
    # another one, for which the pieces within words are no special ones
    found: Any = Tokenizer(models.WordPiece(trained.get_vocab(with_added_tokens=False), unk_token=SPECIAL["unk_token"]))
    found.pre_tokenizer, found.decoder = split, decoders.WordPiece()
    return found


def _unigram(texts: Sequence[str], size: int, names: Sequence[str]) -> Any:
    """Unigram, its pieces in the order of their scores, equal ones by their letters: the library's order is chance."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    trained: Any = Tokenizer(models.Unigram())
    trained.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Metaspace(), pre_tokenizers.Punctuation()])
    trained.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=size, special_tokens=[*names], unk_token=SPECIAL["unk_token"], show_progress=False
    )
    trained.train_from_iterator(texts, trainer, length=len(texts))
    scores = json.loads(trained.to_str())["model"]["vocab"]
    known = {piece: round(score, 6) for piece, score in scores if piece not in names}
    pieces = [(name, 0.0) for name in names] + sorted(known.items(), key=lambda each: (-each[1], each[0]))
    trained.model = models.Unigram(pieces, unk_id=[*names].index(SPECIAL["unk_token"]))
    return trained


def base_tokenizer(folder: Path, spec: str) -> Any:
    """The tokenizer of a checkpoint. `EncoderError` where it has none, `UsageError` where that cannot mask."""
    from transformers import AutoConfig, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        limit = length_limit(AutoConfig.from_pretrained(str(folder), local_files_only=True))
    except Exception as error:  # libraries raise anything for a damaged folder
        raise EncoderError(f"--base {spec}: its tokenizer cannot be loaded: {error_text(error)}") from error
    if not tokenizer.is_fast or tokenizer.mask_token_id is None:
        what = "no token for what is masked" if tokenizer.is_fast else "no fast tokenizer (tokenizer.json)"
        raise UsageError(f"--base {spec}: it has {what}: give --tokenizer new, or another base")
    if limit is not None:
        tokenizer.model_max_length = min(tokenizer.model_max_length, limit)
    return tokenizer


def words_to_add(texts: Sequence[str], tokenizer: Any, count: int) -> list[str]:
    """The words that a tokenizer is extended by: those that save most pieces, count * (pieces - 1), greatest first.

    Words are what is between white space and punctuation; those with fewer than `LEAST` occurrences, and those that are
    a piece already, are left out.
    """
    from tokenizers.pre_tokenizers import BertPreTokenizer

    split = BertPreTokenizer()
    counts = Counter(word for text in texts for word, _ in split.pre_tokenize_str(text) if word[:1].isalpha())
    words = [word for word, number in counts.items() if number >= LEAST]
    if not words:
        return []
    pieces = tokenizer(words, add_special_tokens=False)["input_ids"]
    saved = {word: counts[word] * (len(own) - 1) for word, own in zip(words, pieces, strict=True) if len(own) > 1}
    return sorted(saved, key=lambda word: (-saved[word], word))[:count]


@dataclass(frozen=True)
class Added:
    """Words that a tokenizer was extended by."""

    numbers: tuple[int, ...] = ()
    pieces: tuple[tuple[int, ...], ...] = ()
    """Of each word, what it was taken apart into."""


def add_words(tokenizer: Any, words: Sequence[str]) -> Added:
    """Add words to a tokenizer, each of which is one token from then on where it stands alone.

    Args:
        tokenizer: A fast one of the library.
        words: None of them a piece of it.
    """
    from tokenizers import AddedToken

    if not words:
        return Added()
    pieces = tokenizer([*words], add_special_tokens=False)["input_ids"]
    # white space before a word is the word's, as it is that of a piece that begins one
    tokenizer.add_tokens([AddedToken(word, single_word=True, lstrip=True, normalized=True) for word in words])
    return Added(tuple(tokenizer.convert_tokens_to_ids([*words])), tuple(map(tuple, pieces)))


def add_rows(model: Any, added: Added) -> None:
    """Give a model a row for each added word: the mean of the rows of its pieces, so that it starts where it was (Gee
    et al. 2022, "Fast Vocabulary Transfer for Language Model Compression"). All other rows stay as they are.

    Args:
        model: Of the library, with an output layer over the vocabulary.
        added: What its tokenizer was extended by.
    """
    import torch

    if not added.numbers:
        return
    size = max(len(model.get_input_embeddings().weight), max(added.numbers) + 1)
    model.resize_token_embeddings(size, mean_resizing=False)
    inner, outer = model.get_input_embeddings().weight, model.get_output_embeddings()
    tables = [inner]
    if outer is not None:
        tables += [outer.weight] if outer.weight is not inner else []
        tables += [outer.bias] if getattr(outer, "bias", None) is not None else []
    with torch.no_grad():
        for table in tables:
            for row, pieces in zip(added.numbers, added.pieces, strict=True):
                table[row] = table[list(pieces)].mean(dim=0)
