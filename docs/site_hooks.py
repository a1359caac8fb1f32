"""What mkdocs does not do by itself: links out of the documentation, lists as on GitHub, what is read from the code."""

from __future__ import annotations

import importlib
import posixpath
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SHOWN = (".html", ".json")
"""Endings of files outside of docs/ that a browser shows: they are copied into the site."""
COMMANDS = "<!-- every command -->"
"""Where a page wants the help of every command."""
MESSAGES = "<!-- every message -->"
"""Where a page wants the message of every error."""

_FENCES = re.compile(r"^(```.*?^```)", re.MULTILINE | re.DOTALL)
_OUTSIDE = re.compile(r"\[([^\]]+)\]\(((?:\.\./)+[^)\s#]+)(#[^)\s]+)?\)")
_LIST_AFTER_TEXT = re.compile(r"^(?!\s*(?:[-*]|\d+\.) )(\S.*)\n(?=(?:[-*]|\d+\.) )", re.MULTILINE)

_LIST_IN_LIST = re.compile(r"^ {2,3}(?=(?:[-*]|\d+\.) )", re.MULTILINE)


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """The text of a page, as mkdocs is to read it."""
    if COMMANDS in markdown:
        markdown = markdown.replace(COMMANDS, commands())
    if MESSAGES in markdown:
        sys.path.insert(0, str(Path(__file__).parent))
        markdown = markdown.replace(MESSAGES, importlib.import_module("site_messages").page())
    parts = _FENCES.split(markdown)
    for place in range(0, len(parts), 2):  # the odd ones are blocks of code
        text = _OUTSIDE.sub(lambda link: _outside(link, page.file.src_uri, config, files), parts[place])
        parts[place] = _LIST_IN_LIST.sub("    ", _LIST_AFTER_TEXT.sub(r"\1\n\n", text))
    return "".join(parts)


def _outside(link: re.Match[str], page: str, config: Any, files: Any) -> str:
    """A link to a file of the repository that is no page of the site: to a copy of it, or its name alone."""
    text, target, _ = link.groups()
    path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), target))
    if path.startswith("docs/"):
        return link.group()
    if not path.endswith(SHOWN):
        return text if path in text else f"{text} (`{path}` in the repository)"
    copy = f"repository/{path}"
    if files.get_file_from_path(copy) is None:
        from mkdocs.structure.files import File

        files.append(File.generated(config, copy, abs_src_path=str(ROOT / path)))
    return f"[{text}]({posixpath.relpath(copy, posixpath.dirname(page) or '.')})"


def commands() -> str:
    """A section a command: what it does, and its arguments and options, as its ``--help`` has them."""
    import click

    from xlbench.cli import COMMANDS as NAMES
    from xlbench.cli import group

    context = click.Context(group, info_name="xlbench")
    return "\n\n".join(_section(group.get_command(context, name), name, context) for name in NAMES)


def _section(command: Any, name: str, parent: Any, level: int = 2) -> str:
    import click

    context = click.Context(command, info_name=name, parent=parent, max_content_width=90, terminal_width=90)
    lines = [f"{'#' * level} `{context.command_path}`", f"```text\n{command.get_help(context).strip()}\n```"]
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None:
                lines.append(_section(found, inner, context, level + 1))
    return "\n\n".join(lines)
