"""What a training of a language model reads: the tokenizer, and its texts and held-out texts as blocks of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlbench import UsageError
from xlbench.core.text import count_text
from xlbench_train.mlm.blocks import Blocks, tokenized
from xlbench_train.mlm.corpus import Text
from xlbench_train.mlm.held_out import Split
from xlbench_train.mlm.settings import Settings
from xlbench_train.mlm.tokenizers import Added, add_words, base_tokenizer, new_tokenizer, words_to_add
from xlbench_train.training.bases import Base


@dataclass(frozen=True)
class Texts:
    """Blocks of tokens, and the tokenizer that they are of."""

    tokenizer: Any
    training: Blocks
    evaluation: Blocks
    added: Added
    """Words that the base's tokenizer was extended by."""
    notes: tuple[str, ...] = ()


def prepare(
    base: Base, settings: Settings, split: Split, normalize: Sequence[tuple[str, str]], saved: Path | None
) -> Texts:
    """Tokenizer and blocks.

    Args:
        base: That is trained.
        settings: Resolved ones.
        split: The texts.
        normalize: Patterns and replacements by which they were normalized.
        saved: Where an earlier process has kept the new tokenizer of this training; None: there was none.

    Raises:
        UsageError: The tokenizer cannot mask, there are too few pieces, or less text than a batch.
        EncoderError: The base's tokenizer cannot be loaded.
    """
    texts = [one.text for one in split.training]
    added, notes = Added(), []
    if settings.tokenizer == "new":
        tokenizer = _saved(saved) or new_tokenizer(
            texts, settings.pieces, settings.vocabulary, settings.max_length, normalize
        )
        notes.append(f"a new tokenizer of {len(tokenizer):,} pieces ({settings.pieces})")
        if base.folder is not None:
            notes.append("the vectors of the base's pieces are of no use to a new tokenizer: they begin anew")
    else:
        assert base.folder is not None
        tokenizer = base_tokenizer(base.folder, base.spec)
        if settings.tokenizer == "extend":
            words = words_to_add(texts, tokenizer, settings.vocabulary)
            added = add_words(tokenizer, words)
            notes.append(f"the tokenizer is extended by {count_text(len(words), 'word')}")
    training, evaluation = (_blocks(part, tokenizer, settings) for part in (split.training, split.evaluation))
    _check(training, settings)
    return Texts(tokenizer, training, evaluation, added, tuple(notes))


def _saved(folder: Path | None) -> Any:
    """The tokenizer that an earlier process has kept; None where there is none."""
    if folder is None or not (folder / "tokenizer.json").is_file():
        return None
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast.from_pretrained(str(folder), local_files_only=True)


def _blocks(part: Sequence[Text], tokenizer: Any, settings: Settings) -> Blocks:
    begin, end = (tokenizer.cls_token_id, tokenizer.bos_token_id), (tokenizer.sep_token_id, tokenizer.eos_token_id)
    special = [next(one for one in pair if one is not None) for pair in (begin, end, (tokenizer.pad_token_id,))]
    stream = tokenized((one.text for one in part), tokenizer, special[1])
    return Blocks(stream, settings.max_length, special)


def _check(training: Blocks, settings: Settings) -> None:
    if len(training) < settings.batch_size:
        fitting = max(len(training) // 2, 1)
        raise UsageError(
            f"the corpus has {count_text(len(training), 'block')} of {settings.max_length} tokens, fewer than a batch "
            f"of {settings.batch_size}: give a larger --corpus, or --batch-size {fitting}"
        )
