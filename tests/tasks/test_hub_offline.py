"""The hub's reader without a network: nothing is asked in vain, and what is in the cache is found."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from reader_files import REVISION, TAGGED, hub_source

from xlbench import DataMissing, UsageError


@pytest.mark.slow
def test_without_a_network_the_hub_is_missing_not_broken(tmp_path):
    """Offline and not in the cache: the pinned home, the reason, and two ways to get the data."""
    code = (
        "from reader_files import hub_source\n"
        "from xlbench import DataMissing\n"
        "try: hub_source(None).languages()\n"
        "except DataMissing as missing: print(missing)\n"
    )
    environment = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    for part in ("org/name", REVISION, "not at hand", "run once with a network", "DATA/org/name"):
        assert part in done.stdout
    assert len(done.stdout.splitlines()) == 1


def _asked(endpoint: str, tmp_path: Path, **environment: str) -> tuple[str, float]:
    """What a process that has only this endpoint of a hub says of a data set, and after how many seconds."""
    code = (
        "import time\n"
        "from reader_files import hub_source\n"
        "from xlbench import DataMissing\n"
        "import datasets, huggingface_hub\n"
        "begin = time.monotonic()\n"
        "for table in ({}, {'config': '{language}', 'fields': {'text': 'text'}},\n"
        "              {'split': None, 'files': '{language}.parquet', 'fields': {'text': 'text'}}):\n"
        "    try: print(hub_source(None, **table).languages())\n"
        "    except DataMissing as missing: print(missing)\n"
        "assert not huggingface_hub.is_offline_mode() or " + repr("HF_HUB_OFFLINE" in environment) + "\n"
        "print(time.monotonic() - begin)\n"
    )
    variables = {name: value for name, value in os.environ.items() if not name.startswith("HF_")} | environment
    variables |= {"HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path / "home")}
    variables["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    *said, seconds = done.stdout.splitlines()
    assert len(said) == 3
    assert not done.stderr
    return "\n".join(said), float(seconds)


@pytest.mark.slow
def test_a_hub_that_cannot_be_reached_costs_one_short_attempt(tmp_path):
    """Nobody listens: each way to ask fails within seconds, where the hub's client would try for half a minute."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        said, seconds = _asked(endpoint, tmp_path)
    assert said.count(f"no connection to {endpoint}") == 3
    assert seconds < 12


@pytest.mark.slow
def test_offline_means_that_nothing_is_asked(tmp_path):
    """With HF_HUB_OFFLINE no connection is opened; without it, one is."""
    met = []

    def hang_up(server: socket.socket) -> None:
        with suppress(OSError):  # the end of the test closes the server
            while True:
                met.append(server.accept()[0].close())

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=hang_up, args=[server], daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        said, _ = _asked(endpoint, tmp_path, HF_HUB_OFFLINE="1")
        assert said.count("is not at hand") == 3
        assert "no connection" not in said
        assert not met
        said, _ = _asked(endpoint, tmp_path)
        assert said.count("no connection") == 3
        assert met


@pytest.mark.slow
@pytest.mark.parametrize(("cached", "said"), [(REVISION, "('cached',)"), (REVISION[::-1], "another revision only")])
def test_offline_the_pinned_revision_is_found_in_the_cache_and_no_other(tmp_path, cached, said):
    """What `datasets` fetched before is read again; another revision of it is not taken for the pinned one."""
    import datasets
    from datasets.arrow_writer import ArrowWriter

    folder = tmp_path / "datasets/org___name/default/0.0.0" / cached
    folder.mkdir(parents=True)
    features = datasets.Features({"eng": datasets.Value("string")})
    with ArrowWriter(path=str(folder / "name-test.arrow"), features=features) as writer:
        writer.write({"eng": "cached"})
        writer.finalize()
    splits = datasets.SplitDict(test=datasets.SplitInfo("test", 1, 1, dataset_name="name"), dataset_name="name")
    info = datasets.DatasetInfo(features=features, builder_name="parquet", dataset_name="name", config_name="default",
                                version="0.0.0", splits=splits)  # fmt: skip
    info.write_to_directory(str(folder))
    code = "from reader_files import hub_source\nprint(hub_source(None).read('eng').fields['text'])\n"
    variables = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(tmp_path),
        "HF_DATASETS_CACHE": str(tmp_path / "datasets"),
    }
    variables["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True)
    assert said in done.stdout + done.stderr


def test_a_hub_that_cannot_be_reached_is_asked_once(monkeypatch):
    """Every further question is answered from memory, because each attempt can take seconds."""
    import datasets

    asked = []

    def offline(**options):
        asked.append(options)
        raise ConnectionError("no network\nand a second line")

    monkeypatch.setattr(datasets, "load_dataset", offline)
    source = hub_source(None)
    for _ in range(3):
        with pytest.raises(DataMissing, match=r"ConnectionError: no network\); run once"):
            source.languages()
    assert asked == [{"path": "org/name", "revision": REVISION, "name": None, "split": "test"}]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"repo": "name"}, "is not 'organization/name'"),
        ({"repo": "../name"}, "is not 'organization/name'"),
        ({"revision": "main"}, "not a full commit id"),
        ({"fields": {"text": "text"}}, "say in one place"),
        ({"config": "{language}"}, "say in one place"),
        ({"split": None}, "lacks 'split'"),
        ({"files": "a.parquet"}, "stands in place of config and split"),
        ({"split": None, "files": "a.csv"}, "does not end in one of .parquet"),
        ({"fields": {"tokens": "a"}, "language": "nep"}, "words come with tags"),
        ({"tags": {"PER": "PER"}}, "words come with tags"),
        (
            TAGGED | {"fields": {"tokens": "a", "tags": "b", "label": "c"}, "language": "nep"},
            "'label' does not go with",
        ),
        (TAGGED | {"fields": {"tokens": ["a", "b"], "tags": "c"}, "language": "nep"}, "only text can be joined"),
        ({"drop_empty": ["lable"], "fields": {"text": "a", "label": "b"}, "language": "nep"}, "Did you mean 'label'"),
        ({"pivot": {"language": "eng"}}, "pivot: say its language, and the column"),
        ({"pivot": {"language": "eng", "text": "b"}}, "pivot: goes with texts alone"),
        ({"pivot": {"language": "engl", "text": "b"}}, "Did you mean 'eng'"),
    ],
)
def test_a_hub_home_must_be_pinned_and_clear(table, message):
    """A branch is no revision, and the languages are in one place."""
    with pytest.raises(UsageError, match=message):
        hub_source(None, **table)
