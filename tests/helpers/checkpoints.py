"""Small real checkpoints for tests: built into a folder by the libraries' own classes, with seeds, without a network.

The weights are random (larger than a fresh initialization, so that texts get clearly different vectors); tokenizers
take their pieces from the embedded sentences. A builder returns its folder; the same arguments give the same bytes.

The libraries of checkpoints are imported when something is built: importing them takes seconds, which tests that
build nothing need not wait for.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import load_file, save_file
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

MINI = Path(__file__).parent.parent.parent / "tasks" / "xlbench_tasks" / "mini"
LANGUAGES = ("eng", "hin", "isl", "nep", "slk", "swa", "tel", "tur")
MAX_LENGTH = 64
"""Tokens that a checkpoint takes, special ones included."""


@cache
def sentences(language: str | None = None) -> tuple[str, ...]:
    """The embedded parallel sentences of a language, or of all of them."""
    found: list[str] = []
    for code in [language] if language else LANGUAGES:
        with (MINI / "parallel" / f"{code}.tsv").open(encoding="utf-8") as file:
            found += [row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    return tuple(found)


def bert(
    folder: Path, *, layers: int = 2, hidden: int = 32, seed: int = 0, heads: int = 4, dtype: str = "float32"
) -> Path:
    """A BERT encoder with a WordPiece tokenizer; ``dtype`` is that of the saved weights."""
    from transformers import BertConfig, BertModel

    tokenizer = wordpiece()
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=2 * hidden,
        max_position_embeddings=MAX_LENGTH,
        pad_token_id=tokenizer.pad_token_id,
    )
    return _saved(folder, BertModel(config), tokenizer, seed, dtype)


def xlm_roberta(
    folder: Path, *, layers: int = 2, hidden: int = 32, seed: int = 0, heads: int = 4, dtype: str = "float32"
) -> Path:
    """An XLM-RoBERTa encoder with a Unigram (SentencePiece-like) tokenizer; positions begin after the padding id."""
    from transformers import XLMRobertaConfig, XLMRobertaModel

    tokenizer = unigram()
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=2 * hidden,
        max_position_embeddings=MAX_LENGTH + 2,
        type_vocab_size=1,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return _saved(folder, XLMRobertaModel(config), tokenizer, seed, dtype)


TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")


def token_classifier(folder: Path, labels: Sequence[str] = TAGS, *, seed: int = 0, layers: int = 2) -> Path:
    """A BERT token classifier with a WordPiece tokenizer, and ``labels`` in its config."""
    from transformers import BertConfig, BertForTokenClassification

    tokenizer = wordpiece()
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=MAX_LENGTH,
        pad_token_id=tokenizer.pad_token_id,
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    )
    return _saved(folder, BertForTokenClassification(config), tokenizer, seed, "float32")


def sentence_transformer(
    folder: Path,
    *,
    pooling: str = "mean",
    normalize: bool = False,
    dense: int | None = None,
    prompts: Mapping[str, str] | None = None,
    default_prompt: str | None = None,
    seed: int = 0,
    layers: int = 2,
    hidden: int = 32,
    dtype: str = "float32",
    max_length: int = MAX_LENGTH,
) -> Path:
    """A sentence-transformers folder: Transformer, Pooling, and where wanted Dense (tanh) and Normalize."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules as parts

    inner = folder.parent / f"{folder.name}-transformer"
    bert(inner, layers=layers, hidden=hidden, seed=seed, dtype=dtype)
    torch.manual_seed(seed)
    chain: list[Any] = [parts.Transformer(str(inner), max_seq_length=max_length)]
    chain.append(parts.Pooling(hidden, pooling_mode=pooling))
    chain += [parts.Dense(hidden, dense, activation_function=torch.nn.Tanh())] if dense else []
    chain += [parts.Normalize()] if normalize else []
    model = SentenceTransformer(
        modules=chain, device="cpu", prompts=dict(prompts or {}), default_prompt_name=default_prompt
    )
    model.save(str(folder), create_model_card=False)
    return folder


def labse_like(folder: Path, *, seed: int = 0) -> Path:
    """As LaBSE is saved: Transformer, CLS pooling, Dense with tanh, Normalize."""
    return sentence_transformer(folder, pooling="cls", normalize=True, dense=32, seed=seed)


