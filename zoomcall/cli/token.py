"""``zoomcall token``: mint and inspect bearer tokens."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoomcall.cli.answer import Answer, ErrorReport
from zoomcall.cli.command import command
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Tone
from zoomcall.cli.results.token import TokenInspectResult, TokenMintResult
from zoomcall.cli.run import Run
from zoomcall.domain.cause import Certainty, Notice
from zoomcall.domain.credential import CredentialKind, HeldCredential, VideoSdkKey
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.profile import Profile
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api
from zoomcall.domain.time_words import distance, span, stamp
from zoomcall.domain.token import TokenKind, read_token
from zoomcall.errors import UsageError, ZoomcallError
from zoomcall.knowledge.facts import Signature
from zoomcall.usecases.minting import USUAL_LIFETIME, parse_lifetime, warnings_of

if TYPE_CHECKING:
    from zoomcall.usecases.inspecting import Inspection, SignatureCheck

app = typer.Typer(help="Mint and inspect bearer tokens.")

_KINDS = {
    TokenKind.API_JWT: "API JWT, for the Video SDK's REST API",
    TokenKind.SESSION_JWT: "Video SDK session token, for joining a session",
    TokenKind.MEETING_SDK_JWT: "Meeting SDK token, for joining a meeting",
    TokenKind.OAUTH: "OAuth access token",
    TokenKind.S2S: "server-to-server OAuth access token",
    TokenKind.REFRESH_TOKEN: "OAuth refresh token",
    TokenKind.ZAK: "ZAK, for starting or joining a meeting as a user",
    TokenKind.OPAQUE: "opaque: not a JWT, so nothing in it can be read",
    TokenKind.MALFORMED: "not a token, or a damaged one",
}
_APIS = {Api.SESSION: "the Video SDK's REST API (session)", Api.MEETING: "the Zoom Meetings REST API (meeting)"}
_SIGNATURES = {
    Signature.VALID: ("made with the API secret at hand", Tone.GOOD),
    Signature.INVALID: ("not made with the API secret at hand", Tone.BAD),
    Signature.UNCHECKED: ("not checked (-p PROFILE checks an API JWT's)", Tone.DIM),
}


@command(
    app,
    "mint",
    CommandSpec(schema="zoomcall.token.mint/1", ignores_output_variable=True),
    examples=(
        "zoomcall token mint",
        "zoomcall token mint --ttl 1h -p prod",
        "zoomcall token mint --for meeting --json",
    ),
)
def mint(
    run: Run,
    *,
    lifetime: Annotated[
        str | None,
        typer.Option(
            "--ttl",
            metavar="TIME",
            help=f"Lifetime of an API JWT, such as 90s, 10m or 1h; at most 7d. [default: {span(USUAL_LIFETIME)}]",
        ),
    ] = None,
    api: Annotated[
        Api | None, typer.Option("--for", help="Which credential to use if the environment has several.")
    ] = None,
) -> Answer:
    """Print a bearer token; stdout is the token and one newline."""
    wanted = USUAL_LIFETIME if lifetime is None else parse_lifetime(lifetime)
    connection = run.wiring.connect(api)
    credential = connection.held.credential
    if isinstance(credential, VideoSdkKey):
        run.notice(*warnings_of(credential, wanted))
    elif lifetime is not None:
        run.notice(
            Notice("ttl-ignored", f"--ttl has no effect: the {credential.kind} credential sets the lifetime")
        )
    token = connection.mint(wanted)
    if token.expires_at is not None and token.expires_at <= run.now():
        run.notice(Notice("token-expired", f"this token expired {distance(token.expires_at, run.now())}"))
    text = token.text.reveal()
    result = TokenMintResult(token=text, kind=token.kind, expires_at=token.expires_at)
    return Answer(raw=f"{text}\n", result=result)


@command(
    app,
    "inspect",
    CommandSpec(schema="zoomcall.token.inspect/1"),
    examples=(
        "zoomcall token mint | zoomcall token inspect",
        "zoomcall token inspect --for session < token.txt",
        "zoomcall token inspect -p prod --json - < token.txt",
    ),
)
def inspect(
    run: Run,
    token: Annotated[
        str | None,
        typer.Argument(
            metavar="[TOKEN|-]",
            help="The token; - or nothing reads standard input, which is safer.",
            show_default=False,
        ),
    ] = None,
    *,
    api: Annotated[
        Api | None, typer.Option("--for", help="API to check it for. [default: the one that takes its kind]")
    ] = None,
) -> Answer:
    """Show what a token is and why Zoom would refuse it, offline.

    With -p, its signature and issuer are checked against that profile; without -p, against the API key and secret
    in the environment if the token names that key. Exit code 4: Zoom is certain to refuse it.
    """
    from zoomcall.usecases.inspecting import inspect as inspect_token  # loads every rule, which mint does not need

    text = _read(run, token)
    api_key, secret, check = _key_at_hand(run, text)
    now = run.now()
    inspection = inspect_token(
        text,
        api=api,
        now=now,
        api_key=api_key,
        is_api_key_explicit=run.options.profile is not None,
        secret=secret,
        check=check,
    )
    return Answer(
        page=tuple(_lines(inspection, now)),
        result=_result(inspection),
        status=ExitStatus.AUTH if inspection.is_hopeless else ExitStatus.OK,
        error=_error(run, inspection) if inspection.is_hopeless else None,
    )


def _read(run: Run, argument: str | None) -> str:
    """Read the token from the argument, standard input, or a hidden prompt."""
    if argument is not None and argument != "-":
        run.notice(
            Notice(
                "token-in-arguments",
                "arguments show up in the process list and the shell's history; pipe the token in instead",
            )
        )
        return argument
    if argument is None and run.streams.is_stdin_terminal:
        if not run.is_interactive:
            raise UsageError("no token was given", fix="Pipe it in, or leave out --no-input to be asked for it.")
        import getpass

        try:
            return getpass.getpass("Token (not shown): ", stream=run.streams.stderr)
        except EOFError:
            return ""
    from zoomcall.usecases.inspecting import LARGEST_INPUT, text_of_bytes

    return text_of_bytes(run.streams.read_stdin(LARGEST_INPUT))


def _key_at_hand(run: Run, text: str) -> tuple[str | None, Secret | None, "SignatureCheck | None"]:
    """Return the API key that the issuer should be, its secret, and what checks a signature with that.

    The secret is the profile's with ``-p``, or that of the environment if the token names the key beside it, or
    has the secret itself as its issuer, which must not be shown.
    """
    if run.options.profile is None:
        api_key = _public_key(run)
        held = _pair_beside(run, api_key) if api_key else None
        if held is None or not isinstance(held.credential, VideoSdkKey):
            return api_key, None, None
        secret = held.credential.api_secret
        if read_token(text).issuer not in {api_key, secret.reveal()}:
            return api_key, None, None
        run.wiring.held = held
        return api_key, secret, run.wiring.check_signature
    pair = run.wiring.key_pair_of_profile()
    if pair is None:
        return None, None, None
    return pair.api_key, pair.api_secret, run.wiring.check_signature


def _public_key(run: Run) -> str | None:
    """Return the API key that would ring a session, if any, whatever is wrong with the credentials."""
    try:
        choice = run.wiring.choice(Api.SESSION)
    except ZoomcallError:
        return None
    if choice.label.kind is not CredentialKind.VIDEOSDK:
        return None
    if isinstance(choice.holder, Profile):
        return choice.holder.key_id
    return run.settings.environ.get("ZOOMCALL_API_KEY")


def _pair_beside(run: Run, api_key: str) -> HeldCredential | None:
    """Return the key pair in the environment, if that is its key, without opening a keyring."""
    if run.settings.environ.get("ZOOMCALL_API_KEY") != api_key:
        return None
    try:
        return run.wiring.resolve(Api.SESSION)
    except ZoomcallError:
        return None


def _result(inspection: "Inspection") -> TokenInspectResult:
    return TokenInspectResult(
        kind=inspection.kind,
        target=inspection.target,
        header=inspection.header,
        claims=inspection.claims,
        issued_at=inspection.reading.issued.at,
        expires_at=inspection.reading.expiry.at,
        signature=inspection.signature,
        findings=inspection.judgement.causes,
        checked=inspection.judgement.checked,
    )


def _error(run: Run, inspection: "Inspection") -> ErrorReport:
    """Report that it is refused; the causes are in the answer, and in JSON here too."""
    causes = inspection.judgement.causes
    first = next(cause for cause in causes if cause.certainty is Certainty.CERTAIN)
    is_text = not run.output.is_document
    return ErrorReport(
        status=ExitStatus.AUTH,
        title=f"Zoom is certain to refuse this token: {first.evidence}",
        causes=() if is_text else causes,
        checked=() if is_text else inspection.judgement.checked,
        doc=f"explain cause:{first.id}",
    )


def _lines(inspection: "Inspection", now: datetime) -> Iterator[Line]:
    yield Line(f"{_KINDS[inspection.kind]} ({inspection.kind})", Tone.TITLE, label="kind")
    if inspection.target is not None:
        yield Line(_APIS[inspection.target], label="judged for")
    if inspection.claims is not None:
        words, tone = _SIGNATURES[inspection.signature]
        yield Line(words, tone, label="signature")
    if inspection.header is not None:
        yield Line("header:", Tone.TITLE)
        yield from _members(inspection.header)
    if inspection.claims is not None:
        yield Line("claims:", Tone.TITLE)
        yield from _members(inspection.claims, _times(inspection, now))
    from zoomcall.cli.render.failure import judgement_lines

    yield from judgement_lines(inspection.judgement)


def _members(members: Mapping[str, Any], remarks: Mapping[str, str] | None = None) -> Iterator[Line]:
    for name, value in members.items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        remark = (remarks or {}).get(name)
        yield Line(f"{shown} ({remark})" if remark else shown, indent=2, label=name)


def _times(inspection: "Inspection", now: datetime) -> dict[str, str]:
    """Return the times of the claims in words."""
    reading = inspection.reading
    words = {}
    if (end := reading.expiry.at) is not None:
        words["exp"] = f"{stamp(end)}, {'expired' if end <= now else 'expires'} {distance(end, now)}"
    if (issued := reading.issued.at) is not None:
        words["iat"] = f"{stamp(issued)}, issued {distance(issued, now)}"
    if (start := reading.start.at) is not None:
        words["nbf"] = f"{stamp(start)}, valid from {distance(start, now)}"
    return words
