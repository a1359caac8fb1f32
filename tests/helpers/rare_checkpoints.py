"""Small real checkpoints of the rarer kinds, built by the libraries' own classes, with seeds and without a network."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import checkpoints
import torch
import transformers
from safetensors.numpy import load_file, save_file
from sentence_transformers import CrossEncoder, SentenceTransformer, SparseEncoder
from sentence_transformers.multi_vector_encoder import MultiVectorEncoder
from sentence_transformers.sentence_transformer import modules as parts

TINY: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}


def drawn(model: torch.nn.Module, seed: int = 0) -> Any:
    """The model with normal numbers of deviation 0.2."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, parameter in sorted(model.named_parameters()):
            parameter.copy_(torch.empty(parameter.shape).normal_(0, 0.2, generator=generator))
    return model


def router(folder: Path, seed: int = 0) -> Path:
    """A sentence-transformers folder whose first module is a Router: queries through a table of static vectors,
    documents through a BERT of two layers; Normalize after both."""
    inner = checkpoints.bert(folder.parent / f"{folder.name}-document", seed=seed)
    tokenizer = checkpoints.wordpiece()
    numbers = torch.randn(len(tokenizer), 32, generator=torch.Generator().manual_seed(seed))
    table = parts.StaticEmbedding(tokenizer, embedding_weights=numbers.numpy())
    chain = parts.Router.for_query_document(
        query_modules=[table],
        document_modules=[parts.Transformer(str(inner), max_seq_length=16), parts.Pooling(32)],
    )
    SentenceTransformer(modules=[chain, parts.Normalize()], device="cpu").save(str(folder), create_model_card=False)
    return folder


def router_part(folder: Path) -> Path:
    """The folder of the document's Transformer in a folder of `router`."""
    (found,) = folder.rglob("*_Transformer")
    return found


def cross_encoder(folder: Path) -> Path:
    """A CrossEncoder of one label."""
    bert = checkpoints.bert(folder.parent / "bert of a cross encoder")
    CrossEncoder(str(bert), num_labels=1, device="cpu").save_pretrained(str(folder))
    return folder


def sparse_encoder(folder: Path) -> Path:
    """A SparseEncoder (SPLADE) over a masked language model."""
    from sentence_transformers.sparse_encoder.modules import MLMTransformer, SpladePooling

    bert = folder.parent / "masked bert"
    tokenizer = checkpoints.wordpiece()
    drawn(transformers.BertForMaskedLM(transformers.BertConfig(vocab_size=len(tokenizer), **TINY))).save_pretrained(
        bert
    )
    tokenizer.save_pretrained(bert)
    model = SparseEncoder(modules=[MLMTransformer(str(bert)), SpladePooling()], device="cpu")
    model.save_pretrained(str(folder))
    return folder


def multi_vector_encoder(folder: Path) -> Path:
    """A MultiVectorEncoder (ColBERT) over a BERT."""
    bert = checkpoints.bert(folder.parent / "bert of a multi-vector encoder")
    MultiVectorEncoder(str(bert), device="cpu").save_pretrained(str(folder))
    return folder


def canine(folder: Path) -> Path:
    """A CANINE encoder, which reads characters and has no tokenizer's file."""
    sizes = TINY | {"num_hash_buckets": 300, "max_position_embeddings": 256, "local_transformer_stride": 32}
    drawn(transformers.CanineModel(transformers.CanineConfig(**sizes))).save_pretrained(folder)
    transformers.CanineTokenizer(model_max_length=256).save_pretrained(folder)
    return folder


def byt5(folder: Path) -> Path:
    """A ByT5 encoder-decoder, which reads bytes and has no tokenizer's file."""
    config = transformers.T5Config(vocab_size=384, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4)
    drawn(transformers.T5ForConditionalGeneration(config)).save_pretrained(folder)
    transformers.ByT5Tokenizer().save_pretrained(folder)
    return folder


def sentencepiece_model(path: Path, pad_first: bool) -> int:
    """Train a SentencePiece model on the embedded sentences; returns how many pieces it has.

    ``pad_first``: special pieces as mT5 has them (<pad> </s> <unk>), else as XLM-RoBERTa has (<unk> <s> </s>).
    """
    import sentencepiece

    ids = dict(
        zip(("pad_id", "eos_id", "unk_id", "bos_id"), (0, 1, 2, -1) if pad_first else (-1, 2, 0, 1), strict=True)
    )
    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(checkpoints.sentences()), model_writer=trained, vocab_size=1000, character_coverage=1.0,
        model_type="unigram", num_threads=1, minloglevel=2, **ids,
    )  # fmt: skip
    path.write_bytes(trained.getvalue())
    return 1000


def xlm_roberta_of_pieces(folder: Path) -> Path:
    """An XLM-RoBERTa whose tokenizer is a SentencePiece model alone, as older checkpoints were saved."""
    folder.mkdir()
    count = sentencepiece_model(folder / "sentencepiece.bpe.model", pad_first=False)
    sizes = TINY | {"max_position_embeddings": 66, "type_vocab_size": 1, "pad_token_id": 1}
    drawn(transformers.XLMRobertaModel(transformers.XLMRobertaConfig(vocab_size=count + 2, **sizes))).save_pretrained(
        folder
    )
    return folder


def mt5_of_pieces(folder: Path) -> Path:
    """An mT5 whose tokenizer is a SentencePiece model alone, as older checkpoints were saved."""
    folder.mkdir()
    count = sentencepiece_model(folder / "spiece.model", pad_first=True)
    config = transformers.MT5Config(vocab_size=count + 100, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4)
    drawn(transformers.MT5ForConditionalGeneration(config)).save_pretrained(folder)
    return folder


def decoder(folder: Path) -> Path:
    """A Llama decoder without a padding token."""
    tokenizer = checkpoints.unigram()
    plain = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, eos_token="</s>")
    sizes = TINY | {"num_key_value_heads": 2, "vocab_size": len(tokenizer), "pad_token_id": None}
    drawn(transformers.LlamaModel(transformers.LlamaConfig(**sizes))).save_pretrained(folder)
    plain.save_pretrained(folder)
    return folder


def decoder_chain(folder: Path) -> Path:
    """The same weights as a sentence-transformers folder with mean pooling."""
    inner = decoder(folder.parent / f"{folder.name}-inner")
    chain = [parts.Transformer(str(inner)), parts.Pooling(32)]
    SentenceTransformer(modules=chain, device="cpu").save(str(folder), create_model_card=False)
    for file in folder.glob("tokenizer*"):
        file.unlink()
    for file in inner.glob("tokenizer*"):
        shutil.copy(file, folder / file.name)
    return folder


def edited(file: Path, **settings: Any) -> None:
    """Change settings in a JSON file."""
    known = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    file.write_text(json.dumps(known | settings), encoding="utf-8")


def scaled(file: Path, factor: float) -> None:
    """Multiply all the numbers of a safetensors file."""
    save_file(
        {name: (factor * value).astype(value.dtype) for name, value in load_file(file).items()}, file, {"format": "pt"}
    )
