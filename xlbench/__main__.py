"""``python -m xlbench``: the command line, with the import path that the script ``xlbench`` has."""

import sys

if not sys.flags.safe_path:  # ``-m`` puts it first, where a file of it would stand in for an installed module
    del sys.path[0]

from xlbench.cli import main

main()
