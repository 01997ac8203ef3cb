"""Help pages: grouped, short, whole in any width, and each with examples."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from shell import Shell

from zoomcall.cli.commands import ENDLESS, ENTRIES, SECTIONS, build_root


def pages(command: Any, context: typer.Context) -> Iterator[typer.Context]:
    yield context
    for name in getattr(command, "commands", ()):
        child = command.get_command(context, name)
        if not child.hidden:
            yield from pages(child, type(context)(child, parent=context, info_name=name, **child.context_settings))


def every_page(width: int) -> dict[str, str]:
    root = build_root()
    context = root.context_class(root, info_name="zoomcall", terminal_width=width, **root.context_settings)
    return {each.command_path: each.get_help() for each in pages(root, context)}


WHOLE = every_page(ENDLESS)


@pytest.mark.parametrize("terminal", [(), ("stdout",)], ids=["pipe", "terminal"])
def test_the_root_help_and_a_prompt_fit_a_terminal_of_24_lines(zoomcall: Shell, terminal: tuple[str, ...]) -> None:
    shown = zoomcall("--help", terminal=terminal, environ={"COLUMNS": "80", "TERM": "xterm"}).stdout
    assert len(shown.splitlines()) <= 23
    assert max(map(len, shown.splitlines())) <= 79
    assert "..." not in shown.replace("[ARGS]...", "")


def test_the_root_help_groups_every_command_by_what_it_is_for(zoomcall: Shell) -> None:
    lines = zoomcall("--help").stdout.splitlines()
    assert list(SECTIONS) == ["Ring", "Fix", "Set up", "Develop"]
    for section, entries in SECTIONS.items():
        start = next(number for number, line in enumerate(lines) if line.startswith(f"  {section}  "))
        shown = [line[11:] for line in lines[start : start + len(entries)]]
        assert shown == [f"{name:<12}{entry.summary}" for name, entry in entries.items()]
    assert "  Try      zoomcall emulate -- zoomcall invite sip answer@room.example.com" in lines
    assert sum(map(len, SECTIONS.values())) == len(ENTRIES)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_page_is_cut_or_folded_inside_a_word(width: int) -> None:
    for path, page in every_page(width - 2).items():
        assert page.split() == WHOLE[path].split(), path
        told, _, examples = page.partition("Examples:")
        assert examples == WHOLE[path].partition("Examples:")[2]
        as_they_are = set(WHOLE[path].splitlines())
        assert max((len(line) for line in told.splitlines() if line not in as_they_are), default=0) <= width, path


def test_examples_and_lists_that_stay_as_they_are_fit_80_columns() -> None:
    for path, page in every_page(78).items():
        assert max(map(len, page.splitlines())) <= 80, path


@pytest.mark.parametrize("path", [path for path in WHOLE if path != "zoomcall"])
def test_every_page_has_an_example_of_each_command_that_it_lists(path: str) -> None:
    page = WHOLE[path]
    examples = page.partition("  Examples:\n")[2].splitlines()
    listed = page.partition("\nCommands:\n")[2].partition("\n\n")[0].splitlines()
    assert examples
    assert "\t" not in page
    for name in [line.split()[0] for line in listed if not line.startswith("   ")]:
        assert any(f"{path} {name}" in example for example in examples), name
