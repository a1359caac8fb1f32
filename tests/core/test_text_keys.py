"""Keys of texts."""

import hashlib
import unicodedata

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xlbench import text_keys

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def test_a_key_is_the_beginning_of_a_hash():
    """By hand: eight bytes of SHA-256 of the text without white space and case."""
    (key,) = text_keys(["Aa\u3000b\n"])
    assert int(key) == int(hashlib.sha256(b"aab").hexdigest()[:16], 16)
    assert text_keys([]).dtype == np.uint64


@given(TEXT, TEXT)
def test_notation_case_and_white_space_make_no_other_key(one, other):
    """Spaces, decomposed letters and capitals are the same text; other texts have another key."""
    variants = [one, f" {one}\n", unicodedata.normalize("NFD", one), one.casefold(), " ".join(one)]
    assert len({*text_keys(variants).tolist()}) == 1
    same = "".join(one.casefold().split()) == "".join(other.casefold().split())
    assert same <= (text_keys([one])[0] == text_keys([other])[0])
