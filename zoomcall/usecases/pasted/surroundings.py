"""What stands around a pasted request: a browser's or shell's complaint, an event, an SDK's error, a symptom."""

from __future__ import annotations

import re
from functools import cache

from msgspec.structs import replace

from zoomcall.domain.call import Reason
from zoomcall.domain.shown_text import one_line
from zoomcall.errors import NetworkWord, UsageError
from zoomcall.knowledge.facts import RequestFacts
from zoomcall.knowledge.lexicon import network_texts
from zoomcall.usecases.pasted.pieces import Form

FIX_OF_PASTE = "Paste a curl command, a raw HTTP request, a HAR file or the code that makes the request."
FIX_OF_REQUEST = f"{FIX_OF_PASTE} Put Zoom's answer after it."

_LONGEST_WORDS = 240
_HOST = re.compile(
    r"(?<![\w@.-])(?!(?:blog|community|dev\w*|explore|learn\w*|news|status|success|support|trust)\.)"
    r"((?:[\w-]{1,63}\.){0,4}(?:zoom\.us|zoomgov\.com))(?![\w-])",
    re.IGNORECASE,
)
_JOIN_LINK = re.compile(
    r"https?://((?:[\w-]+\.)*(?:zoom\.us|zoomgov\.com))/(?:j|s|w|my|wc/join|launch/jc)/(\d{9,11})\b", re.IGNORECASE
)
_BLOCKED = re.compile(
    r"blocked by CORS policy|Cross-Origin Request Blocked|No 'Access-Control-Allow-Origin' header"
    r"|is not allowed by Access-Control-Allow-Origin|due to access control checks"
    r"|\bERR_NETWORK\b[^\n]{0,80}XMLHttpRequest"
    r"|TypeError: (?:Failed to fetch|NetworkError when attempting to fetch resource|Load failed)"
    r"|\bCORS (?:error|policy|request|issue|problem)",
    re.IGNORECASE,
)
_HANDLED = re.compile(
    r"\b(?:except|catch|rescue|import|if|unless|case|when|throws|instanceof|isinstance)\b|[=!]==?\s*[\"']$"
)
_ALIAS_FAILED = re.compile(
    r"Invoke-WebRequest\s?:|InvokeWebRequestCommand|Cannot bind parameter '?\"?(?:Headers|Method|Body)"
    r"|ParameterBindingException|A parameter cannot be found that matches parameter name",
    re.IGNORECASE,
)
_OF_POWERSHELL = re.compile(
    r"(?:^|\n)[ \t]*(?:PS [^\n>]{0,100}>[ \t]*|(?=[^\n]*\bcurl\.exe[^\n]*\$\w))[^\n]{0,40}?"
    r"\bcurl(?P<exe>\.exe)?[ \t]",
    re.IGNORECASE,
)
_UNESCAPED_BODY = re.compile(r"(?:-d|--data(?:-raw|-binary)?|--json)[ \t]+'\{\s*\"")
_NOT_RINGING = re.compile(
    r"(?:\b(?:never|not|nothing|nobody|no ?one)\b|n['\u2019]t\b)[^\n.]{0,40}"
    r"\b(?:ring|rang|rung|call|dial|join|happen|answer|connect)"
    r"|\breason(?:_type)?\W{1,4}9\b|\bunreachable\b",
    re.IGNORECASE,
)
_EVENT = re.compile(r"[\"']event[\"']\s*:\s*[\"']([a-z_]{2,40}(?:\.[a-z_]{2,60})+)[\"']")
_SIGNED = re.compile(r"[\"'](?:payload|event_ts)[\"']\s*:|x-zm-signature", re.IGNORECASE)
_REASON = re.compile(r"[\"']reason_type[\"']\s*:\s*[\"']?(\d{1,2})\b")
_SDK_ERROR = re.compile(
    r"\binternalErrorCode\W{1,4}\d{1,5}|\bZoomSDKError\w*\W{1,4}\d{1,5}"
    r"|\bJOIN_MEETING_FAILED\b|\b(?:ZOOM_API_ERROR|MobileRTC\w*Error|SDKERR)_?\w*"
    r"|\berrorCode\W{1,4}(?:37\d\d|50\d\d|10\d{3}|20\d{3})\b"
)


def with_surroundings(facts: RequestFacts, form: Form, near: str) -> RequestFacts:
    """Return a request with what the text around it says of it."""
    shell_fault, is_shown = _shell_fault(form, near)
    blocked = _BLOCKED.search(near)
    return replace(
        facts,
        blocked_by="" if blocked is None else _line_around(near, blocked),
        network_fault=_network_fault(near),
        is_said_not_to_ring=_NOT_RINGING.search(near) is not None,
        is_printed_in_quotes=_is_printed_in_quotes(facts.header("authorization") or "", near),
        shell_fault=shell_fault,
        is_shell_fault_shown=is_shown,
        hosts_beside=tuple(sorted({match[1].lower() for match in _HOST.finditer(near)})),
        links_beside=tuple(sorted({(match[1].lower(), match[2]) for match in _JOIN_LINK.finditer(near)})),
    )


