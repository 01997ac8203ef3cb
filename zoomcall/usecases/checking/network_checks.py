"""The checks of the way to Zoom: proxies, names, certificates, an answer, and the clock in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial

from msgspec.structs import replace

from zoomcall.domain.answer import ZoomAnswer, ZoomRefused
from zoomcall.domain.cause import Certainty
from zoomcall.domain.credential import Bearer, ServerToServerApp, SignedInUser, VideoSdkKey
from zoomcall.domain.network_path import Certificate, Knock, Place, Way
from zoomcall.domain.target import Api
from zoomcall.errors import NetworkFault, NetworkWord, WrongCredential, ZoomcallError
from zoomcall.knowledge.engine import judge_bearer
from zoomcall.knowledge.facts import Facts
from zoomcall.knowledge.texts import cause_texts
from zoomcall.usecases.checking.case import Case
from zoomcall.usecases.checking.task_graph import Late, Step, run_steps
from zoomcall.usecases.checking.verdicts import Blocked, CheckId, CheckVerdict, failed, ok, skipped, warned, warning
from zoomcall.usecases.identity import skew_of, skew_words

WORTH_MENTIONING = timedelta(seconds=30)
"""A skew beyond which the clock should be set, whether or not a token suffers from it."""

_SOON = timedelta(days=7)
_MOST_ADDRESSES = 3
_HTTPS_FIX = "Ignore this on loopback; with an https base the certificate is checked."
_BLOCKING = {
    NetworkWord.DNS: CheckId.DNS,
    NetworkWord.TLS: CheckId.TLS,
    NetworkWord.PROXY: CheckId.PROXY,
}


def check_proxies(case: Case) -> CheckVerdict:
    """Report the proxies, and whether each lets a request through; other checks read what the requests found.

    Raises:
        NetworkFault: One does not.
        UsageError: A proxy variable cannot be used.
    """
    case.knocks = _knocks(case)
    told = []
    for way, knock in case.knocks.items():
        if isinstance(knock, NetworkFault) and knock.word is NetworkWord.PROXY:
            raise knock
        host = way.target.host
        if way.proxy is None:
            told.append(f"no proxy for {host}")
        else:
            told.append(f"{way.proxy} {'connects to' if isinstance(knock, Knock) else 'is used for'} {host}")
    return ok(_joined(told))


def _knocks(case: Case) -> Mapping[Way, Knock | ZoomcallError | None]:
    """Send each host a request without a credential, at the same time; offline, only find the ways there."""
    probe = case.tools.probe
    api_base, oauth_base = case.bases
    urls = {probe.way(api_base): f"{api_base}/users/me"}
    if _needs_token_endpoint(case):
        way = probe.way(oauth_base)
        if way.target not in {known.target for known in urls}:
            urls[way] = f"{oauth_base}/oauth/token"
    if case.order.is_offline:
        return dict.fromkeys(urls)
    limit, deadline = case.limit - timedelta(seconds=1), case.deadline
    steps: list[Step[Knock | ZoomcallError]] = [
        Step(name=url, work=partial(probe.knock, url, deadline=deadline), limit=limit) for url in urls.values()
    ]
    outcomes = run_steps(steps, settle=_unanswered)
    return {way: outcomes[url].value for way, url in urls.items()}


def _needs_token_endpoint(case: Case) -> bool:
    if case.connection is None:
        return case.order.api is Api.MEETING
    match case.connection.held.credential:
        case ServerToServerApp() | SignedInUser():
            return True
        case VideoSdkKey() | Bearer():
            return False


def _unanswered(error: Exception) -> Knock | ZoomcallError:
    match error:
        case ZoomcallError():
            return error
        case Late():
            return NetworkFault("no answer came in time", word=NetworkWord.TIMEOUT, may_have_arrived=False)
        case _:
            raise error


def check_names(case: Case) -> CheckVerdict:
    """Look up every host that this machine connects to.

    Raises:
        NetworkFault: One has no address.
    """
    told = []
    for way in _known(case):
        by_proxy = f"the proxy looks up {way.target.host}; " if way.proxy else ""
        found = case.tools.probe.addresses(way.first)
        if found is None:
            told.append(f"{by_proxy}{way.first.host} is already an address")
            continue
        more = len(found) - _MOST_ADDRESSES
        shown = ", ".join(found[:_MOST_ADDRESSES]) + (f" and {more} more" if more > 0 else "")
        told.append(f"{by_proxy}{way.first.host} is {shown}")
    return ok(_joined(told))


def check_certificates(case: Case) -> CheckVerdict:
    """Report who signed the servers' certificates and when they expire.

    Raises:
        NetworkFault: A handshake failed.
        UsageError: A variable names certificates that cannot be used.
        Blocked: No handshake could be tried, or what failed is the clock's to report.
    """
    secured = {way: knock for way, knock in _known(case).items() if way.is_https}
    if not secured:
        return skipped("plain HTTP on loopback has no certificate to check", _HTTPS_FIX)
    for knock in secured.values():
        if isinstance(knock, ZoomcallError) and (
            not isinstance(knock, NetworkFault) or knock.word is NetworkWord.TLS
        ):
            if _is_by_the_clock(knock):
                raise Blocked(CheckId.CLOCK, knock)
            raise knock
    certificates: dict[Place, Certificate | None] = {}
    for way, knock in secured.items():
        if isinstance(knock, NetworkFault):
            raise Blocked(_BLOCKING.get(knock.word, CheckId.API), knock)
        certificates[way.target] = knock.certificate if isinstance(knock, Knock) else None
    now = case.now()
    described = _joined(_described(place.host, each, now) for place, each in certificates.items())
    told = f"{described}; trusted by {case.tools.probe.trusted}"
    ending = [place.host for place, each in certificates.items() if _is_ending(each, now)]
    if ending:
        return warning(
            f"the certificate of {' and '.join(ending)} expires soon: {told}",
            "If a proxy of yours signs it, have it renewed; Zoom renews its own.",
        )
    return ok(told)


def check_answer(case: Case) -> CheckVerdict:
    """Report whether Zoom itself answers.

    Raises:
        NetworkFault: There is no connection.
        ZoomRefused: Something else answered, or Zoom could not.
        Blocked: The request failed at what another check looks into.
    """
    for knock in _known(case).values():
        if isinstance(knock, NetworkFault):
            if knock.word in _BLOCKING:
                raise Blocked(_BLOCKING[knock.word], knock)
            raise knock
        if isinstance(knock, ZoomcallError):
            raise Blocked(CheckId.TLS, knock)
    way, first = next(iter(case.knocks.items()))
    assert isinstance(first, Knock)  # noqa: S101 - an error was raised, and None is offline
    answer = first.answer
    if answer.status == 429:
        return warned(ZoomRefused(answer), case.facts)
    if not answer.is_zooms or answer.status >= 500:
        raise ZoomRefused(answer)
    told = f"{way.target.host} answered HTTP {answer.status} in {first.seconds:.2f} s"
    return ok(f"{told}, in Zoom's format (no token was sent)")


def check_clock(case: Case) -> CheckVerdict:
    """Compare this machine's clock with Zoom's.

    Raises:
        NetworkFault: It is so far off that no certificate seems valid.
        Blocked: Zoom did not answer.
    """
    spoilt = next((each for each in case.knocks.values() if _is_by_the_clock(each)), None)
    if isinstance(spoilt, NetworkFault):
        raise spoilt
    knock = next(iter(case.knocks.values()), None)
    answer = knock.answer if isinstance(knock, Knock) and knock.answer.is_zooms else None
    if answer is None or answer.local_time is None:
        raise Blocked(CheckId.API)
    if answer.server_time is None:
        return warning("Zoom's answer has no Date header", "Synchronize the clock over the network (NTP).")
    skew = skew_of(answer.server_time, answer.local_time)
    told = skew_words(skew) if skew else "this machine's clock and Zoom's agree"
    if case.connection is not None and isinstance(case.held.credential, VideoSdkKey):
        facts = _with_minted_token(case, answer)
        if _is_fatal(facts):
            return failed(WrongCredential(f"{told}: Zoom refuses tokens minted by this clock"), facts)
    if abs(skew) > WORTH_MENTIONING:
        text = cause_texts()["clock-skew"]
        return warning(told, text.fix, text.command)
    return ok(told)


def _is_by_the_clock(knock: object) -> bool:
    """Return whether a certificate was refused for its dates, which only this machine's clock can judge."""
    return isinstance(knock, NetworkFault) and knock.cause == "clock-wrong"


def _with_minted_token(case: Case, answer: ZoomAnswer) -> Facts:
    bearer = case.line.token().text
    return replace(case.facts, bearer=bearer, local_time=answer.local_time, zoom_time=answer.server_time)


def _is_fatal(facts: Facts) -> bool:
    causes = judge_bearer(facts, Api.SESSION).causes
    return any(cause.id == "clock-skew" and cause.certainty is Certainty.CERTAIN for cause in causes)


def _known(case: Case) -> Mapping[Way, Knock | ZoomcallError | None]:
    if not case.knocks:
        raise Blocked(CheckId.PROXY)
    return case.knocks


def _described(host: str, certificate: Certificate | None, now: datetime) -> str:
    if certificate is None:
        return f"{host} speaks TLS"
    parts = [f"{host} speaks {certificate.protocol or 'TLS'}"]
    if certificate.issuer is not None:
        parts.append(f"certificate by {certificate.issuer}")
    if certificate.expires_at is not None:
        parts.append(f"expires in {(certificate.expires_at - now).days} days")
    return ", ".join(parts)


def _is_ending(certificate: Certificate | None, now: datetime) -> bool:
    return certificate is not None and certificate.expires_at is not None and certificate.expires_at - now < _SOON


def _joined(parts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(parts))
