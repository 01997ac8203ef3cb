"""Where a request goes: the parts of its URL that rules look at."""

from __future__ import annotations

import re

from msgspec import Struct

from zoomcall.domain.pattern import Pattern
from zoomcall.domain.target import Api
from zoomcall.knowledge.facts import Facts
from zoomcall.knowledge.texts import Endpoint, endpoints

_BEFORE_PATH = Pattern(r"[A-Za-z][A-Za-z0-9+.-]*://(?P<host>[^/?#]*)")
_SESSION = Pattern(r"/videosdk/sessions/(?P<id>.+?)(?:/(?P<tail>events?|users|status|sip_dialing))?/*")
_MEETING = Pattern(r"/(?:live_meetings|meetings|metrics/meetings)/(?P<id>[^/]+)(?:/(?P<tail>.*?))?/*")
_BASE = Pattern(
    r".*?(?=/(?:videosdk|live_meetings|(?:past_)?meetings|webinars|metrics|report|users|accounts|rooms|h323|crc"
    r"|marketplace)(?:/|\Z))"
)
_LONGEST_URL = 8192
_PLACEHOLDER = Pattern(r"\{[^}]*\}")


class Route(Struct, frozen=True, kw_only=True):
    """A request's destination.

    Attributes:
        method: Upper case.
        host: As in the URL, in lower case; empty if there is only a path.
        base: What precedes the endpoint, like ``/v2``.
        path: The rest, without the query.
        query: What follows the question mark.
        api: The API that it belongs to; None if there is no telling.
        raw_id: The session id or meeting number, as it is in the path.
        tail: What follows the id.
        is_ours: This program built the request.
    """

    method: str
    host: str
    base: str
    path: str
    query: str
    api: Api | None
    raw_id: str | None
    tail: str | None
    is_ours: bool

    @property
    def is_callout(self) -> bool:
        """Whether it goes to an ``events`` endpoint, spelt correctly or in the singular."""
        is_controlled = self.path.startswith(("/videosdk/sessions/", "/live_meetings/"))
        return is_controlled and self.tail in {"event", "events"}

    @property
    def is_token_endpoint(self) -> bool:
        """Whether it goes to the token endpoint."""
        return self.path.rstrip("/").endswith("/oauth/token")

    @property
    def takes_oauth(self) -> bool:
        """Whether it goes to any endpoint but those of the Video SDK, so that it takes an OAuth token."""
        return self.api is Api.MEETING

    @property
    def endpoint(self) -> Endpoint | None:
        """The endpoint that it goes to, if this program knows it."""
        for endpoint in endpoints():
            pattern = _PLACEHOLDER.sub("[^/]+", endpoint.path)
            if self.method == endpoint.method and re.fullmatch(pattern, self.path.rstrip("/")):
                return endpoint
        return None


def route_of(facts: Facts) -> Route | None:
    """Return where the request went, or the one that was answered; None if neither is known."""
    if facts.request is not None:
        return _read(facts.request.method, facts.request.url, is_ours=facts.request.is_ours)
    if facts.answer is not None:
        return _read(facts.answer.method, facts.answer.path, is_ours=False)
    return None


def is_of_token_endpoint(facts: Facts) -> bool:
    """Return whether the token endpoint answered: only it has words, but its numbers come from others too."""
    if facts.answer is None or not facts.answer.is_oauth:
        return False
    route = route_of(facts)
    is_elsewhere = facts.request is not None and route is not None and route.api is not None
    return isinstance(facts.answer.code, str) or not is_elsewhere


def for_cluster(advice: str, facts: Facts) -> str:
    """Turn advice for zoom.us into advice for the government cluster if the request goes there (zoom-api 2.3)."""
    route = route_of(facts)
    if route is None or not route.host.endswith("zoomgov.com") or "--cluster" in advice:
        return advice
    advice = advice.replace("marketplace.zoom.us", "marketplace.zoomgov.com")
    return f"{advice} --cluster gov" if advice.startswith("zoomcall auth login") else advice


def _read(method: str, url: str, *, is_ours: bool) -> Route:
    url = url[:_LONGEST_URL]
    before = _BEFORE_PATH.match(url)
    rest = url[before.end() :] if before else url
    path, _, query = rest.partition("#")[0].partition("?")
    if not path.startswith("/"):
        path = "/" + path
    base = _BASE.match(path)
    path = path[base.end() :] if base else path
    is_session = path.startswith("/videosdk")
    match = (_SESSION if is_session else _MEETING).fullmatch(path)
    return Route(
        method=method.upper(),
        host=before["host"].rpartition("@")[2].lower() if before else "",
        base=base[0] if base else "",
        path=path,
        query=query,
        api=(Api.SESSION if is_session else Api.MEETING) if base else None,
        raw_id=match["id"] if match else None,
        tail=match["tail"] if match else None,
        is_ours=is_ours,
    )
