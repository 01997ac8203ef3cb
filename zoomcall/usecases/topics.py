"""The pages of ``explain`` about codes, causes, reasons, states and exit codes (contract 10)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from zoomcall.domain.answer import ZoomAnswer, classify
from zoomcall.domain.call import REASONS, Reason
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.shown_text import quoted
from zoomcall.errors import UsageError
from zoomcall.knowledge.lexicon import (
    CodeText,
    Explanation,
    HttpText,
    TitledExplanation,
    ZoomSaying,
    code_texts,
    exit_texts,
    http_texts,
    network_texts,
    reason_texts,
    state_texts,
    word_texts,
)
from zoomcall.knowledge.texts import Basis, CauseText, cause_texts
from zoomcall.usecases.troubles import topics_of_trouble

_ERRORS_PAGE = "https://developers.zoom.us/docs/api/errors/"
_EVENTS_PAGE = "https://developers.zoom.us/docs/api/video-sdk/events/"
_STATUS_PAGE = "https://www.gnu.org/software/bash/manual/html_node/Exit-Status.html"
_EVERY_EXIT = "exit-codes"
_LONGEST_TOPIC = 200
_MOST_FOUND = 4
_SHOWN = 60
_MOST_WORDS_A_MISS = 5
"""Of so many words one may be missing on a page that is near."""
_SAYING = "Zoom says"
_WORDS_OF_A_SENTENCE = 3
_IDLE_WORDS = frozenset(
    {
        "a",
        "am",
        "an",
        "and",
        "are",
        "been",
        "but",
        "do",
        "does",
        "did",
        "have",
        "i",
        "my",
        "that",
        "this",
        "we",
        "you",
    }
    | {"error", "errors", "code", "please", "help", "why", "what", "how", "when", "your", "there", "get", "got"}
    | {"as", "at", "be", "by", "for", "from", "has", "in", "is", "it", "its"}
    | {"no", "not", "of", "on", "or", "the", "to", "was", "with", "zoom"}
)


class TopicTable(Struct, frozen=True):
    """A table on a page."""

    headings: Annotated[tuple[str, ...], Meta(description="The heading of each column.")]
    rows: Annotated[tuple[tuple[str, ...], ...], Meta(description="The cells of each row.")]


class TopicPage(Struct, frozen=True, kw_only=True):
    """One page."""

    topic: Annotated[str, Meta(description="The topic that shows this page alone, like zoom:124.")]
    title: Annotated[str, Meta(description="Its title, one line.")]
    meaning: Annotated[str, Meta(description="What it means, in a few sentences.")]
    fix: Annotated[str | None, Meta(description="What to do.")] = None
    command: Annotated[str | None, Meta(description="A command line that fixes it or shows more.")] = None
    example: Annotated[str | None, Meta(description="What it looks like.")] = None
    table: Annotated[TopicTable | None, Meta(description="More about it, in rows.")] = None
    see_also: Annotated[tuple[str, ...], Meta(description="Related topics.")] = ()
    basis: Annotated[Basis | None, Meta(description="Its source; null for what zoomcall itself defines.")] = None
    sources: Annotated[tuple[str, ...], Meta(description="URLs.")] = ()


def pages(topic: str | None) -> tuple[TopicPage, ...]:
    """Return the pages of a topic, or every page.

    Args:
        topic: ``124``, ``zoom:124``, ``exit:7``, ``reason:9``, ``state:noop``, ``cause:clock-skew``, a bare name,
            or a keyword, for the nearest pages; None: every page.

    Raises:
        UsageError: There is no such page, and none like it.
    """
    if topic is None:
        return tuple(_every_page().values())
    wanted = _normalised(topic)
    if wanted and len(topic) <= _LONGEST_TOPIC:
        prefix, colon, name = wanted.partition(":")
        if colon and prefix in _PREFIXES:
            found = [page for page in [_chosen(prefix, name)] if page is not None]
        else:
            found = _named(wanted) or _numbered(wanted) or ([] if _numbers(wanted) else _nearest(wanted))
        if found:
            return tuple(found)
    raise _unknown(topic, wanted)


def is_guess(topic: str) -> bool:
    """Return whether a topic is neither a number nor a name, so that its pages are only near."""
    wanted = _normalised(topic)
    return not (":" in wanted or _numbered(wanted) or _named(wanted))


def _normalised(topic: str) -> str:
    plain = re.sub(r"['\u2019]", "", topic.strip().lower())
    return re.sub(r"[\s_]+", "-", re.sub(r"\s*:\s*", ":", plain))


_OF_WORD = {
    "error": ("zoom", "http", "exit"),
    "code": ("zoom", "http", "exit", "reason"),
    "status": ("http", "exit"),
    "http": ("http", "zoom"),
    "https": ("http", "zoom"),
    "zoom": ("zoom",),
    **dict.fromkeys(("exit", "exited", "rc", "return", "returned", "returns"), ("exit",)),
    "reason": ("reason",),
    "sip": (),
}
"""Which pages a number with this word before it may mean; of several words before it, the lowest row counts."""

_OF_SIP = {
    180: "state:ringing",
    200: "state:joined",
    **dict.fromkeys((486, 600, 603), "state:declined"),
    **dict.fromkeys((404, 410, 484, 604), "reason:8"),
    **dict.fromkeys((408, 480, 487), "state:missed"),
    **dict.fromkeys((488, 606), "reason:1"),
    503: "reason:13",
}


_PHRASES = (
    {"unauthorized", "unauthorised", "forbidden", "found", "bad", "request", "requests", "too", "many", "internal"}
    | {"server", "decline", "declined", "busy", "here", "temporarily", "unavailable", "acceptable"}
    | {"type", "number", "api", "response", "answer", "says", "said", "gives", "message"}
)
"""Words that say no more than the number beside them."""


def _numbers(wanted: str) -> list[tuple[str, str]] | None:
    """Return the numbers of a question about nothing else, each with its word; None for another question."""
    if wanted.startswith("-"):
        return None
    found: list[tuple[str, str]] = []
    before: list[str] = []
    for token in re.findall(r"[a-z]+|[0-9]+", re.sub(r"\b(sip|https?)/[0-9.]+", r"\1", wanted)):
        word = token.removesuffix("s") if token.removesuffix("s") in _OF_WORD else token
        if token.isdecimal():
            found.append((_telling(before), token))
            before = []
        elif word in _OF_WORD:
            before.append(word)
        elif token not in _PHRASES and token not in _IDLE_WORDS:
            return None
    if len(found) == 1 and not found[0][0]:
        found = [(_telling(before), found[0][1])]  # 401 error
    return list(dict.fromkeys(found)) or None


def _telling(words: list[str]) -> str:
    ranks = list(_OF_WORD)
    return max(words, key=ranks.index, default="")


def _numbered(wanted: str) -> list[TopicPage]:
    """Return the pages of numbers among words: ``HTTP 401``, ``error 124``, ``SIP/2.0 486 Busy Here``."""
    found: dict[str, TopicPage] = {}
    for word, number in _numbers(wanted) or ():
        if word == "sip":
            topic = _OF_SIP.get(int(number[:4]), "reason:0" if 300 <= int(number[:4]) < 700 else "")
            pages_of_it = [_every_page()[topic]] if topic else []
        elif word:
            pages_of_it = [page for prefix in _OF_WORD[word] if (page := _chosen(prefix, number)) is not None][:1]
        else:
            pages_of_it = _named(number)
        found |= {page.topic: page for page in pages_of_it}
    return list(found.values())


def _unknown(topic: str, wanted: str) -> UsageError:
    names = list(dict.fromkeys([*_every_page(), *_names()]))
    close = [] if wanted.isdecimal() else difflib.get_close_matches(wanted[:_SHOWN], names, n=6, cutoff=0.6)
    pages_near: dict[str, str] = {}
    for name in close:
        pages_near.setdefault(name.partition(":")[2] or name, name)
    near = list(pages_near.values())[:3]
    prefix = wanted.partition(":")[0]
    if prefix in {"reason", "state", "network"}:
        near = [name for name in _every_page() if name.startswith(f"{prefix}:")]
    hint = f"Try {', '.join(near)}. " if near else ""
    return UsageError(
        f"there is no page about {quoted(topic)}",
        fix=f"{hint}`zoomcall explain` lists every topic.",
        command="zoomcall explain",
    )


# Choosing


@cache
def _every_page() -> Mapping[str, TopicPage]:
    every = (
        _exit_codes_page(),
        *map(_exit_page, ExitStatus),
        *map(_state_page, state_texts().values()),
        *map(_reason_page, REASONS),
        *map(_cause_page, cause_texts().values()),
        *map(_code_page, code_texts().values()),
        *map(_http_page, http_texts().values()),
        *map(_network_page, network_texts().values()),
        *map(_word_page, word_texts().values()),
    )
    return {page.topic: page for page in every}


_PREFIXES = ("http", "zoom", "exit", "reason", "state", "cause", "network", "oauth", "webhook")
"""In the order in which the pages of one number are shown: for 200, the no-op comes first."""


def _chosen(prefix: str, name: str) -> TopicPage | None:
    """Return the page ``prefix:name``, where an alias will do as the name."""
    every = _every_page()
    name = _aliases().get((prefix, name), name)
    if prefix == "cause" and name.startswith("reason-") and f"cause:{name}" not in every:
        return _chosen("reason", name.removeprefix("reason-"))
    return every.get(f"{prefix}:{name}")


@cache
def _aliases() -> Mapping[tuple[str, str], str]:
    """Return the aliases of pages: words for numbers, and numbers that share a page."""
    aliases: dict[tuple[str, str], str] = {}
    for exit_status in ExitStatus:
        aliases["exit", exit_status.word] = str(int(exit_status))
    for number in REASONS:
        aliases["reason", Reason(number).name] = str(number)
    for code in code_texts():
        aliases["zoom", _normalised(code)] = code
    for text in http_texts().values():
        aliases |= {("http", other): text.name for other in text.also}
    for topic, text in word_texts().items():
        prefix, _, name = topic.partition(":")
        aliases |= {(prefix, other): name for other in text.also}
    return aliases


def _named(wanted: str) -> list[TopicPage]:
    """Return every page with this number or name."""
    if wanted == _EVERY_EXIT:
        return [_every_page()[_EVERY_EXIT]]
    found = [page for prefix in _PREFIXES if (page := _chosen(prefix, wanted)) is not None]
    return list(dict.fromkeys(found))


def _names() -> Iterator[str]:
    yield from (topic.partition(":")[2] or topic for topic in _every_page())
    yield from (name for _, name in _aliases())


def _nearest(wanted: str) -> list[TopicPage]:
    phrase = _quoted(wanted) if wanted.count("-") >= _WORDS_OF_A_SENTENCE else []
    trouble = () if phrase else topics_of_trouble(wanted)
    if trouble:
        return [_every_page()[topic] for topic in trouble]
    words = [word for word in re.findall(r"[a-z0-9]+", wanted) if not (word in _IDLE_WORDS or word.isdecimal())]
    if not words:
        return []
    found = _quoted(wanted) if len(words) > 1 else []
    scores = {page.topic: _score(index, words) for page, index in _index()}
    best = max(scores.values())
    if best >= len(words):
        near = sorted((topic for topic in scores if scores[topic] > best / 2), key=lambda topic: -scores[topic])
        found += [topic for topic in near if topic not in found]
    return [_every_page()[topic] for topic in found[:_MOST_FOUND]]


def _quoted(wanted: str) -> list[str]:
    """Return the pages of codes whose text contains these very words, the shortest text first."""
    phrase = _spelled(wanted)
    lengths: dict[str, int] = {}
    for page in _every_page().values():
        if page.table is not None and page.table.headings[0] == _SAYING:
            quoted = [saying for row in page.table.rows if phrase in (saying := _spelled(row[0]))]
            if quoted:
                lengths[page.topic] = min(map(len, quoted))
    return sorted(lengths, key=lambda topic: lengths[topic])


def _spelled(text: str) -> str:
    return f" {' '.join(re.findall(r'[a-z0-9]+', text.lower()))} "


_Index = tuple[frozenset[str], frozenset[str], frozenset[str]]


@cache
def _index() -> tuple[tuple[TopicPage, _Index], ...]:
    return tuple(
        (page, (_words(page.topic.partition(":")[2]), _words(page.title), _words(_body(page))))
        for page in pages(None)
    )


def _body(page: TopicPage) -> str:
    return " ".join(filter(None, (page.meaning, page.fix, page.example)))


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", text.lower())) - _IDLE_WORDS


def _score(index: _Index, words: list[str]) -> float:
    """Weigh how much of the query is in a topic's name, title and text."""
    total, missed = 0.0, 0
    for word in words:
        weights = (weight * _likeness(word, known) for known, weight in zip(index, (4.0, 3.0, 1.0), strict=True))
        weight = max(weights)
        missed += not weight
        total += weight
    return total if missed * _MOST_WORDS_A_MISS <= len(words) else 0.0


