"""Makes the checks of ``doctor``: which wait for which, and what one says for another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from zoomcall.domain.api_base import ApiBase
from zoomcall.domain.cause import Certainty
from zoomcall.domain.credential import (
    AccessToken,
    CredentialKind,
    CredentialLabel,
    CredentialSource,
    HeldCredential,
    VideoSdkKey,
)
from zoomcall.domain.network_path import Knock, Way
from zoomcall.domain.profile import KeyringRead
from zoomcall.domain.target import Api, SessionId, Target
from zoomcall.errors import NetworkFault, NetworkWord, NotConfigured, WrongCredential, ZoomcallError
from zoomcall.knowledge.engine import judge_bearer
from zoomcall.knowledge.facts import Facts
from zoomcall.knowledge.redaction import clean
from zoomcall.usecases.checking.account_checks import (
    Consultation,
    Zoom,
    check_account,
    check_plan,
    check_scopes,
    check_session,
    check_token,
    check_webhook,
    find_session,
)
from zoomcall.usecases.checking.network_checks import (
    Knocks,
    Probe,
    check_answer,
    check_certificates,
    check_clock,
    check_names,
    check_proxies,
)
from zoomcall.usecases.checking.task_graph import Late, Step, run_steps
from zoomcall.usecases.checking.verdicts import (
    Blocked,
    Check,
    CheckId,
    CheckStatus,
    Verdict,
    broken,
    failed,
    ok,
    skipped,
)
from zoomcall.usecases.identity import Acceptance, api_of, try_out
from zoomcall.usecases.resolving import Choice
from zoomcall.usecases.webhook_secret import HeldWebhookSecret

LIMIT = timedelta(seconds=10)
"""How long one check may take, the wait for a person at a keyring's prompt apart."""

_PATIENCE = timedelta(seconds=8)
"""How long Zoom may take: less than the check, so that its fault is told rather than that of the limit."""

_WAYS, _KNOCK = "ways", "knock"
_OFFLINE = "not asked (--offline)"
_ONLINE_FIX = "Run it without --offline."

_NEEDS: Mapping[str, tuple[str, ...]] = {
    _WAYS: (CheckId.CREDENTIAL,),
    _KNOCK: (_WAYS,),
    CheckId.CREDENTIAL: (),
    CheckId.KEYRING: (CheckId.CREDENTIAL,),
    CheckId.CLOCK: (CheckId.CREDENTIAL, CheckId.API),
    CheckId.DNS: (CheckId.PROXY,),
    CheckId.TLS: (CheckId.DNS, CheckId.PROXY),
    CheckId.PROXY: (_KNOCK,),
    CheckId.API: (CheckId.DNS, CheckId.TLS, CheckId.PROXY),
    CheckId.TOKEN: (CheckId.CREDENTIAL, CheckId.API),
    CheckId.ACCOUNT: (CheckId.TOKEN,),
    CheckId.SCOPES: (CheckId.TOKEN,),
    CheckId.CRC: (CheckId.TOKEN, CheckId.SESSION),
    CheckId.SESSION: (CheckId.TOKEN,),
    CheckId.WEBHOOK: (CheckId.TOKEN, CheckId.KEYRING),
    CheckId.VERSIONS: (),
}


class Tools(Protocol):
    """What the checks are made with."""

    @property
    def api_base(self) -> ApiBase:
        """Where REST is served."""

    @property
    def oauth_base(self) -> ApiBase:
        """Where tokens are issued."""

    @property
    def probe(self) -> Probe:
        """Looks at the way to Zoom."""

    @property
    def zoom(self) -> Zoom:
        """Zoom, spoken to with the credential in hand."""

    @property
    def keyring_limit(self) -> timedelta:
        """How long the keyring may take."""

    @property
    def keyring_read(self) -> KeyringRead | None:
        """How the keyring took the newest question."""

    def choice(self, api: Api | None) -> Choice:
        """Find the credential that counts, without its secret."""

    def credential_for(self, api: Api | None) -> HeldCredential:
        """Take it in hand."""

    def refuse_wrong_bearer(self, api: Api) -> None:
        """Raise ``WrongCredential`` for a bearer that Zoom is certain to refuse."""

    def token(self, api: Api) -> AccessToken:
        """Give a token."""

    def webhook_secret(self) -> HeldWebhookSecret:
        """Find the webhook secret."""

    def versions(self) -> tuple[tuple[str, str], ...]:
        """Name what is installed, with versions."""


