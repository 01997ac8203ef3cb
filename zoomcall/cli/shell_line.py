"""Shell lines that people copy: POSIX quoting, and no secret in them."""

from __future__ import annotations

import shlex

from zoomcall.cli.render.json import dumps
from zoomcall.domain.callout import CalloutRequest
from zoomcall.domain.target import Api
from zoomcall.usecases.correcting import PhoneRequest


def mint_line(api: Api, profile: str | None) -> str:
    """Give the command that prints a bearer token."""
    words = ["zoomcall", "token", "mint", "--for", api.value]
    if profile is not None:
        words += ["-p", profile]
    return shlex.join(words)


def callout_line(request: CalloutRequest | PhoneRequest, *, api_base: str, mint: str) -> str:
    """Give the line that rings a room or a phone with curl.

    Args:
        request: What is asked of Zoom; a passcode in it is masked.
        api_base: Where it goes.
        mint: The command that prints the token.
    """
    body = dumps(request.shown_body, is_line=True)
    options = ("-X", request.method, "-H", "@-", "-H", "Content-Type: application/json", "--data-raw", body)
    return _signed(mint, options, api_base + request.path)


def reading_line(path: str, *, api_base: str, mint: str) -> str:
    """Give the line that reads something from Zoom with curl."""
    return _signed(mint, ("-H", "@-"), api_base + path)


def token_line(client_id: str, account_id: str, *, oauth_base: str) -> str:
    """Give the line that gets a server-to-server token with curl, which asks for the client secret."""
    form = ("-d", "grant_type=account_credentials", "-d", f"account_id={account_id}")
    return shlex.join(("curl", "-sS", "-i", "-X", "POST", "-u", client_id, *form, f"{oauth_base}/oauth/token"))


def _signed(mint: str, options: tuple[str, ...], url: str) -> str:
    """Give curl the token on its standard input, or do not run it if there is none.

    ``sed`` writes a line number before the header; ``read`` takes that line, fails if there is none, and leaves the
    header to curl. So the token is in no variable, which the shell might export, and in no argument list.
    """
    curl = shlex.join(("curl", "-sS", "-i", *options, url))
    return f"{mint} | sed '=;s/^/Authorization: Bearer /' | {{ read -r _ && {curl}; }}"