def _likeness(word: str, known: frozenset[str]) -> float:
    if word in known:
        return 1.0
    if len(word) >= 4 and any(_is_inflected(word, other) for other in known):
        return 0.8
    return 0.6 if len(word) >= 4 and difflib.get_close_matches(word, known, n=1, cutoff=0.8) else 0.0


def _is_inflected(word: str, other: str) -> bool:
    return len(other) >= 4 and (other.startswith(word) or word.startswith(other))


# Building


def _exit_codes_page() -> TopicPage:
    rows = tuple((str(int(status)), status.word, exit_texts()[status.word].meaning) for status in ExitStatus)
    *silent, last = (str(int(status)) for status in ExitStatus if status.nothing_rings)
    return TopicPage(
        topic=_EVERY_EXIT,
        title="Exit codes",
        meaning=f"What the program tells the shell. {', '.join(silent)} and {last} mean that nothing rings because "
        "of this command; 124 to 127 are never used.",
        fix="Look one up with `zoomcall explain exit:NUMBER`.",
        example="zoomcall invite sip room@example.com --session ID; echo $?",
        table=TopicTable(("code", "name", "meaning"), rows),
        sources=(_STATUS_PAGE,),
    )


def _page(topic: str, title: str, text: Explanation) -> TopicPage:
    """Make a page; its cause fills the gaps."""
    page = TopicPage(
        topic=topic,
        title=title,
        meaning=text.meaning,
        fix=text.fix,
        command=text.command,
        sources=text.sources,
    )
    if text.cause is None:
        return page
    cause = cause_texts()[text.cause]
    return replace(
        page,
        fix=text.fix or cause.fix,
        command=text.command or cause.command,
        see_also=(f"cause:{cause.id}",),
        basis=cause.basis,
        sources=text.sources or cause.sources,
    )


