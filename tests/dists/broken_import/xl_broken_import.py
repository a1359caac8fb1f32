"""A plugin whose library is not installed."""

import a_library_that_is_not_there

import xlbench


@xlbench.hookimpl
def xlbench_models():
    yield a_library_that_is_not_there.model("lost")
