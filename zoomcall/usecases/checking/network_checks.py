"""The checks of the way to Zoom: names, certificates, proxies, an answer, and the clock in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec.structs import replace

from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.cause import Certainty
from zoomcall.domain.credential import AccessToken
from zoomcall.domain.network_path import Certificate, Knock, Place, Way
from zoomcall.domain.target import Api
from zoomcall.errors import NetworkFault, NetworkWord, WrongCredential, ZoomcallError
from zoomcall.knowledge.engine import judge_bearer
from zoomcall.knowledge.facts import Facts
from zoomcall.knowledge.texts import cause_texts
from zoomcall.usecases.checking.verdicts import Blocked, CheckId, Verdict, failed, ok, skipped, warned, warning
from zoomcall.usecases.identity import skew_of, skew_words

WORTH_MENTIONING = timedelta(seconds=30)
"""A skew beyond which the clock should be set, whether or not a token suffers from it."""

_SOON = timedelta(days=7)
_MOST_ADDRESSES = 3
_NO_HTTPS_FIX = "Nothing needs to be done on loopback; over https it is checked."
_BLOCKING = {
    NetworkWord.DNS: CheckId.DNS,
    NetworkWord.TLS: CheckId.TLS,
    NetworkWord.PROXY: CheckId.PROXY,
}

Knocks = Mapping[Place, Knock | ZoomcallError]


class Probe(Protocol):
    """Looks at the way that requests take."""

    def way(self, base: str) -> Way:
        """Tell how a base is reached; ``UsageError`` if a proxy variable cannot be used."""
        ...

    def addresses(self, place: Place) -> tuple[str, ...] | None:
        """Look up a host's addresses, ``NetworkFault`` if it has none; None if it is an address itself."""
        ...

    def knock(self, url: str, *, deadline: datetime) -> Knock:
        """Make one request without a credential, once."""
        ...

    @property
    def trusted(self) -> str:
        """Where the trusted certificates are."""
        ...


def check_names(ways: Sequence[Way], probe: Probe) -> Verdict:
    """Look up every host that this machine connects to.

    Raises:
        NetworkFault: One has no address.
    """
    told = []
    for way in ways:
        behind = f"the proxy looks up {way.target.host}; " if way.proxy else ""
        found = probe.addresses(way.first)
        if found is None:
            told.append(f"{behind}{way.first.host} is an address, with nothing to look up")
            continue
        more = len(found) - _MOST_ADDRESSES
        shown = ", ".join(found[:_MOST_ADDRESSES]) + (f" and {more} more" if more > 0 else "")
        told.append(f"{behind}{way.first.host} is {shown}")
    return ok(_joined(told))


def check_proxies(ways: Sequence[Way], knocks: Knocks) -> Verdict:
    """Say which proxies count, and whether they lead on.

    Raises:
        NetworkFault: One does not.
    """
    for way in ways:
        _raise_for(knocks.get(way.target), NetworkWord.PROXY)
    told = []
    for way in ways:
        if way.proxy is None:
            told.append(f"no proxy on the way to {way.target.host}")
        elif isinstance(knocks.get(way.target), Knock):
            told.append(f"{way.proxy} leads to {way.target.host}")
        else:
            told.append(f"{way.proxy} is on the way to {way.target.host}")
    return ok(_joined(told))


def check_certificates(ways: Sequence[Way], knocks: Knocks, *, trusted: str, now: datetime) -> Verdict:
    """Say who signed the servers' certificates and when they end.

    Raises:
        NetworkFault: A handshake failed.
        UsageError: A variable names certificates that cannot be used.
        Blocked: No handshake could be tried.
    """
    secured = [way for way in ways if way.is_https]
    if not secured:
        return skipped("plain http on loopback: there is no certificate to check", _NO_HTTPS_FIX)
    for way in secured:
        knock = knocks.get(way.target)
        _raise_for(knock, NetworkWord.TLS)
        if isinstance(knock, ZoomcallError) and not isinstance(knock, NetworkFault):
            raise knock
    for way in secured:
        knock = knocks.get(way.target)
        if isinstance(knock, NetworkFault):
            raise Blocked(_BLOCKING.get(knock.word, CheckId.API), knock)
    shown = {way.target.host: _certificate_of(knocks.get(way.target)) for way in secured}
    told = f"{_joined([_described(host, shown[host], now) for host in shown])}; trusted by {trusted}"
    ending = [host for host, each in shown.items() if each is not None and _is_ending(each, now)]
    if ending:
        return warning(
            f"the certificate of {' and '.join(ending)} ends soon: {told}",
            "If a proxy of yours signs it, have it renewed; Zoom renews its own.",
        )
    return ok(told)


