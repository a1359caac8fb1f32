"""The command line: a file or a folder a command, imported when the command is named.

What commands share is in ``options`` and ``output``.
"""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

import click

from xlbench.cli.options.arguments import CONFIG, OF_THE_GROUP, PLUGIN, from_command
from xlbench.cli.options.repeats import refuse_repeats
from xlbench.cli.output.printing import echo
from xlbench.core.errors import INTERRUPTED, INVALID, OK, USAGE, XlbenchError
from xlbench.core.text import did_you_mean, error_text, one_line
from xlbench.core.version import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "run": "Score models on tasks: every number with its interval.",
    "curve": "Score models with more and more to learn from.",
    "board": "Render saved runs as leaderboards.",
    "report": "Write a board as one page, with items.",
    "plot": "Draw what was measured, for papers, and vectors, to be looked at.",
    "export": "Write vectors or saved runs in the files of other programs.",
    "import": "Read results of other programs, to stand beside measured ones.",
    "compare": "Say whether one run is better than another, where, and by how much.",
    "pack": "Write a saved run as one compact file.",
    "unpack": "Write packed runs back as folders, to go on with them.",
    "gate": "Judge a candidate by a baseline: one verdict, and an exit code for it.",
    "card": "Draft a card from files of your own: a task, without code.",
    "list": "List the models, tasks, suites or areas that can be named.",
    "plugins": "Show the installed plugins, and what is broken and why; check them.",
    "config": "Show what options are by default, and why: configuration file, environment.",
    "completion": "Print what makes a shell complete commands, options and names.",
    "doctor": "Look what is missing or broken on this machine, and say how to mend it.",
    "new": "Make a plugin from a template: a model, card, task, protocol, board or engine.",
    "cache": "Show, empty or check the cache of vectors.",
    "published": "Compare saved runs with published figures.",
    "texts": "Write the texts of tasks, to be encoded by any program.",
    "fetch": "Bring data and checkpoints onto this machine beforehand.",
    "results": "Look at saved runs, check, join and clear them.",
    "corpus": "Make a cleaned corpus of files, for training language models.",
    "train": "Make a model by a recipe, such as a fine-tuned siamese.",
}
"""Command -> what it does, in one line. The module or package of its name below this one has it, as ``command``."""
GO_ON = ("run", "curve", "fetch")
"""Commands that go on, when they are given again, from where they were stopped."""
COMPLETE = "_XLBENCH_COMPLETE"
"""The variable by which a shell asks for what may come next on a command line."""
MODULES = {"import": "imports"}
"""Commands whose name no module can have -> their module."""


class Commands(click.Group):
    """Commands that are imported when they are named, with "did you mean" for the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in `COMMANDS`, in their order."""
        return [*COMMANDS]  # `list` is a module of this package, and here its name

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, from its module, which is imported now; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        module = MODULES.get(cmd_name, cmd_name)
        command: click.Command = importlib.import_module(f"xlbench.cli.{module}").command
        refuse_repeats(command)
        if COMPLETE in os.environ:
            from xlbench.cli.options.completing import offer_names

            offer_names(command, cmd_name)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands from `COMMANDS`, so that none has to be imported, or options of xlbench itself."""
        from click.shell_completion import CompletionItem

        begun = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return [*begun, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The lines of `COMMANDS`: to read them from the commands, all of them would have to be imported."""
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Click's own, with "did you mean" for a command that there is not."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"No such command {args[0]!r}.{did_you_mean(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="\b\nExamples:\n"
    "  xlbench run                                  score the built-in models on the built-in suite\n"
    "  xlbench run --task ntrex --data DIR -m ngram one model on one task\n"
    "  xlbench board results                        render saved runs\n"
    "  xlbench list tasks                           what can be asked",
)
@click.version_option(__version__, prog_name="xlbench")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.option("--config", type=click.Path(dir_okay=False), metavar="FILE",
              help="Defaults of options.  [default: $XLBENCH_CONFIG, else the nearest xlbench.toml or pyproject.toml "
              "with [tool.xlbench], upwards]")  # fmt: skip
