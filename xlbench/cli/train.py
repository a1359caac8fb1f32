"""``xlbench train``: the training recipes of the installed plugins, one command each."""

from __future__ import annotations

import click

from xlbench.catalog.catalog import Catalog
from xlbench.catalog.checking import error_line
from xlbench.catalog.loading import load
from xlbench.cli.output.printing import plugins_print_elsewhere
from xlbench.core.errors import UsageError, XlbenchError


class Recipes(click.Group):
    """A command for every recipe of the catalog, with "did you mean" for the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the recipes."""
        return [*self._catalog(ctx).recipes]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a recipe; None where there is none of that name, `UsageError` where it gives no command."""
        catalog = self._catalog(ctx)
        if cmd_name not in catalog.recipes:
            return None
        recipe = catalog.recipes[cmd_name]
        whose = f"recipe {cmd_name!r} of {catalog.origins['recipes', cmd_name].label}"
        try:
            command = recipe.command()
        except XlbenchError:
            raise
        except Exception as error:
            raise UsageError(f"{whose} cannot be loaded: {error_line(error)}") from error
        if not isinstance(command, click.Command):
            raise UsageError(f"{whose} gives {type(command).__name__}, not a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """A line a recipe, from its description: reading them from the commands would import all of them."""
        recipes = self._catalog(ctx).recipes
        with formatter.section("Recipes"):
            formatter.write_dl([(name, recipe.description) for name, recipe in recipes.items()] or [("none", "")])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Click's own, with "did you mean" and what is broken for a recipe that there is not."""
        if args and not args[0].startswith("-"):
            self._catalog(ctx).select_recipe(args[0])
        return super().resolve_command(ctx, args)

    def _catalog(self, ctx: click.Context) -> Catalog:
        """The catalog, loaded once a command; recipes find it in their own ``ctx.obj``."""
        if not isinstance(ctx.obj, Catalog):
            with plugins_print_elsewhere():
                ctx.obj = load()
        catalog: Catalog = ctx.obj
        return catalog


@click.group(
    cls=Recipes,
    epilog="\b\nExamples:\n"
    "  xlbench train                        the recipes that are installed\n"
    "  xlbench train siamese --help         what one of them takes\n"
    "  xlbench train siamese --base xlm-r --pairs pairs.tsv --out my-siamese",
)
def command() -> None:
    """Make a model by a recipe: a plugin's way from data to a folder that `xlbench run --model` scores."""
