"""What stands in for a value in a text: variables, templates, dots, words like YOUR_TOKEN."""

from __future__ import annotations

import re

from zoomcall.domain.pattern import Pattern

_LONGEST = 4096
_MARKS = Pattern(
    r"""
    \{\{[^\n]*?\}\}                     # {{token}}, as in request collections
  | \A@[a-z]\w*\([^\n]*\)\Z             # @concat('Bearer ', body('x')), a whole expression of a workflow
  | [@#=]\{[^\n]*?\}                    # @{body('x')}, #{token}, as in workflows and Ruby
  | \{%[^\n]*?%\} | <%[^\n]*?%>         # {% … %}, <%= … %>
  | \$\{\{[^\n]*?\}\}                  # ${{ secrets.TOKEN }}
  | \\\([^\n()]*\)                     # \(token), as in Swift
  | !(?:secret|env_var|vault|Ref|Sub)\b[ ]?\S+
  | \((?:redacted|hidden|removed|masked|filtered|omitted)[^()\n]*\)
  | \{[\w.()\[\]$ +*/-]*\}              # {token}, as in documents; also what a parser could not read
  | \$\{[^{}\n]*\}                      # ${TOKEN}
  | \$\([^()\n]*\)                      # $(command)
  | \$(?:env:)?[A-Za-z_]\w*             # $TOKEN
  | `[^`\n]+`                           # `command`
  | %[A-Za-z_]*[G-Zg-z_]\w*%            # %TOKEN%, but not escapes like %2F
  | %(?:\d\$)?(?:[suv]|d(?![0-9A-Fa-f]))(?![A-Za-z%])  # %s, %d, %1$s, as in format strings
  | <[A-Za-z][^<>\n"]*>                 # <token>
  | \[(?!object)[A-Za-z][^\[\]\n":]*\]  # [token], but not JavaScript's [object Object]
  | [*\u2022\u2026#]{3,} | \u2026 | \.{3,} | _{4,} | [xX]{4,}
  | \bx{1,3}(?:\.x{1,3}){3}\b           # xxx.xxx.xxx.xxx
    """,
    re.VERBOSE,
)
_NAMES = Pattern(
    r"\$\{?[A-Za-z_]{2,40}\}?|\$env:[A-Za-z_]{2,40}|%[A-Za-z_]{2,40}%|\{\{ ?[A-Za-z_]{2,40} ?\}\}"
    r"|<[A-Za-z_ -]{2,40}>|\{\$?[A-Za-z_][\w.()]{1,40}\}"
)
_WORDS = Pattern(r"[A-Za-z][A-Za-z_ .-]{0,60}")
_TELLING = Pattern(
    r"token|jwt|bearer|auth|cred|key|secret|pass|your|redact|remov|hidden|masked|omitted|censored|here|placeholder|example|dummy",
    re.IGNORECASE,
)


_NAME_OF_ID = Pattern(
    r":.*|(?:(?:your|my|the|some|live)[_-]?)?(?:(?:meeting|session)[_-]?)?(?:id|uuid|number|no|num|name)",
    re.IGNORECASE,
)


_REDACTION = Pattern(
    r"[\s.*<(\[{\u2026-]*(?:redacted|removed|hidden|masked|filtered|omitted|censored|sanitized|secret)\b.*"
    r"|[*\u2022xX.\u2026-]{3,}|\u2588+|<[^<>]*(?:redacted|removed|hidden)[^<>]*>",
    re.IGNORECASE | re.DOTALL,
)


_INSERTS = Pattern(r"\$?\{\{[^\n]*?\}\}|[@#$]\{[^{}\n]*\}|<%[^\n]*?%>|\{%[^\n]*?%\}|\\\([^()\n]*\)")


def with_plain_stand_ins(url: str) -> str:
    """Return a URL whose expressions have no signs that would end its path."""
    return _INSERTS.sub(
        lambda match: (
            "{" + re.sub(r"[^\w.]+", "_", match[0]).strip("_") + "}" if re.search(r"[#?/]", match[0]) else match[0]
        ),
        url,
    )


def is_redaction(text: str) -> bool:
    """Return whether a value was hidden as a whole, so that nothing is known of it."""
    return bool(_REDACTION.fullmatch(text.strip()))


def has_placeholder(text: str) -> bool:
    """Return whether part of a text stands in for something else."""
    return bool(_MARKS.search(text[:_LONGEST]))


def stands_for_id(text: str) -> bool:
    """Return whether a piece of a path stands in for an id: ``{id}``, ``:id``, ``MEETING_ID``."""
    return has_placeholder(text) or bool(_NAME_OF_ID.fullmatch(text))


def is_name_of_secret(text: str) -> bool:
    """Return whether a text is just the name of a variable that holds a secret, and so safe to show."""
    bare = text.strip()
    return bool(_NAMES.fullmatch(bare) and _TELLING.search(bare))


def is_stand_in(text: str) -> bool:
    """Return whether a text stands in for a secret, in whole or in part, so that the secret cannot be judged."""
    bare = text.strip().strip("\"'")
    if has_placeholder(bare):
        return True
    return bool(_WORDS.fullmatch(bare) and _TELLING.search(bare) and bare.count(".") < 2)
