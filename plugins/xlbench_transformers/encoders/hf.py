"""Encodes texts and words with any encoder that transformers' AutoModel loads.

Of an encoder-decoder, the encoder is taken. Other kinds of checkpoints with such a model inside load through
`load_model` and `HuggingFaceEncoder`, too.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray

from xlbench import EncoderError, Role, Spec, XlbenchError
from xlbench.core.permissions import permissions
from xlbench.core.text import error_text
from xlbench_transformers.encoders import batching, completeness, pooling, prompts, tokens
from xlbench_transformers.encoders.words import WordReader


def load(folder: Path, spec: Spec, *, trust_remote_code: bool = False) -> HuggingFaceEncoder:
    """Load the checkpoint in ``folder``; see `xlbench_transformers.encoders.load`."""
    device = batching.device_of(spec)
    tokenizer = load_tokenizer(folder, trust_remote_code=trust_remote_code)
    model = load_model(folder, batching.dtype_of(spec), trust_remote_code=trust_remote_code)
    return HuggingFaceEncoder(model, tokenizer, spec, device)


def load_tokenizer(folder: Path, *, trust_remote_code: bool = False) -> Any:
    """The tokenizer of the checkpoint in ``folder``: a fast one wherever there is one."""
    with loading(folder, "tokenizer"):
        return transformers.AutoTokenizer.from_pretrained(
            folder, trust_remote_code=trust_remote_code, local_files_only=True
        )


def load_model(
    folder: Path,
    dtype: torch.dtype = torch.float32,
    *,
    trust_remote_code: bool = False,
    weights: Mapping[str, torch.Tensor] | None = None,
    heads: Collection[str] = (),
) -> torch.nn.Module:
    """The encoder of the checkpoint in ``folder``, in evaluation mode, computing in ``dtype`` whatever its file is in.

    Files are safetensors alone, unless pickles are permitted. A pooler on top is left out or never used, so that its
    weights may be missing.

    Args:
        folder: The checkpoint.
        dtype: The numbers to compute in.
        trust_remote_code: Run the code that the folder brings along.
        weights: Taken in place of those in the folder.
        heads: Names of its tensors that are read elsewhere.

    Raises:
        EncoderError: It cannot be loaded, or a weight of the encoder is missing (transformers would make it up at
            random), or one is left over that is neither a pooler's nor a head's.
    """
    with loading(folder, "model"):
        known = {"trust_remote_code": trust_remote_code, "local_files_only": True}
        config = transformers.AutoConfig.from_pretrained(folder, **known)
        decodes = bool(config.is_encoder_decoder)  # classes for encoders alone change it
        kind = _class_of(config, folder, trust_remote_code=trust_remote_code)
        if kind is transformers.AutoModel:
            settings: dict[str, Any] = known
        else:
            settings = {"add_pooling_layer": False} if _takes(kind.__init__, "add_pooling_layer") else {}
            with torch.device("meta"):
                completeness.check_size(folder, kind(config, **settings))
        loaded, report = kind.from_pretrained(
            None if weights is not None else folder,
            config=config,
            dtype=dtype,
            state_dict=weights,
            use_safetensors=None if permissions().allow_pickle else True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # told below, with the name and the sizes
            **settings,
        )
    model = loaded.get_encoder() if config.is_encoder_decoder and _has_decoder(loaded) else loaded
    completeness.check_report(folder, loaded, model, report, decodes=decodes, heads=heads)
    return _in_dtype(model, dtype).eval()


def _class_of(config: Any, folder: Path, *, trust_remote_code: bool) -> Any:
    """The class of transformers for a configuration; AutoModel where that has to decide: code that is brought along."""
    if trust_remote_code and "AutoModel" in (getattr(config, "auto_map", None) or {}):
        return transformers.AutoModel
    # First the classes for encoders alone, which T5 and its kin have; elsewhere both tables say the same.
    for table in (transformers.MODEL_FOR_TEXT_ENCODING_MAPPING, transformers.MODEL_MAPPING):
        if type(config) in table:
            kind = table[type(config)]
            return transformers.AutoModel if isinstance(kind, tuple) else kind
    raise EncoderError(f"{folder}: transformers has no plain encoder for the type {config.model_type!r}")


def _has_decoder(model: torch.nn.Module) -> bool:
    return any(name.split(".")[-1] == "decoder" for name, _ in model.named_modules())


def _in_dtype(model: torch.nn.Module, dtype: torch.dtype) -> torch.nn.Module:
    """float32 throughout; or half precision but for those parts that a model itself keeps in float32."""
    strays = any(
        value.is_floating_point() and value.dtype not in (dtype, torch.float32) for value in model.parameters()
    )
    return model.to(dtype) if strays or dtype == torch.float32 else model


class Backbone:
    """A transformers model on its device: tokens in, vectors of tokens out, of the layers that are asked for."""

    def __init__(self, model: torch.nn.Module, tokenizer: Any, device: torch.device, layers: Sequence[int] = (-1,)):
        self.model = model.to(device).eval()
        self.device = device
        self.layers = tuple(layers)
        self._vocabulary = vocabulary_of(model)
        pad = tokenizer.pad_token_id or 0
        self._pad = (
            0 if self._vocabulary is not None and pad >= self._vocabulary else pad
        )  # whatever it is, it is masked
        self._margin = margin_of(model)
        self._pad_type = getattr(tokenizer, "pad_token_type_id", 0)
        self._extra: dict[str, bool] = {"use_cache": False} if _takes(model.forward, "use_cache") else {}
        if self.layers != (-1,):
            self._extra["output_hidden_states"] = True
            count = getattr(model.config.get_text_config(), "num_hidden_layers", None)  # type: ignore[union-attr, operator]
            if count is not None:
                pooling.check_layers(self.layers, count)
        self._takes_types = _takes(model.forward, "token_type_ids")

    def check(self, batch: tokens.Tokens) -> None:
        """`EncoderError` where the tokenizer knows tokens that the model does not: they are not of one checkpoint."""
        if self._vocabulary is not None and batch.ids.max() >= self._vocabulary:
            raise EncoderError(
                f"the tokenizer gives token {batch.ids.max()}, and the model has embeddings for {self._vocabulary}: "
                f"they do not belong together"
            )

    def vectors(self, batch: tokens.Tokens, rows: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
        """Vectors of the tokens of some texts, float32 (len(rows), t, d), and the mask (len(rows), t), 0 at padding."""
        inputs = self.inputs(batch, rows)
        with torch.inference_mode():
            output = self.model(**inputs, **self._extra, return_dict=True)
            mask = inputs["attention_mask"]
            return pooling.token_vectors(output, self.layers, mask.shape), mask

    def inputs(self, batch: tokens.Tokens, rows: NDArray[np.int64]) -> dict[str, torch.Tensor]:
        """What the model is given of some texts, padded, on its device."""
        inputs = batch.padded(rows, self._pad, self._pad_type, self._margin)
        if not self._takes_types:
            inputs.pop("token_type_ids", None)
        return {name: tensor.to(self.device) for name, tensor in inputs.items()}


def margin_of(model: Any) -> int:
    """Tokens of padding after the longest text, where a model's vectors depend on how near the end is.

    CANINE takes several characters together, and looks across them: with four such groups after it, a text's vector no
    longer depends on how many follow (as in the original, which pads every text to 2,048).
    """
    config = model.config
    return 4 * int(config.downsampling_rate) if config.model_type == "canine" else 0


def vocabulary_of(model: Any) -> int | None:
    """Rows of a model's table of token embeddings, where it has one."""
    with contextlib.suppress(NotImplementedError, AttributeError):
        return getattr(model.get_input_embeddings(), "num_embeddings", None)
    return None


