"""Codes with a script, and ours."""

from xlbench.core.languages import from_scripts, usual_script, with_script


def test_a_script_stays_where_it_matters():
    """The usual script is left out, another one stays, and of two of one language both stay; Chinese always has one."""
    given = ["hin-Deva", "eng-Latn", "zho-Hans", "srp-Cyrl", "hin-Latn"]
    assert from_scripts(given) == {
        "hin-Deva": "hin_Deva", "hin-Latn": "hin_Latn", "eng-Latn": "eng", "zho-Hans": "zho_Hans",
        "srp-Cyrl": "srp_Cyrl",
    }  # fmt: skip
    assert from_scripts(["hin-Deva"]) == {"hin-Deva": "hin"}
    assert from_scripts(["hin-Latn"]) == {"hin-Latn": "hin_Latn"}
    assert from_scripts(["eng"]) == {"eng": "eng"}


def test_ours_get_a_script():
    """A code gets its language's usual script, keeps its own, and loses a region; an unknown language has none."""
    assert [with_script(code) for code in ("hin", "zho_Hans", "por_BR", "qaa")] == [
        "hin-Deva", "zho-Hans", "por-Latn", "qaa"
    ]  # fmt: skip
    assert usual_script("qaa") == ""
