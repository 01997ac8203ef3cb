"""Rules that are asked where no other found anything certain or likely, and that know what was found fine."""

from __future__ import annotations

from collections.abc import Callable

from zoomcall.domain.answer import ZoomAnswer
from zoomcall.domain.cause import Certainty, Checked
from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.target import Api
from zoomcall.errors import ErrorKind
from zoomcall.knowledge.facts import Facts, Signature
from zoomcall.knowledge.finding import Finding
from zoomcall.knowledge.route import is_of_token_endpoint, route_of
from zoomcall.knowledge.texts import Family, cause_texts

ResidualRule = Callable[[Facts, tuple[Checked, ...]], Finding | None]

_FIX_OF_APP = (
    "On marketplace.zoom.us, check that the app is active and that account id, client id and client secret match "
    "its App Credentials page; then log in again."
)
_FIX_OF_OAUTH = (
    "Get a new OAuth access token and send it within its hour; on marketplace.zoom.us, check that the app is "
    "active and belongs to the same account as the meeting or user."
)
_FIX_OF_REQUEST = (
    "Look at reason and error in the answer's body; compare grant_type and what goes with it (account_id for "
    "account_credentials) and the form body with Zoom's documentation."
)
_FIX_OF_WAITING = "Ask again after the interval that Zoom named, until the user has confirmed or the code expires."
_MINT = "zoomcall token mint --for meeting"
_FIX_OF_BEARER = (
    "Get a new token; check that the key or app it comes from is active, and that its account owns the session "
    "or meeting."
)


def key_pair_refused(facts: Facts, checked: tuple[Checked, ...]) -> Finding | None:
    """Explain a 124 for which all that can be checked is right (contract 4)."""
    answer = facts.answer
    if facts.kind is not ErrorKind.AUTH:
        return None
    if answer is not None and _is_unexplained_token_request(facts, answer):
        return None
    said = _zooms_words(facts)
    texts = cause_texts()
    fine = [subject for one in checked if _is_of_credential(one, facts) and (subject := texts[one.id].subject)]
    if fine:
        evidence = f"{said}, although what can be checked here is right ({', '.join(fine)})"
        certainty = Certainty.LIKELY
    else:
        evidence = f"{said}; nothing about it could be checked here"
        certainty = Certainty.POSSIBLE
    if facts.signature is Signature.UNCHECKED and facts.secret is None and facts.bearer is not None and fine:
        evidence += "; its signature was not checked, because the secret is not known"
    fix, command = _fix_of_credential(facts)
    return Finding("key-pair-refused", certainty, evidence, fix, command)


def _is_about_client(answer: ZoomAnswer) -> bool:
    """Return whether the token endpoint refused who asked, and not what was asked for (zoom-api 2.1)."""
    return answer.code in {"invalid_client", "unauthorized_client", 4702, 4704, 4717, 4738, 4740, 4741}


def token_request_refused(facts: Facts, checked: tuple[Checked, ...]) -> Finding | None:  # noqa: ARG001 - ResidualRule
    """Explain somebody's token request that was refused without a word about the app or its secret."""
    answer = facts.answer
    if answer is None or not _is_unexplained_token_request(facts, answer):
        return None
    if answer.code in {"authorization_pending", "slow_down"}:
        evidence = f"the token endpoint says {answer.code}: the user has not confirmed the device yet"
        return Finding("not-understood-by-zoom", Certainty.POSSIBLE, evidence, _FIX_OF_WAITING)
    said = f"{answer.said_code or ''}: {answer.message or ''}".strip(": ")
    evidence = (
        f"the token endpoint says {said}, and nothing against the app or its secret"
        if said
        else f"the token endpoint answered {answer.status}; its reason and error, which say why, are not shown"
    )
    return Finding("not-understood-by-zoom", Certainty.POSSIBLE, evidence, _FIX_OF_REQUEST, _MINT)


def _is_unexplained_token_request(facts: Facts, answer: ZoomAnswer) -> bool:
    """Return whether it is somebody's; one of this program's is as documented, so that it must be the app."""
    route = route_of(facts)
    is_ours = answer.path != "" if facts.request is None else facts.request.is_ours
    is_for_token = is_of_token_endpoint(facts) or (route is not None and route.is_token_endpoint)
    return is_for_token and answer.status in {400, 401} and not is_ours and not _is_about_client(answer)


def _is_of_credential(fine: Checked, facts: Facts) -> bool:
    """Return whether something found fine speaks for the credential; Bearer before a variable does not."""
    is_of_variable = fine.id == "bearer-missing" and facts.bearer is None
    return cause_texts()[fine.id].family is not Family.REQUEST and not is_of_variable


