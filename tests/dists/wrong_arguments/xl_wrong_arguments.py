"""A plugin whose hook asks for an argument that no hook is given."""

import xlbench


@xlbench.hookimpl
def xlbench_models(settings):
    return [xlbench.Model("of-settings", load=settings)]
