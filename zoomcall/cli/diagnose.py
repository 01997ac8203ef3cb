"""``zoomcall diagnose``: read a failing request, rank what is wrong, print the corrected request."""

import os
import re
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from zoomcall.cli.answer import Answer, ErrorReport
from zoomcall.cli.command import command
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Tone
from zoomcall.cli.render.failure import judgement_lines
from zoomcall.cli.results.diagnose import Corrected, DiagnoseResult
from zoomcall.cli.run import Run
from zoomcall.cli.shell_line import callout_line, mint_line, reading_line, token_line
from zoomcall.domain.callout import CalloutRequest
from zoomcall.domain.cause import Certainty
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.pattern import Pattern
from zoomcall.errors import UsageError
from zoomcall.knowledge.texts import cause_texts
from zoomcall.named_files import PIPE_LIMIT, read_named
from zoomcall.usecases.correcting import Correction, PlainRequest, TokenRequest
from zoomcall.usecases.diagnosing import Diagnosis, KeyAtHand, diagnose
from zoomcall.usecases.pasted.paste import LARGEST_PASTE, text_of_paste

app = typer.Typer()

_LARGEST_BODY_FILE = 1_000_000
_IS_PASTE = Pattern(r"[\s{}\"'=]|://|^ey|bearer|basic|[\w+/=-]{40,}", re.IGNORECASE)


@command(
    app,
    "diagnose",
    CommandSpec(schema="zoomcall.diagnose/1"),
    examples=(
        "zoomcall diagnose request.txt",
        "pbpaste | zoomcall diagnose",
        "zoomcall diagnose --json browser.har",
        "zoomcall diagnose --allow-files - < failing-curl.sh",
        "zoomcall diagnose --reply question.txt",
    ),
)
def command_diagnose(
    run: Run,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE|-]",
            help="The request and Zoom's answer; - or nothing reads standard input.",
            show_default=False,
        ),
    ] = None,
    *,
    are_files_allowed: Annotated[
        bool, typer.Option("--allow-files", help="Read files that a curl command names (-d @FILE).")
    ] = False,
    is_reply: Annotated[bool, typer.Option("--reply", help="Print an answer to send to whoever asked.")] = False,
) -> Answer:
    """Show why a request to Zoom fails, and print the corrected request.

    Takes a curl command, a raw HTTP request, a HAR file, or C#, JavaScript, Python or PowerShell code, with
    Zoom's answer before or after it. Nothing in it is run, opened or sent; tokens are checked, and hidden in the
    output. The exit code is the one that the failure would have had; 0 means that nothing is wrong.
    """
    text = text_of_paste(_read(run, file), origin=_origin(file))
    read_file = _read_body_file if are_files_allowed else None
    diagnosis = diagnose(text, now=run.now(), read_file=read_file, key=_key_at_hand(run))
    run.notice(*diagnosis.notices)
    corrected = _corrected(run, diagnosis)
    status = ExitStatus.OK if diagnosis.kind is None else ExitStatus.of(diagnosis.kind)
    return Answer(
        page=tuple(_reply(diagnosis) if is_reply else _lines(diagnosis, corrected)),
        result=DiagnoseResult(
            understood=diagnosis.understood,
            not_understood=diagnosis.not_understood,
            findings=diagnosis.judgement.causes,
            checked=diagnosis.judgement.checked,
            corrected=corrected,
        ),
        status=status,
        error=None if status is ExitStatus.OK else _error(run, diagnosis, status),
    )


def _origin(file: str | None) -> str:
    return "standard input" if file in {None, "-"} else str(file)


def _read(run: Run, file: str | None) -> bytes:
    """Read the paste from a file, standard input, or the terminal."""
    if file is not None and file != "-":
        try:
            return read_named(Path(file), most=LARGEST_PASTE + 1, limit=PIPE_LIMIT)[0]
        except (OSError, ValueError) as error:
            if _IS_PASTE.search(file) and not os.path.lexists(file):
                raise UsageError(
                    "the argument is the request or token itself, not the name of a file",
                    fix="Pipe it in, so that no secret is in your shell's history or in a process list:",
                    command="zoomcall diagnose -",
                ) from None
            reason = getattr(error, "strerror", None) or error
            raise UsageError(f"{file} cannot be read: {reason}") from error
    if file is None and run.streams.is_stdin_terminal:
        if not run.is_interactive:
            raise UsageError("no request to read", fix="Name a file, or pipe the request in.")
        run.say((Line("Paste the request and Zoom's answer, then press Ctrl-D on a line of its own.", Tone.DIM),))
    return run.streams.read_stdin(LARGEST_PASTE)


