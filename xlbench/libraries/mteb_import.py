"""Importing mteb, which by itself makes a folder in the user's home and fails where it cannot."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import tempfile
from types import ModuleType

from xlbench.core.errors import require_extra

VARIABLE = "MTEB_CACHE"
"""The environment variable that says where mteb keeps its results."""


def import_mteb(what: str) -> ModuleType:
    """The module ``mteb``, imported so that nothing is written; ``what`` needs it, for the message where it is absent.

    mteb makes a cache object, and its folder, while it is imported: that of a folder that goes away at once. Afterwards
    the object is pointed to where mteb would have kept it, and mteb behaves as if it had been imported by itself.

    Raises:
        MissingExtraError: It is not installed.
    """
    require_extra("mteb", what, "mteb")
    if "mteb" in sys.modules:
        return sys.modules["mteb"]
    before = os.environ.get(VARIABLE)
    with tempfile.TemporaryDirectory() as scratch:
        os.environ[VARIABLE] = scratch
        try:
            module = importlib.import_module("mteb")
        finally:
            if before is None:
                del os.environ[VARIABLE]
            else:
                os.environ[VARIABLE] = before
    cache = inspect.signature(module.evaluate).parameters["cache"].default
    cache.cache_path = cache.default_cache_path
    return module
