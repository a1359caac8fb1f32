"""What must be among a checkpoint's files, and what must not: a tokenizer, and no settings that lead elsewhere."""

from __future__ import annotations

import posixpath
import re

from xlbench import UsageError
from xlbench_transformers import weights
from xlbench_transformers.listing import Listing
from xlbench_transformers.st_modules import CHAIN_SETTINGS, Module

_TOKENIZERS = (
    "tokenizer.json", "vocab.txt", "vocab.json", "entity_vocab.json", "bpe.codes", "*.model", "*.spm", "*.bpe",
    "*.tiktoken",
)  # fmt: skip
_TOKENIZERS_WITHOUT_FILES = ("ByT5Tokenizer", "CanineTokenizer", "PerceiverTokenizer")
"""Tokenizers of bytes or characters, which have nothing to save."""
_ARCHITECTURES_OF_CHARACTERS = ("canine", "perceiver")


def check_tokenizer(listing: Listing, module: Module) -> None:
    """`UsageError` where a module that reads text has no tokenizer."""
    if not module.reads_text or listing.matching(module.site, _TOKENIZERS):
        return
    config = listing.table(posixpath.join(module.site, "config.json"))
    settings = listing.table(posixpath.join(module.site, "tokenizer_config.json"))
    named = str(settings.get("tokenizer_class") or config.get("tokenizer_class") or "")
    if named in _TOKENIZERS_WITHOUT_FILES or config.get("model_type") in _ARCHITECTURES_OF_CHARACTERS:
        return
    raise UsageError(
        f"{listing.label} has no tokenizer: no tokenizer.json, vocab.txt, vocab.json or *.model beside its weights. "
        f"Save the tokenizer into the same folder"
    )


def check_no_adapter(listing: Listing, site: str) -> None:
    """`UsageError` where a folder holds an adapter, whose base is another checkpoint."""
    name = posixpath.join(site, "adapter_config.json")
    if name in listing.names:
        base = listing.table(name).get("base_model_name_or_path")
        of = f" (of {base})" if isinstance(base, str) and base.isprintable() else ""
        raise UsageError(
            f"{listing.label_of(site)} is an adapter to another checkpoint{of}: merge it into that one, and save the "
            f"whole: peft.PeftModel.from_pretrained(model, folder).merge_and_unload().save_pretrained(new_folder)"
        )


def check_whole(listing: Listing, site: str) -> None:
    """`UsageError` where settings in ``site`` take weights or a tokenizer from where they are not looked for: two
    checkpoints that differ in these would have one identity."""
    check_no_adapter(listing, site)
    label = listing.label_of(site)
    config = listing.table(posixpath.join(site, "config.json"))
    weights.check_counts(config, label)
    if named := config.get("transformers_weights"):
        raise UsageError(
            f"{label}: config.json names {named} as its weights (transformers_weights), and only model.safetensors is "
            f"read: save it under that name"
        )
    versions = listing.table(posixpath.join(site, "tokenizer_config.json")).get("fast_tokenizer_files") or []
    versions = versions if isinstance(versions, list) else [versions]
    tokenizers = [name for name in versions if not re.fullmatch(r"tokenizer\.([^/\\]*\.)?json", str(name))]
    for settings in listing.matching(site, (CHAIN_SETTINGS,)):
        named = listing.table(settings).get("tokenizer_name_or_path")
        tokenizers += [named] if named else []
    if tokenizers:
        raise UsageError(
            f"{label}: its settings take the tokenizer from {tokenizers[0]}: save it beside the weights, and leave "
            f"fast_tokenizer_files and tokenizer_name_or_path out"
        )
