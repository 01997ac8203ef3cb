from __future__ import annotations

import io
import re
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zoomcall.cli.answer import ErrorReport
from zoomcall.cli.page import Line, Page, Table, Tone
from zoomcall.cli.render.batch_progress import BatchProgress
from zoomcall.cli.render.failure import error_page, judgement_lines
from zoomcall.cli.render.json import dumps
from zoomcall.cli.render.progress import Progress
from zoomcall.cli.render.text import write_page
from zoomcall.cli.streams import Look, Streams
from zoomcall.domain.address import Protocol
from zoomcall.domain.call import State
from zoomcall.domain.cause import Cause, Certainty, Checked, Judgement
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.shown_text import printable

PIPE = Look(is_terminal=False, has_colour=False)
COLOUR_PIPE = Look(is_terminal=False, has_colour=True)
TERMINAL = Look(is_terminal=True, has_colour=False)
COLOUR_TERMINAL = Look(is_terminal=True, has_colour=True)
LOOKS = (PIPE, COLOUR_PIPE, TERMINAL, COLOUR_TERMINAL)
COLOURS = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;[^;\x1b]*;[^\x1b]*\x1b\\")
"""Our own colours and links."""

STEERING = (
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b[2J\x1b[H \x9b31m \x08\x08 \r over \x7f \x00 "
    "\u202egnirts\u202c \u2066isolate\u2069 \u200fmark \u200bzero \ufeff \U000e0041tag \ud800"
)


def written(page: Page, look: Look) -> str:
    stream = io.StringIO()
    write_page(page, stream, look)
    return stream.getvalue()


def steers(text: str) -> set[str]:
    return {
        character
        for character in text
        if character != "\n"
        and (unicodedata.category(character) in {"Cc", "Cf", "Cs"} or character in "\u2028\u2029")
        and character != "\t"
    }


def pages_of(text: str) -> list[Page]:
    cause = Cause(id="x", certainty=Certainty.CERTAIN, evidence=text, fix=text, command=text)
    report = ErrorReport(
        status=ExitStatus.REJECTED,
        title=text,
        causes=(cause,),
        checked=(Checked("y", text),),
        zoom_message=text,
        tracking_id=text,
        doc=text,
        dialled=text,
    )
    without_causes = ErrorReport(status=ExitStatus.REJECTED, title=text, fix=text, command=text)
    return [
        (Line(text),),
        *((Line(text, tone, indent=2),) for tone in Tone),
        (Line(text, label="name"),),
        (Line("x", label=text),),
        (Table(("name", text), ((text, "x"), ("y", text))),),
        error_page(report),
        error_page(without_causes),
        tuple(judgement_lines(Judgement((cause,), report.checked))),
    ]


# What could steer a terminal


@pytest.mark.parametrize("look", LOOKS)
def test_nothing_that_steers_a_terminal_reaches_the_stream(look: Look) -> None:
    for page in pages_of(STEERING):
        shown = written(page, look)
        assert steers(COLOURS.sub("", shown) if look.has_colour else shown) == set()
        assert "gnirts" in shown


@pytest.mark.parametrize("look", [COLOUR_PIPE, COLOUR_TERMINAL])
def test_the_only_escapes_are_our_own_colours(look: Look) -> None:
    colours = set(COLOURS.findall(written((Line("x", Tone.BAD),), look)))
    assert colours
    for text in ("\x1b[5m blink", "\x1b[8mhidden"):
        assert set(COLOURS.findall(written((Line(text, Tone.BAD),), look))) == colours


def test_no_colour_means_no_colour() -> None:
    for look in (PIPE, TERMINAL):
        for tone in (Tone.PLAIN, Tone.GOOD, Tone.BAD, Tone.WARNING, Tone.COMMAND):
            shown = written((Line("x", tone),), look)
            assert not re.search(r"\x1b\[[0-9;]*3[0-9]", shown)
    assert "\x1b" not in written(pages_of("x")[-1], PIPE)


@given(st.text())
@example("\x85\x0b\x0c\x1c\x1d\x1e\x1f")
@example("\u2028\u2029\u061c\u180e")
def test_plain_text_steers_nothing_and_stands_on_one_line(text: str) -> None:
    shown = printable(text)
    assert steers(shown) == set()
    assert not set("\n\r\t\u2028\u2029") & set(shown)
    assert printable(shown) == shown
    assert len(shown) <= len(text)


@given(st.text())
def test_a_line_in_a_pipe_is_one_line_whatever_it_says(text: str) -> None:
    shown = written((Line(text),), PIPE)
    assert len(shown.splitlines()) <= 1 or shown.count("\n") == 1
    assert shown.endswith("\n")
    assert steers(shown) == set()


@given(st.text("abc ü会[]{}:/*#_-=+;,.?!'\"\\<>|@0123456789"))
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert printable(text) == text


def test_a_line_break_becomes_a_blank() -> None:
    assert printable("a\nb\tc\r\nd\u2028e") == "a b c  d e"


@pytest.mark.parametrize("text", [STEERING, "\ud800", "\u202e", "ü", "\x1b"])
def test_a_json_document_is_plain_ascii(text: str) -> None:
    for is_line in (True, False):
        shown = dumps({"a": text, text: ["\x7f", text]}, is_line=is_line)
        assert shown.replace("\n", "").isascii()
        assert steers(shown) == set()


# A pipe


@pytest.mark.parametrize("look", [PIPE, COLOUR_PIPE])
@pytest.mark.parametrize("tone", Tone)
def test_a_long_line_is_neither_wrapped_nor_cut_in_a_pipe(look: Look, tone: Tone) -> None:
    text = "word " * 2000 + "end"
    shown = COLOURS.sub("", written((Line(text, tone),), look))
    assert shown == text + "\n"


@pytest.mark.parametrize("look", [PIPE, COLOUR_PIPE])
def test_a_long_cell_is_neither_wrapped_nor_cut_in_a_pipe(look: Look) -> None:
    wide = "x" * 10_000
    page: Page = (Table(("name", "value"), ((wide, "1"), ("b", wide))),)
    assert COLOURS.sub("", written(page, look)) == f"name\tvalue\n{wide}\t1\nb\t{wide}\n"


@pytest.mark.parametrize("look", [PIPE, COLOUR_PIPE])
def test_nothing_is_padded_in_a_pipe(look: Look) -> None:
    page: Page = (
        Line("1", label="a"),
        Line("2", label="a much longer label"),
        Table(("id", "a heading"), (("1", "x"), ("22", ""))),
    )
    assert COLOURS.sub("", written(page, look)) == ("a: 1\na much longer label: 2\nid\ta heading\n1\tx\n22\t\n")


@pytest.mark.parametrize("look", [PIPE, COLOUR_PIPE])
def test_a_cell_never_makes_a_column_or_a_row_of_its_own(look: Look) -> None:
    page: Page = (Table(("a", "b"), (("x\ty", "1\n2"),)),)
    assert COLOURS.sub("", written(page, look)) == "a\tb\nx y\t1 2\n"


def test_an_empty_page_is_nothing_at_all() -> None:
    for look in LOOKS:
        assert written((), look) == ""


# A terminal


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(
    "text",
    [
        "[brackets] and [red]not red[/red]",
        "[bold]x[/]",
        "[link=https://example.com]x[/link]",
        ":smile: :warning:",
        "203.0.113.10##123#***",
        "[2001:db8::1]:5060",
        "\\[escaped]",
        "[/]",
    ],
)
def test_text_is_never_read_as_markup(look: Look, text: str) -> None:
    for page in pages_of(text):
        assert text in COLOURS.sub("", written(page, look)).replace("\n", " ")


def test_a_long_line_folds_at_a_terminals_width_without_losing_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    words = [f"word{number}" for number in range(60)]
    lines = written((Line(" ".join(words), indent=2),), TERMINAL).splitlines()
    assert all(len(line) <= 40 for line in lines)
    assert " ".join(lines).split() == words
    assert all(line.startswith("  ") for line in lines)


def test_a_command_line_is_never_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    text = "zoomcall invite sip room@example.com --session " + "x" * 200
    assert COLOURS.sub("", written((Line(text, Tone.COMMAND, indent=2),), TERMINAL)) == f"  {text}\n"


def test_a_table_in_a_narrow_terminal_keeps_its_narrow_columns_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    at = "2026-11-21T10:00:00Z"
    address = "a-room-with-a-rather-long-name@rooms.example.com"
    target = "session 4444AAAiAAAAAiAiAiiAii=="
    rows = (("12", at, "failed (9 unreachable)", "sip", target, address),)
    shown = written((Table(("ID", "DIALLED", "STATE", "PROTOCOL", "INTO", "ROOM"), rows),), TERMINAL)
    assert at in shown
    assert "12" in shown
    assert address not in shown
    heading, _, *lines = COLOURS.sub("", shown).splitlines()
    assert "".join(line[heading.index("ROOM") :].strip() for line in lines) == address


@given(
    widths=st.lists(st.lists(st.integers(0, 60), min_size=3, max_size=3), min_size=1, max_size=4),
    columns=st.integers(30, 120),
)
def test_a_table_loses_no_character_however_narrow_the_terminal(widths: list[list[int]], columns: int) -> None:
    rows = tuple(tuple("abc"[place] * width for place, width in enumerate(row)) for row in widths)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        shown = written((Table(("1", "2", "3"), rows),), TERMINAL)
    assert [shown.count(letter) for letter in "abc"] == [sum(row[place] for row in widths) for place in range(3)]
    assert all(len(line) <= columns for line in COLOURS.sub("", shown).splitlines())


def test_a_table_in_a_terminal_loses_no_character_of_a_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    wide = "".join(chr(ord("a") + number % 26) for number in range(100))
    shown = written((Table(("name", "value"), ((wide, "1"),)),), TERMINAL)
    first = "".join(line[:32].strip() for line in shown.splitlines()[2:])
    assert wide in first.replace("1", "").replace(" ", "")


@pytest.mark.parametrize("look", LOOKS)
def test_what_is_said_does_not_depend_on_the_terminal(look: Look) -> None:
    page: Page = (Line("Title", Tone.TITLE), Line("value", label="name"), Table(("a", "b"), (("1", "2"),)))
    words = re.sub(r"[\s\u2500-\u257f]+", " ", COLOURS.sub("", written(page, look))).split()
    assert [word.rstrip(":") for word in words] == ["Title", "name", "value", "a", "b", "1", "2"]


class Encoded(io.TextIOWrapper):
    """A terminal with an encoding."""

    def __init__(self, encoding: str, errors: str = "strict") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, errors=errors)

    def isatty(self) -> bool:
        return True

    def text(self) -> str:
        self.flush()
        data: bytes = self.buffer.getvalue()  # type: ignore[attr-defined]
        return data.decode(self.encoding)


@pytest.mark.parametrize(
    ("encoding", "marks"), [("utf-8", "\u2713\u2717!\u00b7"), ("ascii", "+x!-"), ("cp1252", "+x!-")]
)
def test_what_is_good_and_bad_is_marked_as_the_terminal_can_show_it(encoding: str, marks: str) -> None:
    stream = Encoded(encoding)
    tones = (Tone.GOOD, Tone.BAD, Tone.WARNING, Tone.DIM, Tone.PLAIN)
    write_page(tuple(Line(tone.value, tone) for tone in tones), stream, TERMINAL)
    assert [line.rstrip() for line in stream.text().splitlines()] == [
        *(f"{mark} {tone}" for mark, tone in zip(marks, tones, strict=False)),
        "  plain",
    ]


REFUSED = ErrorReport(
    status=ExitStatus.AUTH,
    title="Zoom answered HTTP 401: 124 Invalid access token, which says no more than that something was refused.",
    causes=(
        Cause("clock-skew", Certainty.LIKELY, "this clock is 400 seconds ahead", "Set it.", "timedatectl"),
        Cause("key-pair-refused", Certainty.POSSIBLE, "key and secret do not belong together", "Compare both."),
    ),
    checked=(Checked("token-whitespace", "no spaces, line breaks or quotation marks"), Checked("alg", "HS256")),
    tracking_id="WEB_5c1f0e6f1d7f4a0e9a54d3c2b1a09f8e",
    dialled="Nothing rings because of this command.",
    doc="explain 124",
)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("has_colour", [True, False], ids=["colour", "bare"])
def test_no_width_or_encoding_cuts_a_word_or_tells_by_colour_alone(
    monkeypatch: pytest.MonkeyPatch, encoding: str, columns: int, *, has_colour: bool
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    stream = Encoded(encoding, errors="backslashreplace")
    write_page(error_page(REFUSED), stream, Look(is_terminal=True, has_colour=has_colour))
    shown = COLOURS.sub("", stream.text())
    plain = written(error_page(REFUSED), PIPE)
    marks = {"\u2713", "\u2717", "\u00b7", "!", "+", "x", "-", "1", "2"}
    told = [word.rstrip(":") for word in shown.split() if word not in marks]
    assert told == [word.rstrip(":") for word in plain.removeprefix("error: ").split() if word not in marks]
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= columns
    assert "\\u" not in shown


@pytest.mark.parametrize("look", [PIPE, COLOUR_PIPE])
def test_marks_and_ranks_are_for_terminals_alone(look: Look) -> None:
    page: Page = (
        Line("a", Tone.GOOD),
        Line("b", Tone.BAD, label="error"),
        Line("c", indent=4, label="likely", rank=1),
    )
    assert COLOURS.sub("", written(page, look)) == "a\nerror: b\n    likely: c\n"


def test_an_error_in_a_terminal_is_marked_ranked_and_aligned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    causes = (
        Cause(
            "clock-skew", Certainty.LIKELY, "this clock is 400 seconds ahead of Zoom's", "Set it.", "timedatectl"
        ),
        Cause("key-pair-refused", Certainty.POSSIBLE, "all else is fine", ""),
    )
    report = ErrorReport(status=ExitStatus.AUTH, title="Zoom refused it.", causes=causes, doc="explain 124")
    assert [line.rstrip() for line in written(error_page(report), TERMINAL).splitlines()] == [
        "\u2717 Zoom refused it.",
        "  why:",
        "    1 likely    clock-skew: this clock is 400 seconds ahead",
        "                of Zoom's",
        "      fix  Set it.",
        "      run  timedatectl",
        "    2 possible  key-pair-refused: all else is fine",
        "  more  zoomcall explain 124",
    ]


def test_a_table_shows_times_as_the_users_clock_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    now = datetime.now(UTC).astimezone()
    rows = ((now.isoformat(), "a"), ("2026-01-02T03:04:05+00:00", "b"), ("-", "c"))
    page: Page = (Table(("AT", "WHAT"), rows, times=frozenset({0})),)
    lines = written(page, TERMINAL).splitlines()[2:]
    then = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).astimezone()
    assert [line.split("  ")[0] for line in lines] == [f"{now:%H:%M:%S}", f"{then:%Y-%m-%d %H:%M}", "-"]
    assert now.isoformat() in written(page, PIPE)


def test_a_table_marks_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    page: Page = (Table(("N", "STATE"), (("1", "in"), ("2", "left")), tones=(1, (Tone.GOOD, Tone.PLAIN))),)
    assert [line.split() for line in written(page, TERMINAL).splitlines()[2:]] == [
        ["1", "\u2713", "in"],
        ["2", "left"],
    ]
    assert written(page, PIPE) == "N\tSTATE\n1\tin\n2\tleft\n"


def test_an_address_can_be_clicked_where_the_terminal_can() -> None:
    page: Page = (Line("see https://example.com/a_(b)?c=d. And (https://example.org)."),)
    shown = written(page, COLOUR_TERMINAL)
    assert re.findall(r"\x1b\]8;id=\d+;([^\x1b]+)\x1b", shown) == ["https://example.com/a_", "https://example.org"]
    assert "\x1b]8" not in written(page, TERMINAL)


# Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown_of(state: State, seconds: int, *, is_shown: bool) -> str:
    stderr, stdout = Terminal(), Terminal()
    progress = Progress(Streams(io.StringIO(), stdout, stderr, {"TERM": "xterm"}), is_shown=is_shown)
    progress.show(state, timedelta(seconds=seconds))
    progress.clear()
    progress.clear()
    assert stdout.getvalue() == ""
    return stderr.getvalue()


@pytest.mark.parametrize(
    ("state", "seconds", "words"),
    [
        (State.ACCEPTED, 1, "accepted 1.0 s \u00b7 0:01"),
        (State.RINGING, 62, "ringing 62.0 s \u00b7 1:02"),
        (State.PENDING, 9, "watching whether the room joins \u00b7 0:09"),
    ],
)
def test_progress_says_where_the_call_stands_and_for_how_long(
    monkeypatch: pytest.MonkeyPatch, state: State, seconds: int, words: str
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert words in shown_of(state, seconds, is_shown=True)


def test_progress_tells_when_each_state_began_and_how_long_it_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stderr = Terminal()
    progress = Progress(
        Streams(io.StringIO(), Terminal(), stderr, {"TERM": "xterm"}), is_shown=True, limit=timedelta(seconds=90)
    )
    for state, seconds in ((State.ACCEPTED, 0.4), (State.RINGING, 2.1), (State.RINGING, 14)):
        progress.show(state, timedelta(seconds=seconds))
    progress.clear()
    assert "accepted 0.4 s \u00b7 ringing 2.1 s \u00b7 0:14 of 1:30" in stderr.getvalue()


def test_progress_of_a_wait_has_its_own_limit_and_is_no_step_of_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stderr, minute = Terminal(), timedelta(minutes=1)
    streams = Streams(io.StringIO(), Terminal(), stderr, {"TERM": "xterm"})
    progress = Progress(streams, Protocol.PHONE, is_shown=True, limit=minute, wait=10 * minute)
    progress.show(State.NOT_SENT, minute / 2)
    progress.clear()
    assert "nothing is rung yet; waiting until somebody is in \u00b7 0:30 of 10:00" in stderr.getvalue()
    progress.show(State.ACCEPTED, minute / 60)
    progress.clear()
    assert stderr.getvalue().count("not-sent") == 0
    progress.show(State.PENDING, minute / 60)
    progress.clear()
    assert "watching whether the phone joins \u00b7 0:01 of 1:00" in stderr.getvalue()


@pytest.mark.parametrize(("encoding", "separator"), [("utf-8", "\u00b7"), ("ascii", "-"), ("cp1252", "-")])
def test_progress_is_drawn_with_what_the_terminal_can_show(
    monkeypatch: pytest.MonkeyPatch, encoding: str, separator: str
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stderr = Encoded(encoding, errors="backslashreplace")
    streams = Streams(io.StringIO(), Terminal(), stderr, {"TERM": "xterm"})
    progress = Progress(streams, is_shown=True)
    progress.show(State.ACCEPTED, timedelta(seconds=1))
    progress.clear()
    batch = BatchProgress(streams, "Ringing 2 rooms into a session with a very long name" * 4, 2, is_shown=True)
    batch.put(0, "room@example.com" * 20, "ringing")
    batch.end(0, State.JOINED)
    batch.draw()
    batch.clear()
    shown = stderr.text()
    assert f"accepted 1.0 s {separator} 0:01" in shown
    assert "\\u" not in shown
    assert "\\x" not in shown


def test_progress_that_nobody_watches_is_nothing_at_all() -> None:
    assert shown_of(State.RINGING, 1, is_shown=False) == ""


# Errors


def test_an_error_says_what_why_what_was_fine_the_fix_where_to_read_on_and_what_may_ring() -> None:
    report = ErrorReport(
        status=ExitStatus.AUTH,
        title="Zoom answered HTTP 401: 124 Invalid access token.",
        causes=(
            Cause("clock-skew", Certainty.LIKELY, "this clock is 400 s ahead", "Set the clock.", "timedatectl"),
            Cause("key-pair-refused", Certainty.POSSIBLE, "all else is fine", ""),
        ),
        checked=(Checked("wrong-algorithm", "HS256"),),
        retry_at=datetime(2026, 11, 21, 10, 0, tzinfo=UTC),
        tracking_id="v=2.0;x",
        doc="explain 124",
        dialled="Nothing rings because of this command.",
    )
    assert written(error_page(report), PIPE).splitlines() == [
        "error: Zoom answered HTTP 401: 124 Invalid access token.",
        "  Nothing rings because of this command.",
        "  why:",
        "    likely: clock-skew: this clock is 400 s ahead",
        "      fix: Set the clock.",
        "      run: timedatectl",
        "    possible: key-pair-refused: all else is fine",
        "  checked and found fine:",
        "    wrong-algorithm: HS256",
        "  try again at 2026-11-21T10:00:00Z",
        "  Zoom's tracking id: v=2.0;x",
        "  more: zoomcall explain 124",
    ]
