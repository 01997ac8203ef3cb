"""What people say of a failure in their own words, and the pages of ``explain`` about it (contract 10)."""

from __future__ import annotations

from zoomcall.domain.pattern import Pattern

_NOT = (
    r"(?:\b(?:not?|never|nothing|none|nobody|cannot|(?:can|won|isn|doesn|didn|don)-?t|unable|without|missing|lacks?"
    r"|fails?|failed|failing|stopped)\b)"
)
_RINGING = r"\b(?:ring|rings|ringing|rang|called|dialled)\b"
_ANSWERING = r"\b(?:answer|answers|answered|answering|pick(?:s|ed)?-up|picks?)\b"
_JOINING = r"\b(?:join|joins|joined|joining|enter|get-in|connect|connects|connected|connecting)\b"
_EVENTS = r"\b(?:webhooks?|events?)\b"

_TROUBLES = {
    "state:waiting-room cause:waiting-room": (
        r"\blobby\b",
        "waiting-room",
        r"\blet-in\b",
        r"\badmit",
        "waiting-for-.*host",
    ),
    "cause:already-in exit:12": (
        r"\balready\b.*\b(?:in|joined|there|ringing|inside)\b",
        r"\b(?:rings?|rang|joins?|joined|dials?)-twice\b",
        r"\bduplicate-call",
    ),
    "webhook:url-validation webhook:signature cause:body-reserialised": (
        rf"{_EVENTS}.*{_NOT}",
        rf"{_NOT}.*{_EVENTS}",
        "webhook-valid",
    ),
    "cause:no-crc-plan zoom:2311 exit:5": (r"\bcrc\b", r"\broom-connector\b", r"\blicen[sc]ed?\b"),
    "cause:scope-missing zoom:4711 zoom:104": (rf"{_NOT}.*\bscopes?\b", rf"\bscopes?\b.*{_NOT}"),
    "network:connect": ("econnrefused", "connection-?refused", "actively-refused"),
    "network:dns": (
        "enotfound|getaddrinfo|unknownhost",
        "eai-?again|name-?resolution|nodename|name-or-service|no-such-host",
        r"could-not-resolve|\bdns\b",
    ),
    "network:timeout reason:7": (
        "etimedout|timed-out|time-out",
        "timeout-?(?:error|exception)|(?:read|connect)timeout",
    ),
    "network:reset": (
        "econnreset|epipe|remotedisconnected",
        "socket-hang-up|connection-(?:was-)?reset|broken-pipe",
    ),
    "network:tls cause:clock-wrong": (
        r"ssl|\btls\b|certificate|\bcert\b|x509",
        "handshake|local-issuer|self-signed",
    ),
    "network:proxy reason:14": (r"\bprox(?:y|ies)\b|proxyerror|tunnel-connection",),
    "exit:26 reason:2 reason:10": (
        r"\bdrop(?:s|ped|ping)?\b",
        r"\bhangs?-up\b",
        r"\bdisconnect(?:s|ed|ing)?\b",
        r"\bcuts?-off\b",
        r"\b(?:ends|leaves?)-(?:after|again)\b",
    ),
    "cause:clock-skew cause:clock-wrong cause:local-time-as-utc": (
        r"\bclock\b|\bskew",
        r"wrong-(?:time|date)\b|\btime-(?:is-)?(?:off|wrong)\b",
    ),
    "cause:signature-mismatch cause:key-secret-swapped zoom:invalid_client zoom:4704": (
        r"(?:wrong|bad|invalid|incorrect)-(?:client-|api-|webhook-)?secret\b",
    ),
    "reason:6": ("gatekeeper|not-registered|unregistered|offline",),
    "cause:session-not-live cause:meeting-unknown zoom:3001": (
        r"(?:\bnot|isnt|hasnt|\bnever|\bno)-.*\b(?:started|live|running|begun)\b",
    ),
    "cause:nobody-in-session": (
        r"(?:nobody|noone|no-one|no-(?:participants?|users?))\b.*\b(?:in|session|there)\b",
        "empty-session",
    ),
    "reason:1 exit:25": (r"\bsrtp\b|\bencrypt|\be2ee?\b",),
    "cause:private-address reason:9": (r"\b(?:private|internal)-(?:ip|address)", r"\bnat\b|\b10-0-0\b|\b192-168\b"),
    "reason:12 exit:24": (r"\bports?-(?:are-)?(?:in-use|full|busy|exceeded)\b|\bcapacity\b|\bno-free-ports?\b",),
    "http:403 exit:5 cause:not-host": (
        r"\b(?:access|permission)s?\b.*\bdenied\b|\bforbidden\b|not-(?:allowed|permitted)\b",
    ),
    "http:401 exit:4 zoom:124": (
        "unauthori[sz]ed|not-authori[sz]ed",
        "authentication-failed|auth-?(?:error|failed)",
    ),
    "http:400": ("^bad-request$",),
    "http:404": ("^(?:page-)?not-found$",),
    "http:405": ("method-not-allowed",),
    "http:500 exit:11": ("internal-server-error|bad-gateway|service-unavailable|gateway-time",),
    "http:415 cause:content-type": ("unsupported-(?:content|media)-type",),
    "cause:rate-limited http:429 exit:9": (r"too-many-requests|\brate-?limit|\bthrottl|\bquota",),
    "cause:blocked-by-browser": (r"\bcors\b|access-control|preflight-request",),
    "state:noop cause:success-not-202": ("nothing-happen|no-reaction|(?:without|no)-effect|does-nothing",),
    "state:noop reason:9 state:missed": (rf"{_NOT}.*{_RINGING}", "silent"),
    "state:missed reason:7": (rf"{_NOT}.*{_ANSWERING}", "keeps-ringing|rings-forever"),
    "state:waiting-room state:missed state:pending reason:9": (rf"{_NOT}.*{_JOINING}",),
    "reason:9": (rf"{_NOT}.*\b(?:reach|reached|reachable|route|routable)\b",),
    "state:declined reason:2": (
        r"\bbusy\b|do-not-disturb|\bdnd\b|\bhung-up\b",
        r"\brejects?\b|\brejected\b|\bdeclines?\b",
    ),
    "state:pending exit:8": (
        r"\b(?:unclear|unknown|unproven)-(?:outcome|result)",
        "not-know.*(?:happened|outcome)",
    ),
}
"""By topics, what a question about them says, its blanks as dashes; the first row that fits wins."""

_COMPILED = tuple((Pattern("|".join(says)), tuple(topics.split())) for topics, says in _TROUBLES.items())


def topics_of_trouble(wanted: str) -> tuple[str, ...]:
    """Return the topics about what somebody says of a failure, the likeliest first; empty if that is not known.

    Args:
        wanted: The question in lower case, its blanks and underscores as dashes.
    """
    return next((topics for pattern, topics in _COMPILED if pattern.search(wanted)), ())