def _exit_page(status: ExitStatus) -> TopicPage:
    code, word = int(status), status.word
    page = _page(f"exit:{code}", f"Exit code {code}: {word}", exit_texts()[word])
    reasons = {number: reason_texts()[row.zoom_name] for number, row in REASONS.items() if row.exit is status}
    words = network_texts() if status is ExitStatus.NETWORK else {}
    table = None
    if reasons:
        rows = tuple((str(number), text.name, text.fix or "") for number, text in reasons.items())
        table = TopicTable(("reason", "name", "what to do"), rows)
    elif words:
        table = TopicTable(("network", "title"), tuple((text.name, text.title) for text in words.values()))
    related = (*(f"reason:{number}" for number in reasons), *(f"network:{word}" for word in words))
    return replace(
        page,
        fix=page.fix or "Look up the reason that Zoom gave; each has a page.",
        example=f'"exit_code": {code}, "exit_name": "{word}"',
        table=table,
        see_also=(*page.see_also, *related, _EVERY_EXIT),
        basis=None,
    )


def _state_page(text: TitledExplanation) -> TopicPage:
    return replace(_page(f"state:{text.name}", text.title, text), example=f'"state": "{text.name}"')


def _reason_page(number: int) -> TopicPage:
    reason, text = Reason(number), reason_texts()[REASONS[number].zoom_name]
    return TopicPage(
        topic=f"reason:{number}",
        title=f"Reason {number}, {text.name}: the call failed",
        meaning=f"{text.meaning} Zoom publishes only the name; the meaning is inferred from it.",
        fix=text.fix,
        example=f'"reason": {{"code": {number}, "name": "{reason.name}"}}',
        see_also=(f"exit:{int(reason.exit)}",),
        basis=Basis.INFERRED,
        sources=(_EVENTS_PAGE,),
    )


