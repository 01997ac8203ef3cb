"""Asks a person: to confirm a change, or for a line, again after a wrong answer.

Nothing that was pasted is left to the shell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from zoomcall.cli.answer import Answer, ErrorReport
from zoomcall.cli.page import Line, Page, Tone
from zoomcall.cli.run import Run
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.errors import UsageError

_MOST_ANSWERS = 3

Answered = TypeVar("Answered")


class NoAnswerError(UsageError):
    """The input ended where an answer was expected."""


def unconfirmed(
    run: Run, shown: Page, unchanged: Struct, *, question: str, done: str, purpose: str
) -> Answer | None:
    """Show a change and ask for it; return the answer if it must not be made, and None if it is agreed to.

    Args:
        run: This run.
        shown: What would change.
        unchanged: The result if nothing does.
        question: What is asked.
        done: What would be done, as in "nothing was written".
        purpose: What ``--yes`` is for, as in "write it".
    """
    if not run.is_interactive:
        return Answer(
            page=shown, result=unchanged, status=ExitStatus.USAGE, error=nobody_to_ask(done=done, purpose=purpose)
        )
    run.say(shown)
    return None if run.is_agreed(question) else Answer(page=(Line(f"nothing was {done}"),), result=unchanged)


def nobody_to_ask(*, done: str, purpose: str) -> ErrorReport:
    """Return the error of a change that nobody could confirm; the words are those of ``unconfirmed``."""
    title = f"nothing was {done}, because nobody could be asked"
    return ErrorReport(status=ExitStatus.USAGE, title=title, fix=f"Add --yes to {purpose}.")


def ask_line(run: Run, words: str) -> str:
    """Ask for a line that may be shown; the question goes to stderr, since it is not the answer.

    Raises:
        NoAnswerError: The input has ended.
    """
    run.streams.stderr.write(f"{words}: ")
    run.streams.stderr.flush()
    try:
        line = run.streams.stdin.readline()
    except KeyboardInterrupt:
        run.streams.stderr.write("\n")  # what follows has a line of its own
        raise
    if not line:
        run.streams.stderr.write("\n")
        raise NoAnswerError(f"{words}: no answer was given, so nothing was stored")
    return line.strip()


def asked_again(run: Run, ask: Callable[[], Answered]) -> Answered:
    """Return an answer, for which a person is asked up to three times as long as ``ask`` raises ``UsageError``.

    What was typed or pasted ahead is dropped after each wrong answer and at the end of a failure, since it may be a
    secret, which the shell would show and keep.
    """
    for answers_left in reversed(range(_MOST_ANSWERS)):
        try:
            return ask()
        except UsageError as error:
            run.streams.drop_typed()
            if not answers_left or isinstance(error, NoAnswerError):
                raise
            run.say((Line(f"{error.message}. {error.fix or 'Type it again.'}", Tone.WARNING),))
        except BaseException:
            run.streams.drop_typed()
            raise
    raise AssertionError