class CheckupOrder(Struct, frozen=True, kw_only=True):
    """What is to be checked.

    Attributes:
        api: Which API the credential must serve; None if any will do.
        target: The session or meeting that was named.
        only: The checks that are wanted.
        is_offline: Nobody is asked.
    """

    api: Api | None = None
    target: Target | None = None
    only: frozenset[CheckId] = frozenset(CheckId)
    is_offline: bool = False


def check_up(
    order: CheckupOrder,
    tools: Tools,
    *,
    facts: Callable[[], Facts],
    now: Callable[[], datetime],
    on_bug: Callable[[Exception], None] = lambda _: None,
) -> tuple[Check, ...]:
    """Make the checks, those at the same time that do not wait for each other.

    Args:
        order: What is to be checked.
        tools: What with.
        facts: Gives what is known for explaining, at any time.
        now: This machine's clock.
        on_bug: Is shown what a check should not have raised.

    Returns:
        The checks that were wanted, in the order of ``CheckId``.
    """
    return _Checkup(order, tools, facts, now, on_bug).run()


class _Checkup:
    """One run of the checks; each finds here what those before it have found."""

    def __init__(
        self,
        order: CheckupOrder,
        tools: Tools,
        facts: Callable[[], Facts],
        now: Callable[[], datetime],
        on_bug: Callable[[Exception], None],
    ) -> None:
        self._order = order
        self._tools = tools
        self._known = facts
        self._now = now
        self._on_bug = on_bug
        self._verdicts: dict[str, Verdict] = {}
        self._chosen: CredentialLabel | None = None
        self._held: HeldCredential | None = None
        self._keyring_read: KeyringRead | None = None
        self._ways: tuple[Way, ...] = ()
        self._way_error: ZoomcallError | None = None
        self._knocks: Knocks = {}
        self._acceptance = Acceptance()
        self._session: SessionId | None = None

    def run(self) -> tuple[Check, ...]:
        order = self._order
        work: dict[str, Callable[[], Verdict]] = {
            _WAYS: self._find_ways,
            _KNOCK: self._knock,
            CheckId.CREDENTIAL: self._credential,
            CheckId.KEYRING: self._keyring,
            CheckId.CLOCK: self._clock,
            CheckId.DNS: self._dns,
            CheckId.TLS: self._tls,
            CheckId.PROXY: self._proxy,
            CheckId.API: self._api,
            CheckId.TOKEN: self._token,
            CheckId.ACCOUNT: self._account,
            CheckId.SCOPES: self._scopes,
            CheckId.CRC: self._crc,
            CheckId.SESSION: self._session_check,
            CheckId.WEBHOOK: self._webhook,
            CheckId.VERSIONS: self._versions,
        }
        wanted = _with_needs(order.only)
        keyring_steps = {CheckId.CREDENTIAL, CheckId.WEBHOOK}
        steps = [
            Step(
                name=name,
                work=work[name],
                after=_NEEDS[name],
                limit=LIMIT + self._tools.keyring_limit if name in keyring_steps else LIMIT,
            )
            for name in work
            if name in wanted
        ]
        outcomes = run_steps(steps, settle=self._settle, tell=self._verdicts.__setitem__)
        return tuple(
            Check(id=each, verdict=self._cleaned(outcomes[each].value), taken=outcomes[each].taken)
            for each in CheckId
            if each in order.only
        )

    @property
    def _facts(self) -> Facts:
        return replace(self._known(), api=self._target_api, local_time=self._now())

    @property
    def _target_api(self) -> Api | None:
        if self._held is not None:
            return api_of(self._held, self._order.api)
        return self._order.api

    @property
    def _deadline(self) -> datetime:
        return self._now() + _PATIENCE

    def _settle(self, error: Exception) -> Verdict:
        """Turn what a check raised into what it says."""
        match error:
            case Blocked():
                return self._blocked(error)
            case Late(limit=limit):
                seconds = f"{limit.total_seconds():g}"
                late = NetworkFault(
                    f"the check was given up after {seconds} s", word=NetworkWord.TIMEOUT, may_have_arrived=False
                )
                return failed(late, self._facts)
            case ZoomcallError():
                return failed(error, self._facts)
            case _:
                self._on_bug(error)
                return broken(error)

    def _blocked(self, blocked: Blocked) -> Verdict:
        """Point at the check that failed; say it here where that one is not among the wanted, or saw nothing."""
        by = blocked.by
        verdict = self._verdicts.get(by)
        while verdict is not None and verdict.because is not None:
            by = verdict.because
            verdict = self._verdicts.get(by)
        has_failed = verdict is not None and verdict.status is CheckStatus.FAILED
        will_fail = (
            verdict is None and blocked.error is not None
        )  # its turn is yet to come, and this is what it finds
        if (has_failed or will_fail) and by in self._order.only:
            return skipped(f"not checked, because of {by}", f"Mend {by} first.", because=by)
        if blocked.error is not None:
            return failed(blocked.error, self._facts)
        if verdict is not None and has_failed:
            return replace(verdict, detail=f"{by}: {verdict.detail}")
        told = verdict.detail if verdict is not None else f"{by} is not known"
        return skipped(f"not checked: {told}", f"Look at {by} first.")

    def _cleaned(self, verdict: Verdict) -> Verdict:
        facts = self._known()
        return replace(
            verdict,
            detail=clean(verdict.detail, facts, longest=_LONGEST),
            fix=None if verdict.fix is None else clean(verdict.fix, facts, longest=_LONGEST),
        )

    # What is at hand

    def _credential(self) -> Verdict:
        tools = self._tools
        choice = tools.choice(self._order.api)
        self._chosen = choice.label
        try:
            held = self._held = tools.credential_for(self._order.api)
        except NotConfigured as error:
            read = self._keyring_read = self._keyring_question()
            if read is None or read.error is not error or CheckId.KEYRING not in self._order.only:
                raise
            raise NotConfigured(
                f"{_named(choice.label)} is chosen, and the keyring does not give its secret",
                fix=f"Mend {CheckId.KEYRING} first.",
            ) from None
        self._keyring_read = self._keyring_question()
        key = held.credential.key_id
        told = [f"{held.credential.kind} from {held.label.source} ({_named(held.label)})"]
        if key:
            told.append(f"key {key[: min(4, len(key) // 2)]}...")
        told.extend(f"not used: {hidden.kind} from {hidden.source} ({hidden.name})" for hidden in held.hidden)
        return ok("; ".join(told))

    def _keyring_question(self) -> KeyringRead | None:
        is_kept_there = self._chosen is not None and self._chosen.source is CredentialSource.KEYRING
        return self._tools.keyring_read if is_kept_there else None

    def _keyring(self) -> Verdict:
        if self._chosen is None:
            raise Blocked(CheckId.CREDENTIAL)
        if self._chosen.source is not CredentialSource.KEYRING:
            return ok(f"not needed: the credential is from {self._chosen.source} ({self._chosen.name})")
        read = self._keyring_read
        if read is None:
            raise Blocked(CheckId.CREDENTIAL)
        if read.error is not None:
            raise read.error
        return ok(f"{read.backend} answered in {read.taken.total_seconds():.2f} s")

    def _versions(self) -> Verdict:
        return ok(", ".join(f"{name} {version}" for name, version in self._tools.versions()))

    # The way to Zoom

    def _find_ways(self) -> Verdict:
        bases: list[str] = [self._tools.api_base]
        kind = self._held.credential.kind if self._held is not None else None
        if kind is CredentialKind.S2S or (kind is None and self._order.api is Api.MEETING):
            bases.append(self._tools.oauth_base)
        try:
            ways = [self._tools.probe.way(base) for base in bases]
        except ZoomcallError as error:
            self._way_error = error
            raise
        self._ways = tuple({way.target: way for way in ways}.values())
        return ok("found")

    def _knock(self) -> Verdict:
        """Knock at each host, without a credential, at the same time."""
        if self._order.is_offline:
            return ok(_OFFLINE)
        bases = {self._ways[0].target: f"{self._tools.api_base}/users/me"} if self._ways else {}
        bases |= {way.target: f"{self._tools.oauth_base}/oauth/token" for way in self._ways[1:]}
        deadline = self._deadline

        def knock(url: str) -> Knock | ZoomcallError:
            try:
                return self._tools.probe.knock(url, deadline=deadline)
            except ZoomcallError as error:
                return error

        steps = [
            Step(name=url, work=partial(knock, url), limit=LIMIT - timedelta(seconds=1)) for url in bases.values()
        ]
        outcomes = run_steps(steps, settle=_late_knock, tell=lambda *_: None)
        self._knocks = {place: outcomes[url].value for place, url in bases.items()}
        return ok("knocked")

    def _dns(self) -> Verdict:
        ways = self._need_ways()
        return self._online() or check_names(ways, self._tools.probe)

    def _proxy(self) -> Verdict:
        if self._way_error is not None:
            raise self._way_error
        self._need(_WAYS)
        self._need(_KNOCK)
        return check_proxies(self._ways, self._knocks)

    def _tls(self) -> Verdict:
        ways = self._need_ways()
        return self._online() or check_certificates(
            ways, self._knocks, trusted=self._tools.probe.trusted, now=self._now()
        )

    def _api(self) -> Verdict:
        ways = self._need_ways()
        return self._online() or check_answer(ways, self._knocks, self._facts)

    def _clock(self) -> Verdict:
        if offline := self._online():
            return offline
        knock = self._knocks.get(self._ways[0].target) if self._ways else None
        answer = knock.answer if isinstance(knock, Knock) and knock.answer.is_zooms else None
        is_minting = self._held is not None and isinstance(self._held.credential, VideoSdkKey)
        mint = (lambda: self._tools.token(Api.SESSION)) if is_minting else None
        return check_clock(answer, mint, self._facts)

    def _need_ways(self) -> tuple[Way, ...]:
        if not self._ways or self._has_failed(_KNOCK):
            raise Blocked(CheckId.PROXY, self._way_error)
        return self._ways

    def _online(self) -> Verdict | None:
        return skipped(_OFFLINE, _ONLINE_FIX) if self._order.is_offline else None

    # What Zoom says

    def _token(self) -> Verdict:
        held = self._held
        if held is None:
            raise Blocked(CheckId.CREDENTIAL)
        api = api_of(held, self._order.api)
        if self._order.is_offline:
            return self._token_offline(held, api)
        self._need(CheckId.API)
        self._tools.refuse_wrong_bearer(api)
        self._acceptance = try_out(self._tools.zoom, api, now=self._now, deadline=self._deadline)
        return check_token(self._tools.token(api), self._now())

    def _token_offline(self, held: HeldCredential, api: Api) -> Verdict:
        """Judge the token as far as it tells itself."""
        if held.credential.kind is CredentialKind.S2S:
            return skipped(_OFFLINE, _ONLINE_FIX)
        facts = replace(self._facts, bearer=self._tools.token(api).text)
        if any(cause.certainty is Certainty.CERTAIN for cause in judge_bearer(facts, api).causes):
            return failed(WrongCredential(f"Zoom is certain to refuse this token for a {api}"), facts)
        return skipped(f"{_OFFLINE}; nothing that can be seen here is wrong with it", _ONLINE_FIX)

    def _account(self) -> Verdict:
        return self._online() or check_account(self._acceptance, self._consultation())

    def _scopes(self) -> Verdict:
        if offline := self._online():
            return offline
        case = self._consultation()
        return check_scopes(self._tools.token(case.api), case)

    def _session_check(self) -> Verdict:
        if offline := self._online():
            return offline
        case = self._consultation()
        self._session = find_session(case)
        return check_session(self._session, case)

    def _crc(self) -> Verdict:
        if offline := self._online():
            return offline
        case = self._consultation()
        if self._order.target is not None and case.api is Api.SESSION and self._session is None:
            raise Blocked(CheckId.SESSION)
        return check_plan(self._session, case)

    def _webhook(self) -> Verdict:
        if self._has_failed(CheckId.KEYRING):
            raise Blocked(CheckId.KEYRING)
        is_accepted = self._verdicts[CheckId.TOKEN].status is CheckStatus.OK
        return check_webhook(self._tools.webhook_secret, self._consultation() if is_accepted else None)

    def _consultation(self) -> Consultation:
        self._need(CheckId.TOKEN)
        held = self._held
        assert held is not None  # noqa: S101 - the token was made from it
        return Consultation(
            zoom=self._tools.zoom,
            api=api_of(held, self._order.api),
            target=self._order.target,
            facts=self._facts,
            now=self._now,
            deadline=self._deadline,
        )

    def _need(self, other: str) -> None:
        """Go on only if another check found nothing that makes this one pointless."""
        if self._verdicts[other].status in {CheckStatus.FAILED, CheckStatus.SKIPPED}:
            raise Blocked(other)

    def _has_failed(self, other: str) -> bool:
        return self._verdicts[other].status is CheckStatus.FAILED


_LONGEST = 1500


def _with_needs(only: frozenset[CheckId]) -> set[str]:
    wanted: set[str] = set()
    open_ones = list[str](only)
    while open_ones:
        name = open_ones.pop()
        if name not in wanted:
            wanted.add(name)
            open_ones.extend(_NEEDS[name])
    return wanted


def _named(label: CredentialLabel) -> str:
    is_profile = label.source in {CredentialSource.KEYRING, CredentialSource.FILE}
    return f"profile {label.name!r}" if is_profile else label.name


def _late_knock(error: Exception) -> Knock | ZoomcallError:
    if not isinstance(error, Late):
        raise error
    return NetworkFault("no answer came in time", word=NetworkWord.TIMEOUT, may_have_arrived=False)