def _cause_page(text: CauseText) -> TopicPage:
    return TopicPage(
        topic=f"cause:{text.id}",
        title=text.title,
        meaning=text.meaning,
        fix=text.fix,
        command=text.command,
        example=text.example,
        see_also=tuple(f"zoom:{code.code}" for code in code_texts().values() if text.id in code.causes),
        basis=text.basis,
        sources=text.sources,
    )


def _code_page(text: CodeText) -> TopicPage:
    sayings = text.sayings
    rows = tuple(
        (message, saying.meaning, "" if saying.http is None else str(saying.http), _exit_of(saying, message))
        for saying in sayings
        for message in saying.messages
    )
    meaning = sayings[0].meaning
    bases = list(Basis)
    return TopicPage(
        topic=f"zoom:{text.code}",
        title=f"Zoom's code {text.code}: {text.title}",
        meaning=text.meaning or f"{meaning[0].upper()}{meaning[1:]}.",
        fix=text.fix or cause_texts()[text.causes[0]].fix,
        command=text.command,
        example=text.example or (_body_of(text) if rows else None),
        table=TopicTable((_SAYING, "means", "HTTP", "exit code"), rows) if rows else None,
        see_also=tuple(f"cause:{cause}" for cause in text.causes),
        basis=min((saying.basis for saying in sayings), key=bases.index),
        sources=tuple(dict.fromkeys(url for saying in sayings for url in saying.sources)),
    )