def siamese(
    folder: Path,
    *,
    head: bool = True,
    prefix: str = "encoder.",
    classes: int = 3,
    seed: int = 0,
    settings: Mapping[str, object] | None = None,
) -> Path:
    """A fine-tuned pair in one safetensors file: the shared encoder's weights under ``prefix`` and, with ``head``,
    ``classifier.weight`` (classes, 3d) and ``classifier.bias`` of softmax(W(u, v, |u - v|)).

    ``settings`` is what ``siamese.json`` holds; there is none without.
    """
    bert(folder, seed=seed)
    weights = {f"{prefix}{name}": values for name, values in load_file(folder / "model.safetensors").items()}
    if head:
        hidden = json.loads((folder / "config.json").read_text())["hidden_size"]
        draw = np.random.default_rng(seed)
        weights["classifier.weight"] = draw.normal(size=(classes, 3 * hidden)).astype(np.float32)
        weights["classifier.bias"] = draw.normal(size=classes).astype(np.float32)
    save_file(weights, folder / "model.safetensors")
    if settings is not None:
        (folder / "siamese.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def static(folder: Path, *, dimensions: int = 32, seed: int = 0, dtype: str = "float32") -> Path:
    """A sentence-transformers folder with one module, StaticEmbedding: a table of vectors of pieces, averaged."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    tokenizer = wordpiece()
    table = np.random.default_rng(seed).normal(size=(len(tokenizer), dimensions)).astype(dtype)
    module = StaticEmbedding(tokenizer, embedding_weights=table)
    SentenceTransformer(modules=[module], device="cpu").save(str(folder), create_model_card=False)
    return folder


def model2vec(folder: Path, *, dimensions: int = 32, seed: int = 0, dtype: str = "float32") -> Path:
    """A model2vec folder, with vectors that it normalizes."""
    from model2vec import StaticModel

    tokenizer = wordpiece()
    table = np.random.default_rng(seed).normal(size=(len(tokenizer), dimensions)).astype(dtype)
    StaticModel(table, tokenizer.backend_tokenizer, normalize=True).save_pretrained(folder)
    return folder


def pickle_only(folder: Path, *, seed: int = 0) -> Path:
    """A BERT encoder whose weights are a pickle (``pytorch_model.bin``) alone."""
    import torch

    bert(folder, seed=seed)
    safe = folder / "model.safetensors"
    weights = {name: torch.from_numpy(values) for name, values in load_file(safe).items()}
    torch.save(weights, folder / "pytorch_model.bin")
    safe.unlink()
    return folder


@cache
def _frequent_pieces(count: int = 1500) -> tuple[tuple[str, int], ...]:
    """The most frequent pieces of words (up to five characters, at least all single ones) and how often they occur.

    Pieces within a word begin with ``##``. Counted rather than trained: trainers break ties by hash order, so that
    every process gets another vocabulary.
    """
    found: Counter[str] = Counter()
    for word in re.findall(r"\w+|[^\w\s]", " ".join(sentences())):
        for start in range(len(word)):
            for end in range(start + 1, min(start + 5, len(word)) + 1):
                found[("##" if start else "") + word[start:end]] += 1
    characters = {form for word in sentences() for c in word if not c.isspace() for form in (c, f"##{c}")}
    ordered = sorted(found.items(), key=lambda piece: (-piece[1], piece[0]))
    kept = [item for item in ordered if item[0] not in characters][:count]
    return (*((piece, found[piece] or 1) for piece in sorted(characters)), *kept)


def wordpiece() -> PreTrainedTokenizerFast:
    """A cased WordPiece tokenizer, as multilingual BERT has one, with pieces of the sentences of all languages."""
    from transformers import BertTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {piece: i for i, piece in enumerate([*special, *(piece for piece, _ in _frequent_pieces())])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return BertTokenizerFast(tokenizer_object=tokenizer, model_max_length=MAX_LENGTH, do_lower_case=False)


def unigram() -> PreTrainedTokenizerFast:
    """A Unigram tokenizer with ``▁`` for spaces, as XLM-RoBERTa has one, with pieces of the same sentences."""
    from transformers import XLMRobertaTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces: Counter[str] = Counter({"▁": len(sentences())})
    for piece, count in _frequent_pieces():
        pieces[piece.removeprefix("##")] += count
        if not piece.startswith("##"):
            pieces[f"▁{piece}"] += count
    total = sum(pieces.values())
    scored = [(piece, math.log(count / total)) for piece, count in pieces.items()]
    tokenizer = Tokenizer(models.Unigram([*((name, 0.0) for name in special), *scored, ("<mask>", 0.0)], unk_id=3))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return XLMRobertaTokenizerFast(tokenizer_object=tokenizer, model_max_length=MAX_LENGTH)


def _saved(folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, seed: int, dtype: str) -> Path:
    """Fill ``model`` with normal numbers (deviation 0.2; layer norms stay near one) and save both into ``folder``."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            drawn = torch.empty(parameter.shape).normal_(0, 0.2, generator=generator)
            parameter.copy_(1 + drawn if "LayerNorm.weight" in name else drawn)
    model.to(getattr(torch, dtype)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
