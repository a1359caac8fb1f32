"""Protocols: how an area's question is put. One light file a protocol, which lists without numpy; the numbers are
computed in the file that it imports when a cell is due.

A protocol is a module with ``VERSION`` (raised when scores would change), ``OPTIONS`` (a card's ``[options]``: name ->
type or allowed values), ``METRICS`` (the first is the main one), ``subsets(source, options, data, languages)`` and
``evaluate(subset, session)``.
"""

PROTOCOLS = ("retrieval",)
