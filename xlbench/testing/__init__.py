"""The conformance kit: checks that plugin authors call in their own tests.

    from xlbench.testing import check_model, check_task

    def test_my_model():
        check_model(my_plugin.MODEL)

Everything that is checked is something that xlbench relies on. Some questions (what does the module import? is there a
hash() in it?) go to a fresh process, which imports the plugin's modules as this one did. What is written in
``__main__``, a notebook say, is not asked there: no plugin can come from it.
"""

from xlbench.testing.metrics import check_metric
from xlbench.testing.models import LONG, TEXTS, check_model
from xlbench.testing.process import HEAVY, ConformanceError
from xlbench.testing.tasks import check_task

__all__ = ["HEAVY", "LONG", "TEXTS", "ConformanceError", "check_metric", "check_model", "check_task"]