class HuggingFaceEncoder:
    """Texts and words in, vectors of a transformers model out. ``spec`` has the options of the scheme ``hf``."""

    def __init__(self, model: torch.nn.Module, tokenizer: Any, spec: Spec, device: torch.device) -> None:
        self._spec = spec
        self._tokenizer = tokenizer
        self._backbone = Backbone(model, tokenizer, device, spec["layer"])
        self._limit = tokens.length_limit(model, tokenizer, spec["max_length"])
        self._batcher = batching.Batcher(device, spec["batch_size"])
        self._words = WordReader(
            tokenizer, self._backbone, self._batcher, limit=self._limit, words=spec["words"], window=spec["window"]
        )
        self.parameters = sum(parameter.numel() for parameter in model.parameters())
        """Numbers that the model has learned, its embeddings among them."""
        self.truncated: NDArray[np.bool_] = np.zeros(0, bool)
        """Which texts of the last call of `encode` were cut at the length limit."""
        self._prompts = prompts.Prompts(spec)
        self._loaded: dict[str, str | int] = {
            "model": type(model).__name__,
            "pooling": spec["pooling"],
            "layer": ",".join(map(str, spec["layer"])),
            "dtype": spec["dtype"],
            "device": str(device),
            "max_length": self._limit or "none",
            "tokenizer": type(tokenizer).__name__,
            "attention": str(getattr(model.config, "_attn_implementation", None) or "eager"),
        }

    @property
    def details(self) -> dict[str, str | int]:
        """What is known of it once it is loaded, and which prompts were applied so far."""
        return {**self._loaded, **self._prompts.details()}

    @property
    def words_without_pieces(self) -> int:
        """Words so far of which the tokenizer left nothing, and which got the mean vector of their sentence."""
        return self._words.without_pieces

    def encode(self, texts: Sequence[str], role: Role | None = None) -> NDArray[np.float32]:
        """Encode n texts as an array of shape (n, d): tokens, those of the prompt and special ones, too, are pooled."""
        if not len(texts):
            raise EncoderError("there is nothing to encode: the list of texts is empty")
        self._prompts.note(role)
        given = prompts.with_prompt(self._prompts.of(role), texts)
        batch, self.truncated = tokens.tokenize(self._tokenizer, given, self._limit)
        self._backbone.check(batch)

        def pooled(rows: NDArray[np.int64]) -> torch.Tensor:
            """One vector each for the texts ``rows``, still on the device."""
            vectors, mask = self._backbone.vectors(batch, rows)
            return pooling.pool(vectors, mask, self._spec["pooling"])

        return batching.collect(self._batcher.run(batch.lengths, pooled))

    def encode_words(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float32]]:
        """Encode n sentences that are split into words: one array (words of the sentence, d) each.

        Layers are those of the texts; pooling and prompts make no difference. See `WordReader`.
        """
        return self._words.read(sentences)


def _takes(function: Any, name: str) -> bool:
    return name in inspect.signature(function).parameters


@contextlib.contextmanager
def loading(folder: Path, what: str) -> Iterator[None]:
    """Without a sound from transformers, and with any trouble as one line."""
    try:
        with quiet():
            yield
    except XlbenchError:
        raise
    except Exception as error:  # whatever a library raises over somebody's files is one line about those files
        raise EncoderError(f"{folder}: the {what} cannot be loaded: {error_text(error)}") from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without progress bars and reports of transformers, which belong to whoever prints."""
    log = transformers.utils.logging
    level, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()  # type: ignore[no-untyped-call, unused-ignore]
    log.disable_progress_bar()  # type: ignore[no-untyped-call, unused-ignore]
    try:
        yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()  # type: ignore[no-untyped-call, unused-ignore]