@click.option("--no-plugins", is_flag=True, help="Load no plugins but those that come with xlbench.")
@click.option("--plugin", "plugins", multiple=True, metavar="NAME",
              help="Load this plugin, and no others but those that come with xlbench (repeatable).")  # fmt: skip
@click.pass_context
def group(ctx: click.Context, debug: bool, config: str | None, no_plugins: bool, plugins: tuple[str, ...]) -> None:
    """Measure text encoders across languages: an interval on every number, a plugin for everything."""
    from xlbench.cli.options.begin import begin

    begin(ctx, config, plugins if plugins or no_plugins else None)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with a code of `xlbench.core.errors`."""
    arguments = sys.argv[1:] if arguments is None else arguments
    gc.set_threshold(50_000, *gc.get_threshold()[1:])  # records by the thousand stay: looking at them took 5% of a run
    if instruction := os.environ.get(COMPLETE):
        from xlbench.cli.options.completing import complete

        sys.exit(complete(group, COMPLETE, instruction))
    sys.exit(_run_guarded(arguments, debug="--debug" in arguments or bool(os.environ.get("XLBENCH_DEBUG"))))


def _run_guarded(arguments: list[str], *, debug: bool) -> int:
    """Run, and turn every way of failing into one line and an exit code."""
    from xlbench.core.tracebacks import shown_tracebacks

    try:
        if "gate" in arguments:
            from xlbench.cli.output.verdict_files import invalidate

            invalidate(arguments)
        with shown_tracebacks(wanted=debug):
            outcome: Any = group.main(arguments, prog_name="xlbench", standalone_mode=False)
        return outcome if isinstance(outcome, int) else OK
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        shown = io.StringIO()
        (_with_suggestion(error) if isinstance(error, click.NoSuchOption) else error).show(shown)
        echo(shown.getvalue().rstrip("\n"), err=True)
        return USAGE
    except (KeyboardInterrupt, click.Abort):
        command = next(iter(from_command(arguments)), "")
        saved = "; what was done is saved, and the same command goes on from there" if command in GO_ON else ""
        echo(f"xlbench: stopped{saved}.", err=True)
        return INTERRUPTED
    except BrokenPipeError:  # `xlbench ... | head`: nobody is reading any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except XlbenchError as error:
        return _explain(error, str(error), error.exit_code, debug=debug)
    except Exception as error:  # noqa: BLE001 - the last resort: one line here, the traceback with --debug
        line = f"internal error: {error_text(error)} (run with --debug for the traceback)"
        return _explain(error, line, INVALID, debug=debug)


MEANT = {
    **dict.fromkeys(("--out", "--output", "--output-dir", "--outdir", "--dir", "-o"), ("--boards", "--results")),
    **dict.fromkeys(("--lang", "--langs", "--languages"), ("--language",)),
}
"""Options that other programs have -> what a command may have in their place."""


def _with_suggestion(error: click.NoSuchOption) -> click.NoSuchOption:
    """The error, with what the option is in this command in the place of click's own guess."""
    if error.option_name in OF_THE_GROUP:
        rest = error.ctx.command_path.removeprefix("xlbench") if error.ctx else ""
        value = {PLUGIN: " NAME", CONFIG: " FILE"}.get(error.option_name, "")
        message = f"{error.option_name!r} stands before the command: xlbench {error.option_name}{value}{rest}"
        return click.NoSuchOption(error.option_name, message, ctx=error.ctx)
    has = {name for option in error.ctx.command.params for name in option.opts} if error.ctx else set()
    options = [repr(name) for name in MEANT.get(error.option_name, ()) if name in has]
    message = f"No such option {error.option_name!r}. Did you mean {' or '.join(options)}?"
    return click.NoSuchOption(error.option_name, message, ctx=error.ctx) if options else error


def _explain(error: Exception, line: str, code: int, *, debug: bool) -> int:
    if debug:
        echo("".join(traceback.format_exception(error)), err=True)
    echo(f"xlbench: {one_line(line)}", err=True)
    return code
