"""What people paste around an address or a session id, and how it is taken off (contract 1)."""

from __future__ import annotations

import re
from urllib.parse import unquote

from zoomcall.domain.pattern import Pattern

QUOTES = "\"'`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb"

_INVISIBLE = Pattern("[\u00ad\u200b-\u200f\u2060\ufeff]")
_ADDRESS_LABEL = Pattern(
    r"[A-Za-z][\w./() -]{0,30}:\s+(?=\S)|[\"']?(?:device_ip|address|addr|uri|ip)[\"']?\s*[:=]\s*", re.IGNORECASE
)
_NAMED = Pattern(r"[^<>@]*<([^<>]+)>(?:;[^<>]*)?")
_REMARK = Pattern(r"\s+\([^()]*\)\Z")
_SIP_SLASHES = Pattern(r"(sips?:|h323:)//", re.IGNORECASE)

_SESSION_LABEL = Pattern(
    r"[\"']?(?:(?:video ?sdk )?session(?:[ _-]?(?:id|uuid))?|id|uuid)[\"']?\s*(?::|=(?!=))\s*", re.IGNORECASE
)
_SESSION_PATH = Pattern(r"(?:https?://[^/\s]+)?/(?:v2/)?videosdk/sessions/([^/?#\s]+)(?:[/?#].*)?")
_ESCAPED_ID = Pattern(r"[A-Za-z0-9+/=_-]+")


def address_in(text: str) -> str:
    """Return the address in a text: without label, display name, brackets, quotation marks and remarks.

    Parameters outside angle brackets belong to a header of SIP, not to the address, and are left out.

    Args:
        text: ``SIP: room@example.com``, ``"Room" <sip:room@example.com>;tag=1``, or the address alone.
    """
    bare = _stripped(text)
    for _ in range(2):
        if label := _ADDRESS_LABEL.match(bare):
            bare = _stripped(bare[label.end() :]).strip(QUOTES)
        if named := _NAMED.fullmatch(bare):
            bare = _stripped(named[1])
    return _SIP_SLASHES.sub(r"\1", _REMARK.sub("", bare), count=1)


def session_id_in(text: str) -> str:
    """Return the session id in a text: without label and quotation marks, and unescaped if it was part of a URL.

    Args:
        text: ``Session ID: …``, ``"session_id": "…",``, a URL of the session, or the id alone.
    """
    bare = _stripped(text)
    if label := _SESSION_LABEL.match(bare):
        bare = bare[label.end() :].strip(QUOTES)
    if path := _SESSION_PATH.fullmatch(bare):
        bare = path[1]
    plain = unquote(unquote(bare)) if "%" in bare else bare
    return plain if _ESCAPED_ID.fullmatch(plain) else bare


def _stripped(text: str) -> str:
    """Return the text without what cannot be seen, and without blanks, commas and quotation marks around it."""
    bare = _INVISIBLE.sub("", text).strip().rstrip(",;")
    while len(bare) > 1 and bare[0] in QUOTES and bare[-1] in QUOTES:
        bare = bare[1:-1].strip()
    return bare
