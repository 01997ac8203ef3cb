"""The pages on which a user allows an app to act for them (zoom-api 2.1)."""

from __future__ import annotations

import html
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from zoomcall.domain.api_base import is_loopback
from zoomcall.emulator.messages import Reply, Request
from zoomcall.emulator.oauth import form_of
from zoomcall.emulator.world import World

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>:root {{ color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif }}
body {{ max-width: 32rem; margin: 2rem auto; padding: 0 1rem }}
button {{ font: inherit; padding: .4rem 1.2rem }}</style>
<main><h1>{title}</h1>{body}</main></html>
"""


def answer_authorization(request: Request, world: World, *, now: datetime) -> Reply:
    """Answer ``/oauth/authorize``: a page with one button, which sends the browser back with a code."""
    query = request.query
    redirect_uri, client_id = query.get("redirect_uri", ""), query.get("client_id", "")
    if client_id not in {world.keys.client_id, world.keys.public_client_id}:
        return _page("Invalid client", f"<p>Invalid client_id: {html.escape(client_id)} (4,702)</p>", status=400)
    if not _is_registered(redirect_uri):
        return _page(
            "Invalid redirect", f"<p>Invalid redirect: {html.escape(redirect_uri)} (4,700)</p>", status=400
        )
    state = {"state": query["state"]} if "state" in query else {}
    challenge = query.get("code_challenge")
    is_public = client_id == world.keys.public_client_id
    if query.get("response_type") != "code":
        return _back(redirect_uri, {"error": "unsupported_response_type", **state})
    if (challenge is None and is_public) or (challenge and query.get("code_challenge_method") != "S256"):
        return _back(redirect_uri, {"error": "invalid_request", **state})
    if request.method == "POST":
        code = world.sign_ins.allow(client_id, redirect_uri, challenge, now=now)
        return _back(redirect_uri, {"code": code, **state})
    denial = _with_query(redirect_uri, {"error": "access_denied", **state})
    return _consent(request.target, f'<p><a href="{html.escape(denial)}">Deny</a></p>')


def answer_device(request: Request, world: World) -> Reply:
    """Answer ``/oauth/device``, where a user confirms the code that a device shows."""
    user_code = request.query.get("user_code", "")
    if request.method == "POST":
        is_allowed = form_of(request).get("answer") != "deny"
        if not world.sign_ins.answer_device(user_code, is_allowed=is_allowed):
            return _page("Unknown code", "<p>There is no device with this code.</p>", status=400)
        return _page("Done", "<p>Return to your device.</p>")
    if not user_code:
        return _page("Your code", '<form><input name="user_code" aria-label="Code"> <button>Next</button></form>')
    return _consent(request.target, f"<p>Code: {html.escape(user_code)}</p>")


def _consent(target: str, rest: str) -> Reply:
    form = f'<form method="post" action="{html.escape(target)}"><button>Allow</button></form>'
    return _page("Allow this app?", f"<p>It will act for you in this local Zoom.</p>{form}{rest}")


def _is_registered(redirect_uri: str) -> bool:
    """Return whether the app accepts a redirect: to loopback, at any port and path."""
    try:
        parts = urlsplit(redirect_uri)
        return parts.scheme == "http" and is_loopback(parts.hostname or "") and not parts.query
    except ValueError:
        return False


def _back(redirect_uri: str, answer: dict[str, str]) -> Reply:
    return Reply(302, headers=(("Location", _with_query(redirect_uri, answer)), ("Cache-Control", "no-store")))


def _with_query(url: str, pairs: dict[str, str]) -> str:
    return f"{url}?{urlencode(pairs)}"


def _page(title: str, body: str, *, status: int = 200) -> Reply:
    headers = (("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"))
    return Reply(status, _PAGE.format(title=title, body=body).encode("utf-8", "replace"), headers)
