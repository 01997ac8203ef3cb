"""Write ``docs/man/`` from the command tree, or with ``--check`` report what is out of date.

A page has the version of the program and no date, so that it is the same whenever it is written.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from msgspec import Struct

from zoomcall import __version__
from zoomcall.cli.commands import EXAMPLES, build_root, first_examples
from zoomcall.cli.schemas.documents import exit_meanings

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "man"

Row = tuple[str, str]
"""A flag, argument, variable or exit code as help shows it, and what it means."""

_AS_IS = "\b\n"
"""What a paragraph begins with whose lines stay as they are."""
_ROFF = str.maketrans(
    {"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti", "…": "...", "\b": ""}
)


class Leaf(Struct, frozen=True):
    """A command with all that its help page shows."""

    path: tuple[str, ...]
    usage: str
    paragraphs: tuple[str, ...]
    arguments: tuple[Row, ...]
    flags: tuple[Row, ...]
    examples: str

    @property
    def page(self) -> str:
        """The name of its page."""
        return "-".join(("zoomcall", *self.path))

    @property
    def summary(self) -> str:
        """Its first paragraph, on one line and without the full stop."""
        return " ".join(self.paragraphs[0].split()).rstrip(".")


def main() -> int:
    """Write or compare every page and return the exit code."""
    pages = {f"{name}.1": text for name, text in _pages()}
    if sys.argv[1:] == ["--check"]:
        found = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*")}
        stale = sorted(name for name in pages.keys() | found.keys() if pages.get(name) != found.get(name))
        if stale:
            print(f"docs/man: {', '.join(stale)} out of date; run make completions", file=sys.stderr)
        return bool(stale)
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*"):
        path.unlink()
    for name, text in pages.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


def _pages() -> Iterator[Row]:
    """Yield the name and text of every page; a flag that every command has is told in zoomcall(1) alone."""
    root = build_root()
    leaves = tuple(_leaves(root, ()))
    common = tuple(flag for flag in leaves[0].flags if all(flag in leaf.flags for leaf in leaves))
    yield "zoomcall", _root_page(leaves, root, common)
    for leaf in leaves:
        yield leaf.page, _leaf_page(leaf, leaves, common)


def _leaves(command: Any, path: tuple[str, ...]) -> Iterator[Leaf]:
    context = typer.Context(command, info_name=path[-1] if path else "zoomcall", **command.context_settings)
    names = getattr(command, "commands", ())
    for name in names:
        child = command.get_command(context, name)
        if not child.hidden:
            yield from _leaves(child, (*path, name))
    if names:
        return
    rows: dict[str, list[Row]] = {"argument": [], "option": []}
    for parameter in command.get_params(context):
        row = parameter.get_help_record(context)
        if row is not None:
            rows[parameter.param_type_name].append(row)
    yield Leaf(
        path=path,
        usage=" ".join(command.collect_usage_pieces(context)),
        paragraphs=_paragraphs(command.help),
        arguments=tuple(rows["argument"]),
        flags=tuple(rows["option"]),
        examples=command.epilog.removeprefix(EXAMPLES),
    )


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(text.strip().split("\n\n"))


def _root_page(leaves: Iterable[Leaf], root: Any, common: Iterable[Row]) -> str:
    about = root.help
    return _page(
        "zoomcall",
        about.rstrip("."),
        {
            "SYNOPSIS": ".B zoomcall\nCOMMAND [OPTIONS]\n",
            "DESCRIPTION": _prose((about, "Each command has a page of its own, like zoomcall-doctor(1).")),
            "COMMANDS": _rows((" ".join(leaf.path), leaf.summary) for leaf in leaves),
            "COMMON OPTIONS": _rows(common),
            "EXIT STATUS": _rows((str(int(status)), meaning) for status, meaning in exit_meanings()),
            "ENVIRONMENT": _rows(_variables()),
            "EXAMPLES": _verbatim("\n".join(first_examples(root, typer.Context(root)))),
        },
    )


def _leaf_page(leaf: Leaf, leaves: Iterable[Leaf], common: tuple[Row, ...]) -> str:
    group = leaf.path[:-1]
    others = [each.page for each in leaves if group and each.path[:-1] == group and each != leaf]
    return _page(
        leaf.page,
        leaf.summary,
        {
            "SYNOPSIS": f".B zoomcall {_escaped(' '.join(leaf.path))}\n{_line(leaf.usage)}\n",
            "DESCRIPTION": _prose(leaf.paragraphs),
            "ARGUMENTS": _rows(leaf.arguments),
            "OPTIONS": _rows(flag for flag in leaf.flags if flag not in common)
            + ".PP\n"
            + _prose(("The options that every command has, the exit codes and the variables are in zoomcall(1).",)),
            "EXAMPLES": _verbatim(leaf.examples),
            "SEE ALSO": _prose((", ".join(f"{page}(1)" for page in ("zoomcall", *others)),)),
        },
    )


def _page(name: str, summary: str, sections: Mapping[str, str]) -> str:
    head = f'.TH {_escaped(name.upper())} 1 "" "zoomcall {__version__}" "zoomcall manual"\n'
    named = {"NAME": f"{_escaped(name)} \\- {_escaped(summary)}\n", **sections}
    return head + "".join(f".SH {title}\n{body}" for title, body in named.items() if body)


def _prose(paragraphs: Iterable[str]) -> str:
    """Write paragraphs, the shape of those kept that the help keeps."""
    return ".PP\n".join(
        _verbatim(each.removeprefix(_AS_IS)) if each.startswith(_AS_IS) else _filled(each) for each in paragraphs
    )


def _filled(text: str) -> str:
    return _line(" ".join(text.split())) + "\n"


def _verbatim(text: str) -> str:
    lines = text.rstrip().splitlines()
    return ".nf\n" + "".join(f"{_line(line)}\n" for line in lines) + ".fi\n" if lines else ""


def _rows(rows: Iterable[Row]) -> str:
    return "".join(f".TP\n{_term(term)}\n{_filled(meaning)}" for term, meaning in rows)


def _term(text: str) -> str:
    """Write flags and names in bold, and what stands for a value in italics."""
    words = text.split()
    fonts = ("I" if words[0].startswith("-") and not word.startswith("-") else "B" for word in words)
    return " ".join(f"\\f{font}{_escaped(word)}\\fR" for font, word in zip(fonts, words, strict=True))


def _variables() -> Iterator[Row]:
    """Yield the README's table of variables, which a test holds complete."""
    table = (
        (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Environment\n")[2].partition("\n## ")[0]
    )
    for names, meaning in re.findall(r"^\| (`.+) \| (.+) \|$", table, re.MULTILINE):
        yield names.replace("`", ""), meaning.replace("`", "")


def _line(text: str) -> str:
    """Write a line, which would be a request to roff if it began with a full stop."""
    return f"\\&{_escaped(text)}" if text.startswith(".") else _escaped(text)


def _escaped(text: str) -> str:
    return "".join(
        character if character.isascii() else f"\\[u{ord(character):04X}]" for character in text.translate(_ROFF)
    )


if __name__ == "__main__":
    sys.exit(main())