def _zooms_words(facts: Facts) -> str:
    answer = facts.answer
    if answer is None:
        return "the credential was refused"
    who = "the token endpoint" if is_of_token_endpoint(facts) else "Zoom"
    code = answer.said_code if answer.said_code is not None else f"HTTP {answer.status}"
    return f"{who} refused the credential ({code})"


def _fix_of_credential(facts: Facts) -> tuple[str | None, str | None]:
    route = route_of(facts)
    is_for_oauth = facts.api is Api.MEETING or (route is not None and route.takes_oauth)
    if is_for_oauth and (facts.credential_kind is None or Api.SESSION in facts.credential_kind.serves):
        return _FIX_OF_OAUTH, "zoomcall auth login --kind s2s"
    is_anywhere = route is None or (facts.request is None and route.api is None)
    if is_anywhere and facts.api is None and facts.credential_kind is None and facts.bearer is None:
        return _FIX_OF_BEARER, "zoomcall token inspect -"
    match facts.credential_kind:
        case CredentialKind.S2S:
            return _FIX_OF_APP, "zoomcall auth login --kind s2s"
        case CredentialKind.TOKEN | CredentialKind.OAUTH:
            return _FIX_OF_BEARER, "zoomcall token inspect -"
        case CredentialKind.VIDEOSDK | None:
            return None, None


def token_superseded(facts: Facts, checked: tuple[Checked, ...]) -> Finding | None:  # noqa: ARG001 - ResidualRule
    """Suspect a newer token of the same app; sources disagree, so it is only possible (zoom-api 2.2)."""
    answer = facts.answer
    if answer is None or answer.code != 124 or facts.credential_kind is not CredentialKind.S2S:
        return None
    return Finding(
        "token-superseded", Certainty.POSSIBLE, "a server-to-server token that is right in all that can be checked"
    )


def no_cause_known(facts: Facts, checked: tuple[Checked, ...]) -> Finding | None:  # noqa: ARG001 - ResidualRule
    """Fall back on the error's kind, so that no refusal is left without a cause (contract 3)."""
    answer = facts.answer
    match facts.kind:
        case ErrorKind.NOT_ENTITLED if answer is None:
            identifier = "api-not-available" if facts.api is Api.SESSION else "scope-missing"
            return Finding(identifier, Certainty.POSSIBLE, "a right is missing, but which one is not known")
        case ErrorKind.NO_SESSION if facts.api is Api.MEETING:
            return Finding("meeting-unknown", Certainty.POSSIBLE, "Zoom shows no such meeting")
        case ErrorKind.NO_SESSION if facts.population != 0:
            return Finding("session-not-live", Certainty.POSSIBLE, "Zoom shows no such live session")
        case ErrorKind.NO_OP:
            return Finding("success-not-202", Certainty.POSSIBLE, "Zoom did not answer with 202")
        case ErrorKind.REJECTED | ErrorKind.NOT_ENTITLED:
            evidence = f"{_zooms_answer(answer)}; no known cause explains it with certainty"
            return Finding("not-understood-by-zoom", Certainty.POSSIBLE, evidence)
        case (
            None
            | ErrorKind.AUTH
            | ErrorKind.NO_SESSION
            | ErrorKind.PENDING
            | ErrorKind.RATE_LIMITED
            | ErrorKind.ZOOM_FAULT
            | ErrorKind.INTERNAL
            | ErrorKind.USAGE
            | ErrorKind.NOT_CONFIGURED
            | ErrorKind.NETWORK
            | ErrorKind.DUPLICATE
            | ErrorKind.INTERRUPTED
            | ErrorKind.TERMINATED
        ):
            return None


def _zooms_answer(answer: ZoomAnswer | None) -> str:
    if answer is None:
        return "Zoom would not act on the request"
    words = [f"HTTP {answer.status}"]
    if answer.said_code is not None:
        words.append(f"code {answer.said_code}")
    fields = "; ".join(f"{error.field}: {error.message}" for error in answer.field_errors[:5])
    told = " ".join(part for part in (answer.message or "", f"({fields})" if fields else "") if part)
    return f"Zoom answered {', '.join(words)}" + (f": {told}" if told else "")


RULES: tuple[ResidualRule, ...] = (key_pair_refused, token_superseded, token_request_refused)
"""Asked where nothing certain or likely was found."""

LAST_RULES: tuple[ResidualRule, ...] = (no_cause_known,)
"""Asked where nothing at all was found."""
