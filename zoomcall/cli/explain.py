"""``zoomcall explain``: what a code, cause, reason, state or exit code means, offline."""

from collections.abc import Iterator
from typing import Annotated

import typer

from zoomcall.cli.answer import Answer
from zoomcall.cli.command import command
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Table, Tone
from zoomcall.cli.results.explain import ExplainResult
from zoomcall.cli.run import Run
from zoomcall.knowledge.texts import Basis
from zoomcall.usecases.topics import TopicPage, TopicTable, is_guess, pages, topics_of

app = typer.Typer()


def _topics() -> list[str]:
    """Return the topics, for completion."""
    return [page.topic.removeprefix("cause:") for page in pages(None)]


@command(
    app,
    "explain",
    CommandSpec(schema="zoomcall.explain/1"),
    examples=(
        "zoomcall explain",
        "zoomcall explain 124",
        "zoomcall explain noop",
        "zoomcall explain reason:9",
        "zoomcall explain exit-codes",
    ),
)
def explain(
    run: Run,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TOPIC]",
            show_default=False,
            help="A number, name or keyword; the prefixes zoom: http: exit: reason: state: cause: choose one page.",
            autocompletion=_topics,
        ),
    ] = None,
) -> Answer:
    """Explain an error code, reason, state, exit code or cause; without TOPIC, list all topics."""
    topic = " ".join(words) if words else None
    found = pages(topic)
    result = ExplainResult(topic=topic, pages=found)
    if topic is None:
        return Answer(page=(_table(topics_of(found)),), result=result)
    if len(found) > 1 and is_guess(topic):
        return Answer(page=(Line("these pages are near:"), _table(topics_of(found))), result=result)
    has_sources = run.options.is_verbose
    lines = [block for page in found for block in (Line(), *_page_blocks(page, has_sources=has_sources))]
    return Answer(page=tuple(lines[1:]), result=result)


def _page_blocks(page: TopicPage, *, has_sources: bool) -> Iterator[Line | Table]:
    yield Line(f"{page.title} ({page.topic})", Tone.TITLE)
    yield Line(page.meaning, indent=2)
    if page.fix:
        yield Line(page.fix, indent=2, label="what to do")
    if page.command:
        yield Line(page.command, Tone.COMMAND, indent=2, label="run")
    if page.example:
        yield Line(page.example, indent=2, label="example")
    if page.table:
        yield _table(page.table)
    if page.see_also:
        yield Line(", ".join(page.see_also), Tone.DIM, indent=2, label="see also")
    if page.basis:
        yield Line(_basis(page.basis), Tone.DIM, indent=2, label="based on")
    for source in page.sources if has_sources else ():
        yield Line(source, Tone.DIM, indent=2, label="source")


def _basis(basis: Basis) -> str:
    match basis:
        case Basis.OFFICIAL:
            return "Zoom's documentation"
        case Basis.FORUM:
            return "what users have reported"
        case Basis.SAMPLE_CODE:
            return "public programs that use Zoom's API"
        case Basis.INFERRED:
            return "inference"
        case Basis.UNCONFIRMED:
            return "hearsay, never confirmed"


def _table(table: TopicTable) -> Table:
    return Table(table.headings, table.rows)
