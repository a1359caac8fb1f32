"""Values that are slow to derive from an installed library, kept beside the vectors."""

import pytest

from xlbench import Data
from xlbench.catalog import load
from xlbench.encoding.cache import derived
from xlbench_tasks.readers import cldr


def test_a_value_is_made_once_for_its_content(tmp_path):
    """Equal content gives what was made first; other content is made; a damaged file is made anew."""
    made = []

    def make():
        made.append(1)
        return {"names": ["é", "नेपाल"], "n": len(made)}

    first = derived("x", ("Babel 1", "hin"), make, tmp_path)
    assert derived("x", ("Babel 1", "hin"), make, tmp_path) == first
    assert derived("x", ("Babel 2", "hin"), make, tmp_path)["n"] == 2
    for path in tmp_path.rglob("*.json"):
        path.write_bytes(path.read_bytes()[:-3])
    assert derived("x", ("Babel 1", "hin"), make, tmp_path)["n"] == 3


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path):
    """Without a place to keep it, a value is made each time, and nothing fails."""
    (tmp_path / "file").write_text("")
    assert [derived("x", ("a",), lambda: [1], tmp_path / "file") for _ in range(2)] == [[1], [1]]


def test_names_of_the_cldr_are_read_once(monkeypatch):
    """The second time, the same subsets with the same content come without asking Babel for a name."""
    (lexicon,) = load().select_tasks(["lexicon"])

    def subsets():
        return [(it.name, it.n, it.fingerprint, it.load and it.missing) for it in lexicon.subsets(Data(limit=20))]

    first = subsets()
    monkeypatch.setattr(cldr, "CATEGORIES", dict.fromkeys(cldr.CATEGORIES))  # None cannot be called
    assert subsets() == first
    with pytest.raises(TypeError):
        list(lexicon.subsets(Data(limit=19)))
