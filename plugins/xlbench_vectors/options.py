"""The options of both schemes: what may follow a ``?`` in a spec."""

from __future__ import annotations

from xlbench import Option

_LABELS = (
    Option("name", description="what boards and results call it; the spec itself where it is left out"),
    Option(
        "trained_on",
        description="data sets that it was trained on, as cards name them, with commas: boards mark its scores there",
    ),
)

_AFTERWARDS = (
    Option("normalize", "bool", default=False, description="vectors of unit length"),
    Option(
        "similarity",
        "choice",
        "cosine",
        ("cosine", "dot"),
        "how vectors are compared, where a task can choose (retrieval can)",
    ),
)

OF_FILES = (
    *_LABELS,
    Option("dimensions", "int", description="only the first N, at unit length"),
    Option("zero_is_unknown", "bool", default=False, description="zeros are the vector of a text that is not known"),
    *_AFTERWARDS,
)
"""Of ``vectors:``."""

OF_SERVICES = (
    *_LABELS,
    Option("model", description="the model's name, as the service calls it"),
    Option("dimensions", "int", description="how many dimensions the service is asked for; left out: all"),
    Option("prompt", default="", description="what is put before every text; or a template, where it holds {text}"),
    Option("prompt_query", description="the same for the queries of an asymmetric search; left out: prompt"),
    Option("prompt_document", description="the same for the documents of an asymmetric search; left out: prompt"),
    Option("max_chars", "int", description="characters of a text (without the prompt) that are sent; left out: all"),
    Option(
        "dtype",
        "choice",
        "float16",
        ("float32", "float16", "bfloat16"),
        "numbers that the service computes in: by how much a text's vectors may differ from call to call",
    ),
    Option(
        "encoding", "choice", "float", ("float", "base64"), "how the service is asked to write numbers; base64 is short"
    ),
    Option("batch_size", "int", 64, description="texts of a request, at the most"),
    Option("timeout", "float", 60.0, description="seconds that a request may take"),
    Option("retries", "int", 6, description="times that a request is made again, after a failure that may pass"),
    Option("rate", "float", description="requests a minute, at the most; left out: no limit"),
    Option("key", description="the environment variable that holds the key, such as XLBENCH_HTTP_KEY"),
    *_AFTERWARDS,
)
"""Of ``http:``."""
