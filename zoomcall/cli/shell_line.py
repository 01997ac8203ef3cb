"""Shell lines to copy: quoted for POSIX shells, without secrets."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from zoomcall.cli.render.json import dumps

if TYPE_CHECKING:
    from zoomcall.domain.callout import CalloutRequest
    from zoomcall.domain.target import Api


def mint_line(api: Api, profile: str | None) -> str:
    """Return the command that prints a bearer token."""
    words = ["zoomcall", "token", "mint", "--for", api.value]
    if profile is not None:
        words += ["-p", profile]
    return shlex.join(words)


def callout_line(request: CalloutRequest, *, api_base: str, mint: str | None) -> str:
    """Return a line that sends a callout with curl, its passcode masked; ``mint`` prints the token, else $TOKEN."""
    body = dumps(request.shown_body, is_line=True)
    options = ("-X", request.method, "-H", "@-", "-H", "Content-Type: application/json", "--data-raw", body)
    return _signed(mint, options, api_base + request.path)


def reading_line(path: str, *, api_base: str, mint: str | None) -> str:
    """Return a line that sends a GET request with curl."""
    return _signed(mint, ("-H", "@-"), api_base + path)


def token_line(client_id: str, account_id: str, *, oauth_base: str) -> str:
    """Return a line that gets a server-to-server token with curl, which asks for the client secret."""
    form = ("-d", "grant_type=account_credentials", "-d", f"account_id={account_id}")
    return shlex.join(("curl", "-sS", "-i", "-X", "POST", "-u", client_id, *form, f"{oauth_base}/oauth/token"))


def _signed(mint: str | None, options: tuple[str, ...], url: str) -> str:
    """Return a line that runs curl with the token on its standard input, unless there is no token.

    ``sed`` writes a line number before the header. ``read`` consumes that line, or fails if there is none, and
    leaves the header to curl. So the token is never in a variable, which the shell might export, nor in an
    argument list.
    """
    if mint is None:
        place = options.index("@-")
        others = options[: place - 1] + options[place + 1 :]
        return f'curl -sS -i -H "Authorization: Bearer $TOKEN" {shlex.join((*others, url))}'
    curl = shlex.join(("curl", "-sS", "-i", *options, url))
    return f"{mint} | sed '=;s/^/Authorization: Bearer /' | {{ read -r _ && {curl}; }}"