def _read_body_file(name: str) -> bytes:
    """Read a file that a curl command names, if it is a regular file and a small one.

    Raises:
        OSError: It is not a regular file, too large, or cannot be read.
    """
    path = Path(name)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError(0, "it is not a regular file")
        with path.open("rb") as opened:
            content = opened.read(_LARGEST_BODY_FILE + 1)
    except ValueError:
        raise OSError(0, "its name is invalid") from None
    if len(content) > _LARGEST_BODY_FILE:
        raise OSError(0, f"it is larger than {_LARGEST_BODY_FILE:,} bytes")
    return content


def _key_at_hand(run: Run) -> KeyAtHand | None:
    """Return the profile's key pair, by which tokens are checked with ``-p`` alone: the request is not ours."""
    if run.options.profile is None:
        return None
    pair = run.wiring.key_pair_of_profile()
    if pair is None:
        return None
    return KeyAtHand(api_key=pair.api_key, secret=pair.api_secret, check=run.wiring.check_signature)


def _corrected(run: Run, diagnosis: Diagnosis) -> Corrected:
    correction = diagnosis.correction
    if correction is None:
        return Corrected(zoomcall=None, curl=None)
    profile = run.options.profile
    words = ("zoomcall", *correction.words, *(() if profile is None else ("-p", profile)))
    zoomcall, curl = diagnosis.scrub((shlex.join(words), _curl(correction, profile)))
    return Corrected(zoomcall=zoomcall, curl=curl)


def _curl(correction: Correction, profile: str | None, *, is_reply: bool = False) -> str:
    mint = None if is_reply or correction.api is None else mint_line(correction.api, profile)
    match correction.request:
        case TokenRequest(client_id=client, account_id=account):
            return token_line(client, account, oauth_base=correction.base)
        case PlainRequest(path=path):
            return reading_line(path, api_base=correction.base, mint=mint)
        case CalloutRequest() as request:
            return callout_line(request, api_base=correction.base, mint=mint)


def _error(run: Run, diagnosis: Diagnosis, status: ExitStatus) -> ErrorReport:
    """Report that something is wrong; the causes are in the answer, and in JSON here too."""
    causes, answer = diagnosis.judgement.causes, diagnosis.answer
    is_text = not run.output.is_document
    message, tracking_id = diagnosis.scrub(
        ((answer.message or "") if answer else "", (answer.tracking_id or "") if answer else "")
    )
    title = (
        cause_texts()[causes[0].id].title if causes else f"Zoom answered HTTP {answer.status if answer else '?'}"
    )
    return ErrorReport(
        status=status,
        title=title,
        causes=() if is_text else causes,
        checked=() if is_text else diagnosis.judgement.checked,
        http_status=answer.status if answer else None,
        zoom_code=answer.said_code if answer else None,
        zoom_message=message or None,
        tracking_id=tracking_id or None,
        doc=f"explain {causes[0].id}" if causes else f"explain exit:{int(status)}",
    )


def _lines(diagnosis: Diagnosis, corrected: Corrected) -> Iterator[Line]:
    yield from judgement_lines(diagnosis.judgement)
    yield Line("understood:", Tone.TITLE)
    yield from (Line(text, Tone.DIM, indent=4) for text in diagnosis.understood)
    if diagnosis.not_understood:
        yield Line("not understood:", Tone.TITLE)
    yield from (Line(text, Tone.DIM, indent=4) for text in diagnosis.not_understood)
    for title, line in (("the corrected request:", corrected.zoomcall), ("the same with curl:", corrected.curl)):
        if line is not None:
            yield Line(title, Tone.TITLE)
            yield Line(line, Tone.COMMAND, indent=4)


def _reply(diagnosis: Diagnosis) -> Iterator[Line]:
    """Yield an answer for whoever asked, who need not have this program: cause, fix and the corrected request."""
    causes = diagnosis.judgement.causes
    settled = tuple(cause for cause in causes if cause.certainty is not Certainty.POSSIBLE) or causes[:1]
    if not settled:
        yield Line("I see nothing wrong with this request.")
    for cause in settled:
        sure = "" if cause.certainty is Certainty.CERTAIN else f" ({cause.certainty})"
        yield Line(f"{cause_texts()[cause.id].title}{sure}: {cause.evidence}.")
        if fix := _without_own_commands(cause.fix):
            yield Line(fix)
    if diagnosis.correction is not None:
        [line] = diagnosis.scrub((_curl(diagnosis.correction, None, is_reply=True),))
        yield Line("")
        yield Line("The corrected request:")
        yield Line(line, indent=4)


def _without_own_commands(text: str) -> str:
    """Leave out the sentences that speak of this program's commands and flags."""
    kept = (one for one in re.split(r"(?<=[.;]) ", text) if not re.search(r"\bzoomcall\b|(?<!\w)--[a-z]", one))
    return " ".join(kept)