def check_answer(ways: Sequence[Way], knocks: Knocks, facts: Facts) -> Verdict:
    """Say whether Zoom itself answers.

    Args:
        ways: To the API first.
        knocks: What came of knocking.
        facts: For explaining.

    Raises:
        NetworkFault: There is no connection.
        ZoomRefused: Something else answered, or Zoom could not.
        Blocked: The way breaks where another check looks.
    """
    for way in ways:
        knock = knocks.get(way.target)
        if isinstance(knock, NetworkFault) and knock.word in _BLOCKING:
            raise Blocked(_BLOCKING[knock.word], knock)
        if isinstance(knock, NetworkFault):
            raise knock
        if isinstance(knock, ZoomcallError):
            raise Blocked(CheckId.TLS, knock)
    first = knocks[ways[0].target]
    assert isinstance(first, Knock)  # noqa: S101 - all else was raised
    answer = first.answer
    told = f"{ways[0].target.host} answered HTTP {answer.status} after {first.seconds:.2f} s"
    if answer.status == 429:
        return warned(ZoomRefused(answer), facts)
    if not answer.is_zooms or answer.status >= 500:
        raise ZoomRefused(answer)
    return ok(f"{told}, in Zoom's form (no token was sent)")


def check_clock(answer: ZoomAnswer | None, token: Callable[[], AccessToken] | None, facts: Facts) -> Verdict:
    """Compare this machine's clock with Zoom's.

    Args:
        answer: One of Zoom's.
        token: Makes a token from this machine's clock, if the credential is one that does.
        facts: For explaining.

    Raises:
        Blocked: There is no answer of Zoom's.
    """
    if answer is None or answer.local_time is None:
        raise Blocked(CheckId.API)
    if answer.server_time is None:
        return warning("Zoom's answer tells no time", "Set the clock by the network (NTP) to be sure of it.")
    skew = skew_of(answer.server_time, answer.local_time)
    told = skew_words(skew) if skew else "this machine's clock and Zoom's agree"
    facts = _with_clocks(facts, answer, token)
    if facts.bearer is not None and _is_fatal(facts):
        return failed(WrongCredential(f"{told}: Zoom refuses tokens that are made by it"), facts)
    if abs(skew) > WORTH_MENTIONING:
        text = cause_texts()["clock-skew"]
        return warning(told, text.fix, text.command)
    return ok(told)


def _with_clocks(facts: Facts, answer: ZoomAnswer, token: Callable[[], AccessToken] | None) -> Facts:
    bearer = None if token is None else token().text
    return replace(facts, bearer=bearer, local_time=answer.local_time, zoom_time=answer.server_time)


def _is_fatal(facts: Facts) -> bool:
    causes = judge_bearer(facts, Api.SESSION).causes
    return any(cause.id == "clock-skew" and cause.certainty is Certainty.CERTAIN for cause in causes)


def _raise_for(knock: Knock | ZoomcallError | None, word: NetworkWord) -> None:
    if isinstance(knock, NetworkFault) and knock.word is word:
        raise knock


def _certificate_of(knock: Knock | ZoomcallError | None) -> Certificate | None:
    return knock.certificate if isinstance(knock, Knock) else None


def _described(host: str, certificate: Certificate | None, now: datetime) -> str:
    if certificate is None:
        return f"{host} speaks TLS"
    parts = [f"{host} speaks {certificate.protocol or 'TLS'}"]
    if certificate.issuer is not None:
        parts.append(f"certificate by {certificate.issuer}")
    if certificate.expires_at is not None:
        parts.append(f"ends in {(certificate.expires_at - now).days} days")
    return ", ".join(parts)


def _is_ending(certificate: Certificate, now: datetime) -> bool:
    return certificate.expires_at is not None and certificate.expires_at - now < _SOON


def _joined(parts: Sequence[str]) -> str:
    return "; ".join(dict.fromkeys(parts))
