"""Checks that a loaded model uses all of its checkpoint's weights, and that none of its own are random."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from math import prod
from pathlib import Path
from typing import Any

import torch

from xlbench import EncoderError
from xlbench_transformers.weights import tensor_shapes

UNUSED_HEADS = re.compile(
    r"pooler|\w*_pooler|cls|(\w+_)?heads?|score|\w*classifier|\w*predictions?|qa_outputs|logits?_\w+|final_logits_bias|"
    r"vocab_\w+|(generator|discriminator)_\w+|seq_relationship|pred_layer|mlm|nsp|sop_classifier|sequence_summary"
)
"""Parts of a checkpoint, by the first word of their name, that make no vectors of texts: poolers, and heads over an
encoder. All other weights that a model does not take are an error: it might be another model without them."""
_BUFFERS = re.compile(r"(.*\.)?(position_ids|token_type_ids|inv_freq|masked_bias|attn\.bias|relative_position_index)")
"""Tensors of older versions that are computed, not learned."""
_OUTPUT_LAYER = re.compile(r"decoder\.(weight|bias)")
_SLACK = 1 << 25
"""Numbers that a model may have beside those of its weights: small ones cost nothing."""


def check_report(
    folder: Path,
    loaded: torch.nn.Module,
    model: torch.nn.Module,
    report: Mapping[str, Any],
    *,
    decodes: bool = False,
    heads: Collection[str] = (),
) -> None:
    """`EncoderError` where weights of ``model`` are missing or of another shape, or the checkpoint has unused ones.

    Args:
        folder: The checkpoint's, for messages.
        loaded: What transformers has loaded.
        model: The encoder, which is ``loaded`` or a part of it.
        report: What transformers says of its loading.
        decodes: The checkpoint has a decoder, of which nothing is asked.
        heads: Names of tensors that somebody else reads.
    """
    used = {id(parameter) for parameter in model.parameters()}
    names = {name for name, value in loaded.named_parameters(remove_duplicate=False) if id(value) in used}
    missing = sorted(name for name in names & set(report["missing_keys"]) if "pooler" not in name.split("."))
    unfit = [entry for entry in sorted(report["mismatched_keys"]) if "pooler" not in entry[0].split(".")]
    if unfit:
        name, there, wanted = unfit[0][:3]
        raise EncoderError(
            f"{folder}: the weights do not fit config.json: {name} is {tuple(there)} and should be {tuple(wanted)}"
        )
    if missing:
        raise EncoderError(
            f"{folder}: {len(missing)} of the encoder's {len(names)} weights are missing ({missing[0]} ...) and "
            f"would be random: is it a checkpoint of a {type(loaded).__name__}?"
        )
    check_unused(folder, set(report["unexpected_keys"]) - set(heads), loaded, decodes=decodes)


def check_unused(folder: Path, names: Iterable[str], model: torch.nn.Module, *, decodes: bool = False) -> None:
    """`EncoderError` where one of these tensors, which a model does not take, is neither a pooler nor a head.

    ``decodes``: the checkpoint has a decoder, of which nothing is asked.
    """
    left = unused_of(names, model, decodes=decodes)
    if left:
        raise EncoderError(
            f"{folder}: {len(left)} of the checkpoint's weights are not used by a {type(model).__name__} as its "
            f"config.json describes it ({left[0]} ...): does it ask for fewer layers? If they are no part of the "
            f"encoder, save it without them (save_pretrained)"
        )


def unused_of(names: Iterable[str], model: torch.nn.Module, *, decodes: bool = False) -> list[str]:
    """Those of the names that are neither a pooler, a head nor computed, sorted."""
    prefix = f"{getattr(model, 'base_model_prefix', '')}."
    return sorted(name for name in names if not _may_be_unused(name.removeprefix(prefix), decodes=decodes))


def _may_be_unused(name: str, *, decodes: bool) -> bool:
    first = name.partition(".")[0]
    if UNUSED_HEADS.fullmatch(first) or _BUFFERS.fullmatch(name) or _OUTPUT_LAYER.fullmatch(name):
        return True
    return decodes and first in ("decoder", "lm_head")


def check_size(folder: Path, empty: torch.nn.Module) -> None:
    """`EncoderError` where a model has far more numbers than its weights: it would fill the memory before it failed.

    ``empty`` is the model without its numbers (on the device ``meta``). Weights in pickles are not counted.
    """
    files = list(folder.glob("model*.safetensors"))
    held = sum(prod(shape) for file in files for shape in tensor_shapes(file).values())
    wanted = sum(parameter.numel() for parameter in empty.parameters())
    if files and wanted > 2 * held + _SLACK:
        raise EncoderError(
            f"{folder}: config.json describes a model of {wanted:,} numbers, and its weights hold {held:,}: they do "
            f"not belong together"
        )
