"""A plugin that ends the process where it is imported, as a script without a main guard does."""

import sys

import xlbench


@xlbench.hookimpl
def xlbench_models():
    return []


sys.exit("this was meant to be run as a script")