def _is_printed_in_quotes(header: str, text: str) -> bool:
    variable = re.search(r"\$\{?([A-Za-z_]\w*)", header)
    if variable is None:
        return False
    printed = re.search(rf"\b{variable[1]}=[\"']?\$\([^\n]{{1,2000}}\bjq (?P<words>[^\n)|]*)", text)
    is_raw = printed is not None and re.search(r"(?:^|\s)(?:-\w*[rj]|--(?:raw|join)-output)", printed["words"])
    return printed is not None and not is_raw


def _line_around(text: str, found: re.Match[str]) -> str:
    begin = max(text.rfind("\n", 0, found.start()) + 1, found.start() - _LONGEST_WORDS // 2)
    end = text.find("\n", found.end())
    return text[begin : end if end >= 0 else len(text)].strip()[:_LONGEST_WORDS]


def _network_fault(text: str) -> tuple[NetworkWord, str] | None:
    """Return where a program says that its connection failed, and that line; code that handles it is none."""
    lowered = text.lower()
    for word, pattern in _network_faults():
        for found in pattern.finditer(lowered):
            begin = max(text.rfind("\n", 0, found.start()) + 1, found.start() - _LONGEST_WORDS)
            if not _HANDLED.search(text, begin, found.start()):
                return word, _line_around(text, found)
    return None


@cache
def _network_faults() -> tuple[tuple[NetworkWord, re.Pattern[str]], ...]:
    """Return the words of programs for each fault; a proxy's first, since a proxy's name may not resolve."""
    texts = sorted(network_texts().values(), key=lambda text: text.name != NetworkWord.PROXY)
    return tuple((NetworkWord(text.name), re.compile("|".join(text.said))) for text in texts)


def _shell_fault(form: Form, near: str) -> tuple[str, bool]:
    """Return what PowerShell did to a command, in words, and whether an error message shows it."""
    name = "curl" if form is Form.CURL else "wget"
    if form not in {Form.CURL, Form.COMMAND} or not re.search(rf"\b{name}\b", near):
        return "", False
    if _ALIAS_FAILED.search(near) and not re.search(rf"\b{name}\.exe\b", near):
        told = f"Windows PowerShell ran Invoke-WebRequest, whose alias is {name}, and it refused {name}'s options"
        return told, True
    command = _OF_POWERSHELL.search(near) if name == "curl" else None
    if command is not None and not command["exe"]:
        return "in Windows PowerShell 5, curl is an alias of Invoke-WebRequest, which takes other options", False
    if command is not None and _UNESCAPED_BODY.search(near, command.start()):
        return "PowerShell before 7.3 takes inner quotation marks out of an argument, here out of the body", False
    return "", False


def error_of_event(text: str) -> UsageError | None:
    """Return what to do with one of Zoom's events, which is no request that could fail."""
    event, reason = _EVENT.search(text), _REASON.search(text)
    if event is None or _SIGNED.search(text) is None:
        return None
    told = f"this is an event from Zoom ({event[1]}), not a request"
    if event[1] == "endpoint.url_validation":
        return UsageError(told, fix="Read how to answer it:", command="zoomcall explain url_validation")
    if reason is None:
        fix = "To check its signature, put the raw body in a file and run:"
        return UsageError(told, fix=fix, command="zoomcall webhook verify BODY")
    return UsageError(
        f"{told}: the call failed for reason {int(reason[1])} ({Reason(int(reason[1])).name})",
        fix="Read what the reason means and what to do:",
        command=f"zoomcall explain reason:{int(reason[1])}",
    )


def error_without_request(text: str, *, is_token: bool) -> UsageError:
    """Return what to do with a text that holds neither a request nor an answer."""
    if is_token:
        fix = "Inspect a token with:"
        return UsageError("this is a token, not a request", fix=fix, command="zoomcall token inspect -")
    if (event := error_of_event(text)) is not None:
        return event
    if (number := _SDK_ERROR.search(text)) is not None:
        return UsageError(
            f"{one_line(number[0])} is an error number of a Zoom SDK, not of the REST API",
            fix="Look it up in that SDK's own list of errors, and check the JWT (signature) that it was given: its "
            "SDK key, times and role.",
        )
    if (fault := _network_fault(text)) is not None and "zoom" in text.lower():
        return UsageError(
            f"there is no request, only a program's words that no answer came: {one_line(fault[1], 200)}",
            fix=network_texts()[fault[0]].fix,
            command=f"zoomcall explain network:{fault[0]}",
        )
    told = "the input has no recognizable request to Zoom or answer from Zoom"
    return UsageError(told, fix=FIX_OF_REQUEST, command="zoomcall diagnose --help")
