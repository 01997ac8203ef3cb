"""Facts in, ranked causes out.

Every rule looks only at the facts; none calls another. Their findings are filtered by what can explain this kind
of failure, reduced to the surest for each cause, completed from ``causes.toml`` and ranked. Where nothing certain
or likely was found, the residual rules are asked, which also know what was found fine.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from zoomcall.domain.answer import classify
from zoomcall.domain.cause import Cause, Certainty, Checked, Judgement
from zoomcall.domain.target import Api
from zoomcall.errors import ErrorKind
from zoomcall.knowledge import residual_rules, token_rules
from zoomcall.knowledge.facts import Facts, Part, Reading
from zoomcall.knowledge.finding import Finding, Rule
from zoomcall.knowledge.placeholder import has_placeholder
from zoomcall.knowledge.redaction import clean
from zoomcall.knowledge.route import for_cluster, route_of
from zoomcall.knowledge.texts import Family, cause_texts

_CERTAINTIES = tuple(Certainty)

_ALL = frozenset(Family)
_UNSURE = {Reading.GUESSED, Reading.STAND_IN}

_RESTS_ON = {
    "wrong-method": (Part.METHOD,),
    "path-event-singular": (Part.URL,),
    "path-unknown": (Part.URL,),
    "session-id-encoding": (Part.URL,),
    "meeting-unknown": (Part.URL,),
    "oauth-query-string": (Part.URL,),
    "bearer-missing": (Part.AUTHORIZATION,),
    "bearer-doubled": (Part.AUTHORIZATION,),
    "basic-missing": (Part.AUTHORIZATION,),
    "grant-type": (Part.BODY,),
    "token-malformed": (Part.AUTHORIZATION,),
    "token-whitespace": (Part.AUTHORIZATION,),
    "content-type": (Part.HEADERS,),
    "token-request-form": (Part.HEADERS, Part.BODY),
    "body-not-json": (Part.BODY,),
    "wrong-callout-method": (Part.BODY,),
    "device-field-name": (Part.BODY,),
    "call-type-invalid": (Part.BODY,),
    "address-missing": (Part.BODY,),
    "address-invalid": (Part.BODY,),
    "header-rule": (Part.BODY,),
    "headers-misplaced": (Part.BODY,),
    "private-address": (Part.BODY,),
    "own-dial-in-address": (Part.BODY,),
    "success-not-202": (Part.STATUS,),
}
"""Which part of a request or answer each finding is about."""


def judge(facts: Facts) -> Judgement:
    """Find out why a request failed, or what would make it fail.

    Args:
        facts: What is known; ``kind``, ``api`` and the clocks default to what the answer says.
    """
    facts = _completed(facts)
    if not any(_families(facts.kind)):
        return Judgement()  # Zoom has no part in such a failure
    findings, checked = _ask((*token_rules.RULES, *_other_rules(facts)), facts)
    if all(finding.certainty is Certainty.POSSIBLE for finding in findings):
        findings = _joined(findings, (rule(facts, checked) for rule in residual_rules.RULES))
    if not findings:
        findings = _joined(findings, (rule(facts, checked) for rule in residual_rules.LAST_RULES))
    return _judgement(findings, checked, facts)


def judge_bearer(facts: Facts, api: Api | None) -> Judgement:
    """Judge only the bearer token, for one API, whatever else is known.

    Args:
        facts: What is known.
        api: The API that the token is for; None: the one for its kind.
    """
    facts = replace(facts, api=api, request=None, answer=None, kind=None, population=None, has_crc_plan=None)
    findings, checked = _ask(token_rules.RULES, facts)
    return _judgement(findings, checked, facts)


def _other_rules(facts: Facts) -> tuple[Rule, ...]:
    """Return the rules about anything but the token; none, and without loading them, if nothing else is known."""
    if (facts.request, facts.answer, facts.kind, facts.population, facts.has_crc_plan) == (None,) * 5:
        return ()
    return all_but_token_rules()


def all_but_token_rules() -> tuple[Rule, ...]:
    """Return every rule about requests, what is around them, and answers, in the order in which they are asked."""
    from zoomcall.knowledge import answer_rules, body_rules, request_rules, surrounding_rules, token_request_rules

    return (
        *surrounding_rules.RULES,
        *request_rules.RULES,
        *body_rules.RULES,
        *token_request_rules.RULES,
        *answer_rules.RULES,
        *answer_rules.answer_rows(),
    )


def _completed(facts: Facts) -> Facts:
    answer = facts.answer
    if answer is not None:
        if facts.zoom_time is None and answer.server_time is not None and answer.local_time is not None:
            facts = replace(facts, zoom_time=answer.server_time, local_time=answer.local_time)
        if facts.kind is None:
            kind = kind_of_answer(facts)
            facts = replace(facts, kind=None if kind is ErrorKind.PENDING else kind)
    if facts.api is None and (route := route_of(facts)) is not None:
        facts = replace(facts, api=route.api)
    return facts


def kind_of_answer(facts: Facts) -> ErrorKind | None:
    """Return the answer's exit name: pending for a success, as only the request or its target can be wrong then."""
    answer, route = facts.answer, route_of(facts)
    if answer is None or not 200 <= answer.status < 300:
        return None if answer is None else classify(answer)
    if answer.status != 202 and route is not None and route.is_callout:
        return ErrorKind.NO_OP
    is_denied = answer.code is not None and "no permission" in (answer.message or "").lower()
    return ErrorKind.NOT_ENTITLED if is_denied else ErrorKind.PENDING


