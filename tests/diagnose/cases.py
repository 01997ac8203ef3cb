"""The cases: what people paste, and what must be found in it, one text file each.

A file begins with a sentence and lines like ``finds: ID CERTAINTY, ID CERTAINTY``; below ``---`` stands what is
pasted. Tokens are named in angle quotes, like «API token», and made when the case is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tokens import (
    API_CLAIMS,
    MEETING_SDK_CLAIMS,
    NOW_SECONDS,
    OAUTH_CLAIMS,
    OAUTH_HEADER,
    SESSION_CLAIMS,
    ZAK_CLAIMS,
    ZAK_HEADER,
    jwt,
    without,
)

FOLDER = Path(__file__).parent / "cases"
YEAR = 365 * 24 * 3600


def _oauth(**claims: object) -> str:
    return jwt(OAUTH_CLAIMS | claims, OAUTH_HEADER, signature=b"zooms own signature, 64 bytes of it")


API_TOKEN = jwt(API_CLAIMS)
TOKENS = {
    "API token": API_TOKEN,
    "API token cut short": API_TOKEN.rpartition(".")[0],
    "expired API token": jwt(API_CLAIMS | {"iat": NOW_SECONDS - 90_000, "exp": NOW_SECONDS - 86_400}),
    "API token of the future": jwt(API_CLAIMS | {"iat": NOW_SECONDS + 300, "exp": NOW_SECONDS + 900}),
    "API token with exp in milliseconds": jwt(API_CLAIMS | {"exp": (NOW_SECONDS + 600) * 1000}),
    "API token with exp as text": jwt(API_CLAIMS | {"exp": str(NOW_SECONDS + 600)}),
    "API token without exp": jwt(without(API_CLAIMS, "exp")),
    "API token without iss": jwt(without(API_CLAIMS, "iss")),
    "API token by HS384": jwt(API_CLAIMS, {"alg": "HS384", "typ": "JWT"}),
    "API token for a year": jwt(API_CLAIMS | {"exp": NOW_SECONDS + YEAR}),
    "session token": jwt(SESSION_CLAIMS),
    "Meeting SDK token": jwt(MEETING_SDK_CLAIMS),
    "user's OAuth token": _oauth(),
    "expired OAuth token": _oauth(iat=NOW_SECONDS - 90_000, nbf=NOW_SECONDS - 90_000, exp=NOW_SECONDS - 86_400),
    "server-to-server token": _oauth(type=3),
    "refresh token": _oauth(type=1),
    "ZAK": jwt(ZAK_CLAIMS, ZAK_HEADER),
    "opaque key": "bk7Qm2Vx9Lp4Rt8Wz1Yn6Cd3Hf5Js0Kg",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One case.

    Attributes:
        name: The file's name.
        finds: Ids with their certainties, in order.
        exit: The exit code.
        silent: Ids that must not be found.
        says: Words that must stand in the findings.
        command: The corrected command; empty if none is demanded.
        text: What is pasted.
    """

    name: str
    finds: tuple[tuple[str, str], ...]
    exit: int
    silent: tuple[str, ...]
    says: str
    command: str
    text: str
    is_order_free: bool = False

    @classmethod
    def read(cls, path: Path) -> Case:
        """Read a file."""
        head, _, text = path.read_text(encoding="utf-8").partition("\n---\n")
        lines = dict(line.split(": ", 1) for line in head.splitlines()[1:])
        finds = () if lines["finds"] == "nothing" else tuple(row.split() for row in lines["finds"].split(", "))
        return cls(
            name=path.stem,
            finds=tuple((row[0], row[1]) for row in finds),
            exit=int(lines["exit"]),
            silent=tuple(filter(None, lines.get("not", "").split(", "))),
            says=lines.get("says", ""),
            command=lines.get("command", ""),
            text=re.sub("«(.*?)»", lambda match: TOKENS[match[1]], text),
            is_order_free="finds-any-order" in lines,
        )

    def __str__(self) -> str:
        return self.name


CASES = tuple(Case.read(path) for path in sorted(FOLDER.glob("*.txt")))
