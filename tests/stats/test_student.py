"""Student's t, held against scipy's."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from xlbench.stats import student

FREEDOMS = (0.5, 1.0, 1.7, 2.0, 3.0, 10.0, 59.0, 60.0, 61.0, 999.0, 1e5, 1e7)


@pytest.mark.parametrize("freedom", FREEDOMS)
def test_tails_are_scipys(freedom):
    """The probability beyond a value, near 0 and far out, on both sides."""
    for t in (0.0, 1e-3, 0.5, 1.0, 2.0, 2.5, 5.0, 30.0):
        assert student.tail(t, freedom) == pytest.approx(special.stdtr(freedom, -t), rel=1e-9, abs=1e-300)
        assert student.tail(-t, freedom) == pytest.approx(special.stdtr(freedom, t), rel=1e-9)


@pytest.mark.parametrize("freedom", FREEDOMS[1:])
@pytest.mark.parametrize("p", [0.5, 0.6, 0.8, 0.95, 0.975, 0.995, 1 - 1e-6])
def test_quantiles_are_scipys(freedom, p):
    """The value below which a probability lies, and its mirror image."""
    assert student.quantile(p, freedom) == pytest.approx(special.stdtrit(freedom, p), rel=1e-9)
    assert student.quantile(1 - p, freedom) == pytest.approx(-student.quantile(p, freedom), rel=1e-9)


@given(st.floats(1, 1e6), st.floats(1e-9, 0.5))
def test_a_quantile_has_its_tail(freedom, above):
    """The tail beyond a quantile is what was asked for, whatever the degrees of freedom."""
    assert student.tail(student.quantile(1 - above, freedom), freedom) == pytest.approx(above, rel=1e-6)


@pytest.mark.parametrize("freedom", [1.0, 5.0, 25.0, 700.0, math.inf])
@pytest.mark.parametrize("above", [1e-9, 1e-17, 1e-30, 1e-100])
def test_quantiles_of_tiny_probabilities_have_them_above(freedom, above):
    """A p far below what 1 - p can hold still has its value."""
    found = -student.quantile(above, freedom)
    assert found > 5
    assert student.tail(found, freedom) == pytest.approx(above, rel=1e-6)


@pytest.mark.parametrize("freedom", [9.9e7, 1e8, 1e12, 1e15])
def test_very_many_degrees_of_freedom_are_normal(freedom):
    """Rounding spoils neither tail nor quantile, where a continued fraction would no longer do."""
    for t in (0.5, 1.96, 2.5, 5.0):
        assert student.tail(t, freedom) == pytest.approx(special.ndtr(-t), rel=1e-5)
    assert student.quantile(0.975, freedom) == pytest.approx(special.ndtri(0.975), rel=1e-7)


def test_tables_of_students_t_hold():
    """Values as textbooks print them; with infinitely many degrees of freedom those of the normal distribution."""
    printed = {1: 12.706, 2: 4.303, 5: 2.571, 10: 2.228, 30: 2.042, 120: 1.980, math.inf: 1.960}
    assert {freedom: round(student.quantile(0.975, freedom), 3) for freedom in printed} == printed


def test_what_has_no_answer_is_no_number():
    """No degrees of freedom, or a probability that is none, is NaN rather than a number."""
    tails = [student.tail(1.0, 0.0), student.tail(math.nan, 3.0)]
    assert all(map(math.isnan, [*tails, student.quantile(0.5, 0.0), student.quantile(1.5, 3.0)]))
