"""``xlbench completion``: prints what makes a shell complete commands, options and names."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

from xlbench.cli.output.printing import echo

SHELLS = ("bash", "zsh", "fish")


@click.command(
    epilog="\b\nExamples:\n"
    '  eval "$(xlbench completion bash)"                                       in ~/.bashrc\n'
    '  eval "$(xlbench completion zsh)"                                        in ~/.zshrc, after compinit\n'
    "  xlbench completion fish > ~/.config/fish/completions/xlbench.fish       once",
)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what makes SHELL complete commands, options, and names of models, tasks, suites, languages and others.

    Names are those of the plugins that the command would load.
    """
    from xlbench.cli import COMPLETE

    made = get_completion_class(shell)
    assert made is not None
    asking = made(ctx.find_root().command, {}, "xlbench", COMPLETE)
    echo(ShellComplete.source(asking).strip())  # that of bash asks the bash of this machine for its version first