def _body_of(text: CodeText) -> str:
    message = text.sayings[0].messages[0]
    if isinstance(text.code, str):
        return f'{{"error": "{text.code}", "reason": "{message}"}}'
    return f'{{"code": {text.code}, "message": "{message}"}}'


def _exit_of(saying: ZoomSaying, message: str) -> str:
    """Return the exit code for such an answer, which counts as a 400 if no status is documented."""
    kind = classify(
        ZoomAnswer(
            method="PATCH",
            path="",
            status=saying.http or 400,
            code=saying.code,
            message=message,
            is_zooms=True,
            is_oauth=saying.namespace == "oauth",
        )
    )
    return str(int(ExitStatus.of(kind)))


def _http_page(text: HttpText) -> TopicPage:
    page = _page(f"http:{text.name}", text.title, text)
    return replace(
        page, example=text.example, basis=page.basis or Basis.OFFICIAL, sources=page.sources or (_ERRORS_PAGE,)
    )


def _network_page(text: TitledExplanation) -> TopicPage:
    page = _page(f"network:{text.name}", text.title, text)
    return replace(page, example=text.example, see_also=(f"exit:{int(ExitStatus.NETWORK)}",))


def _word_page(text: HttpText) -> TopicPage:
    page = _page(text.name, text.title, text)
    return replace(page, example=text.example, basis=page.basis or Basis.OFFICIAL)


def topics_of(every: Iterable[TopicPage]) -> TopicTable:
    """List pages by topic and title."""
    return TopicTable(("topic", "title"), tuple((page.topic, page.title) for page in every))
