"""xlbench inside other libraries: any model in mteb's `evaluate`, any task in a trainer of sentence-transformers."""
