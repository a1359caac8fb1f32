"""``python -m xlbench``: the command line without the script."""

from xlbench.cli import main

main()
