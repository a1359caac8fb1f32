"""Where numbers come from: the processor, the linear algebra and the memory that a run's provenance names."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from xlbench.runs import provenance

BLAS = "import numpy\nfrom xlbench.runs import provenance\nimport json\nprint(json.dumps(provenance.linear_algebra()))"


@pytest.mark.parametrize(("kernel", "threads"), [("Nehalem", 1), ("Sandybridge", 2)])
def test_the_kernel_that_is_in_force_is_named(kernel, threads):
    """What OpenBLAS was told to use, and with how many threads, is what provenance says."""
    environment = os.environ | {"OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": str(threads)}
    done = subprocess.run([sys.executable, "-c", BLAS], env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    if {pool["library"] for pool in found} != {"openblas"} or os.uname().machine != "x86_64":
        pytest.skip("numpy computes with another library here")
    assert [(pool["kernel"], pool["threads"]) for pool in found] == [(kernel, min(threads, os.cpu_count() or 1))]
    assert all(pool["version"] for pool in found)


def test_a_run_names_processor_and_linear_algebra():
    """Both are told in plain texts and numbers, none of them empty."""
    import numpy  # noqa: F401 - it brings a BLAS

    assert provenance.of_command(["/somewhere/xlbench", "run"]) == ["xlbench", "run"]
    told = provenance.of_process([])
    assert told["processor"]
    assert told["machine"]
    pools = provenance.linear_algebra()
    assert pools
    assert json.loads(json.dumps(pools)) == pools


def test_memory_that_the_system_does_not_tell_is_not_known():
    """On a system without the module `resource` (Windows), provenance is imported, and the peak is None."""
    code = (
        "import sys\nsys.modules['resource'] = None\n"
        "from xlbench.runs import provenance\nprint(provenance.peak_memory_bytes())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "None"
    peak = provenance.peak_memory_bytes()
    assert peak is None or peak > 1 << 20


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the system does not say")
def test_memory_is_that_of_the_process_and_not_of_the_one_that_started_it():
    """A small process that a large one starts tells its own peak."""
    child = "from xlbench.runs import provenance; print(provenance.peak_memory_bytes())"
    code = f"import subprocess, sys; large = b'x' * (512 << 20); subprocess.run([sys.executable, '-c', {child!r}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 1 << 20 < int(done.stdout) < 256 << 20
