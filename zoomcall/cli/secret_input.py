"""Reads a secret from a pipe, from a file, or from a prompt that does not show it; never from a flag."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path

from zoomcall.cli.asking import NoAnswerError, asked_again
from zoomcall.cli.run import Run
from zoomcall.domain.cause import Notice
from zoomcall.domain.secret import Secret
from zoomcall.domain.secret_text import LARGEST_SECRET, refuse_surplus, secret_of_bytes
from zoomcall.errors import UsageError


def secret_source(run: Run, name: str, *, is_piped: bool, file: Path | None) -> Callable[[], Secret]:
    """Return what returns a secret: read now from a pipe or file, or later from a prompt.

    Args:
        run: The run.
        name: What the secret is called, like ``API secret``.
        is_piped: ``--secret-stdin``.
        file: ``--secret-file``.

    Raises:
        UsageError: There is none, and the user cannot be asked.
        NotConfigured: The file cannot be used.
    """
    if is_piped and file is not None:
        raise UsageError("--secret-stdin and --secret-file contradict each other")
    if file is not None:
        secret, notices = run.wiring.secret_of_file(file, "--secret-file")
        run.notice(*notices)
        refuse_surplus(secret.reveal(), f"--secret-file: {file}")
        return lambda: secret
    if is_piped:
        piped = _piped_secret(run)
        return lambda: piped
    if not run.is_interactive:
        raise UsageError(
            f"no {name} given",
            fix="Pipe it in with --secret-stdin, or name its file with --secret-file.",
        )
    return lambda: asked_again(run, lambda: _typed_secret(run, name))


def _piped_secret(run: Run) -> Secret:
    if run.streams.is_stdin_terminal:
        raise UsageError(
            "--secret-stdin would show the secret, since standard input is a terminal",
            fix="Leave it out for a prompt that does not show the secret, or pipe the secret in.",
        )
    secret, has_surplus = _parsed(run.streams.read_stdin(LARGEST_SECRET), "standard input")
    if has_surplus:
        run.notice(Notice("secret-has-whitespace", "ignored whitespace around the secret on standard input"))
    return secret


def _typed_secret(run: Run, name: str) -> Secret:
    try:
        typed = getpass.getpass(f"{name[0].upper()}{name[1:]} (not shown): ", stream=run.streams.stderr)
    except (EOFError, KeyboardInterrupt) as end:
        run.streams.stderr.write("\n")  # so that what follows is on its own line
        if isinstance(end, KeyboardInterrupt):
            raise
        raise NoAnswerError(f"no {name} was typed, so nothing was stored") from None
    return _parsed(typed.encode("utf-8", "surrogateescape"), "what was typed")[0]


def _parsed(data: bytes, origin: str) -> tuple[Secret, bool]:
    try:
        secret, has_surplus = secret_of_bytes(data)
    except ValueError as error:
        raise UsageError(f"no secret: {origin} {error}") from None
    refuse_surplus(secret.reveal(), origin)
    return secret, has_surplus
