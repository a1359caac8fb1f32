"""The recipe `mlm`: corpora, tokenizers, masks and the training of masked language models."""