def _ask(rules: Iterable[Rule], facts: Facts) -> tuple[tuple[Finding, ...], tuple[Checked, ...]]:
    texts = cause_texts()
    explaining, worth_telling = _families(facts.kind)
    if facts.kind is not None and facts.answer is None:
        worth_telling -= {Family.REQUEST}  # it was not sent, or not answered
    findings: dict[str, Finding] = {}
    checked: dict[str, Checked] = {}
    for rule in rules:
        match rule(facts):
            case Finding() as finding if texts[finding.id].family in explaining:
                known = findings.get(finding.id)
                capped = _capped(finding, facts)
                if capped is not None and (known is None or _doubt(capped) < _doubt(known)):
                    findings[capped.id] = capped
            case Checked() as fine if texts[fine.id].family in worth_telling:
                checked.setdefault(fine.id, fine)
            case _:
                pass
    return tuple(findings.values()), tuple(fine for fine in checked.values() if fine.id not in findings)


def _families(kind: ErrorKind | None) -> tuple[frozenset[Family], frozenset[Family]]:
    """Return which causes can explain such a failure, and which are worth telling where they were found fine."""
    match kind:
        case ErrorKind.AUTH:
            return _ALL, frozenset({Family.TOKEN, Family.KIND, Family.STATE})
        case ErrorKind.NOT_ENTITLED:
            families = frozenset({Family.KIND, Family.STATE})
            return families, families
        case ErrorKind.NO_SESSION | ErrorKind.NO_OP | ErrorKind.PENDING | ErrorKind.REJECTED:
            families = frozenset({Family.REQUEST, Family.STATE})
            return families, families
        case ErrorKind.RATE_LIMITED | ErrorKind.ZOOM_FAULT:
            return frozenset({Family.STATE}), frozenset()
        case None:
            return _ALL, _ALL
        case (
            ErrorKind.INTERNAL
            | ErrorKind.USAGE
            | ErrorKind.NOT_CONFIGURED
            | ErrorKind.NETWORK
            | ErrorKind.DUPLICATE
            | ErrorKind.INTERRUPTED
            | ErrorKind.TERMINATED
        ):
            return frozenset(), frozenset()


def _joined(findings: tuple[Finding, ...], more: Iterable[Finding | None]) -> tuple[Finding, ...]:
    known = {finding.id for finding in findings}
    return (*findings, *(finding for finding in more if finding is not None and finding.id not in known))


def _doubt(finding: Finding) -> int:
    return _CERTAINTIES.index(finding.certainty)


def _capped(finding: Finding, facts: Facts) -> Finding | None:
    """Let no finding be surer than what it rests on was read, nor rest on a gap in it (contract 4)."""
    parts = _RESTS_ON.get(finding.id, ())
    readings = {facts.request.reading(part) for part in parts} if facts.request is not None else set()
    if finding.is_absence and readings - {Reading.WHOLE}:
        return None
    if any(isinstance(value, str) and has_placeholder(value) for value in finding.seen):
        readings.add(Reading.STAND_IN)
    if not readings & _UNSURE:
        return finding
    return replace(finding, certainty=Certainty.POSSIBLE, would_be=finding.certainty)


def _judgement(findings: Iterable[Finding], checked: Iterable[Checked], facts: Facts) -> Judgement:
    ranks = {identifier: rank for rank, identifier in enumerate(cause_texts())}

    def rank(finding: Finding) -> tuple[int, int, int]:
        return _doubt(finding), _CERTAINTIES.index(finding.would_be or finding.certainty), ranks[finding.id]

    return Judgement(
        causes=tuple(_cause(finding, facts) for finding in sorted(findings, key=rank)),
        checked=tuple(
            Checked(fine.id, clean(fine.evidence, facts))
            for fine in sorted(checked, key=lambda fine: ranks[fine.id])
        ),
    )


def _cause(finding: Finding, facts: Facts) -> Cause:
    text = cause_texts()[finding.id]
    command = text.command if finding.command is None and finding.fix is None else finding.command
    return Cause(
        id=finding.id,
        certainty=finding.certainty,
        evidence=clean(finding.evidence, facts),
        fix=_for_cluster(finding.fix or text.fix, finding, facts),
        command=_for_cluster(command, finding, facts) if command is not None else None,
    )


def _for_cluster(advice: str, finding: Finding, facts: Facts) -> str:
    return advice if finding.id == "cluster-mismatch" else for_cluster(advice, facts)
