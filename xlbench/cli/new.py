"""``xlbench new``: a distribution that offers something of one's own, made from a template."""

from __future__ import annotations

from pathlib import Path

import click

from xlbench.catalog.loading import load
from xlbench.cli.output.printing import echo, plugins_print_elsewhere
from xlbench.core.errors import UsageError
from xlbench.core.text import one_line
from xlbench.templates.project import KINDS, Project


@click.command(
    epilog="\b\nExamples:\n"
    "  xlbench new model my-vowels             ./xlbench-my-vowels, with a model my-vowels\n"
    "  xlbench new card my-news --dir plugins  plugins/xlbench-my-news, with a card and its texts\n\n"
    "\b\nThen, in the folder that was made:\n"
    "  pip install -e . pytest\n"
    "  pytest",
)
@click.argument("kind", type=click.Choice(tuple(KINDS)))
@click.argument("name")
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Where the project's folder is made.  [default: the current folder]",
)
def command(kind: str, name: str, folder: Path) -> None:
    """Make a small distribution that offers a model, a card, a task, a protocol, a board format or an engine.

    It is complete: it can be installed, passes its own tests and all checks of xlbench, and has a README and a CI
    workflow. NAME is what is offered: lower-case letters, digits and hyphens. Change what it does, and run the tests.
    """
    project = Project(kind, name)
    _check_free(project)
    home = project.write(folder)
    where = one_line(str(home))
    echo(f"wrote {where}:")
    for place in project.files():
        echo(f"  {place}")
    typed = f'"{where}"' if " " in where else where  # in double quotes, which every shell knows
    echo(f"\nnext:\n  cd {typed}\n  pip install -e . pytest\n  pytest\n  {project.use}")


def _check_free(project: Project) -> None:
    """`UsageError` where an installed plugin offers something of that kind and name."""
    with plugins_print_elsewhere():
        catalog = load()
    kind = KINDS[project.kind].offers
    owner = catalog.origins.get((kind, project.name))
    if owner is not None:
        taken = f"the {kind.removesuffix('s')} name {project.name!r} is taken by {owner.label}"
        raise UsageError(f"{taken}: choose another")
    project.check_free()
