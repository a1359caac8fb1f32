"""What tells one model from another where it has no fingerprint of its own."""

import functools

import pytest

from xlbench import Model, UsageError


class Constant:
    """An encoder of one number."""

    def __init__(self, value=1.0):
        self.value = value

    def made(self):
        """An encoder, by a method."""
        return self


def plain():
    """An encoder, by a function of a module."""
    return Constant()


def around(value):
    """A function around a value."""
    return lambda: Constant(value)


def test_a_class_and_a_function_of_a_module_are_their_code():
    """Neither needs a fingerprint, and they are two models."""
    assert Model("one", load=Constant).identity() == Model("two", load=Constant).identity()
    assert Model("one", load=Constant).identity() != Model("one", load=plain).identity()


@pytest.mark.parametrize(
    "load",
    [around(1.0), functools.partial(Constant, 2.0), Constant(3.0).made, lambda value=4.0: Constant(value)],
    ids=["closure", "partial", "method", "default"],
)
def test_a_load_function_that_carries_values_needs_a_fingerprint(load):
    """Its code is the same for all values, and so would be the model: the cache would give one the other's vectors."""
    with pytest.raises(UsageError, match="'made' needs a fingerprint: its load function carries values"):
        Model("made", load=load).identity()
    assert Model("made", load=load, fingerprint=lambda: "4").identity()
