"""Write docs/errors.md from the pages of ``explain``, or with ``--check`` report that it is out of date."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from zoomcall.usecases.topics import TopicPage, TopicTable, pages

DOCUMENT = Path(__file__).parent.parent / "docs" / "errors.md"
CHAPTERS = {
    "cause": "Causes",
    "zoom": "Zoom's codes",
    "reason": "Zoom's reasons for a failed call",
    "state": "States of a call",
    "http": "HTTP statuses",
    "oauth": "Words of the token endpoint",
    "network": "Where the connection to Zoom failed",
    "webhook": "Words of webhooks",
    "exit": "Exit codes",
}
START = """\
# Errors, explained

Everything that `zoomcall explain TOPIC` prints. `make docs` generates it; do not edit it by hand.
The topic is in parentheses after each title.

"""


def main() -> int:
    """Write or compare the document and return the exit code."""
    text = START + "\n".join(_chapters()) + "\n"
    if sys.argv[1:] != ["--check"]:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(text, encoding="utf-8")
        return 0
    is_stale = not DOCUMENT.is_file() or DOCUMENT.read_text(encoding="utf-8") != text
    if is_stale:
        print("docs/errors.md is out of date; run make docs", file=sys.stderr)
    return is_stale


def _chapters() -> Iterator[str]:
    """Yield the lines: a table of contents, then each chapter."""
    every = pages(None)
    for prefix, title in CHAPTERS.items():
        yield f"- [{title}](#{prefix})"
    for prefix, title in CHAPTERS.items():
        yield ""
        yield f'## <a id="{prefix}"></a>{title}'
        for page in every:
            if _prefix(page.topic) == prefix:
                yield from _page(page)


def _prefix(topic: str) -> str:
    """Return which chapter a topic belongs to; the table of exit codes is among them."""
    return topic.partition(":")[0].partition("-")[0]


def _page(page: TopicPage) -> Iterator[str]:
    yield ""
    yield f'### <a id="{_anchor(page.topic)}"></a>{_text(page.title)} (`{page.topic}`)'
    yield ""
    yield _text(page.meaning)
    items = list(_items(page))
    if items:
        yield ""
        yield from items
    if page.table is not None:
        yield ""
        yield from _table(page.table)


def _items(page: TopicPage) -> Iterator[str]:
    if page.fix:
        yield f"- What to do: {_text(page.fix)}"
    if page.command:
        yield f"- Run: {_code(page.command)}"
    if page.example:
        yield f"- Example: {_code(page.example)}"
    if page.see_also:
        links = (f"[{topic}](#{_anchor(topic)})" for topic in page.see_also)
        yield f"- See also: {', '.join(links)}"
    if page.sources:
        based = f" ({page.basis})" if page.basis else ""
        yield f"- Source{based}: {', '.join(f'<{url}>' for url in page.sources)}"


def _table(table: TopicTable) -> Iterator[str]:
    for row in (table.headings, ("---",) * len(table.headings), *table.rows):
        yield f"| {' | '.join(_text(cell) for cell in row)} |"


def _anchor(topic: str) -> str:
    return topic.replace(":", "-")


def _text(text: str) -> str:
    """Write plain text as Markdown: what is in backticks is code, and nothing else is markup."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([\\*<>\[\]|])", r"\\\1", part) for part in parts)


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


if __name__ == "__main__":
    sys.exit(main())
