"""Completion for PowerShell, 5.1 and newer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from zoomcall.cli.completions.names import BOOK, CONFIG
from zoomcall.cli.completions.tree import Node, Value

_START = """\
# PowerShell completion for zoomcall; made by: zoomcall completion powershell
Register-ArgumentCompleter -Native -CommandName zoomcall -ScriptBlock {
    param($word, $ast, $cursor)
"""
_END = r"""
    function Get-Names($kind) {
        $folder = $env:ZOOMCALL_CONFIG_DIR
        if (-not $folder) {
            if ($IsMacOS) { $folder = "$HOME/Library/Application Support/zoomcall" }
            elseif (-not $IsLinux) { $folder = "$env:LOCALAPPDATA\zoomcall" }
            elseif ($env:XDG_CONFIG_HOME) { $folder = "$env:XDG_CONFIG_HOME/zoomcall" }
            else { $folder = "$HOME/.config/zoomcall" }
        }
        $file = Join-Path $folder 'CONFIG'
        $pattern = '^\[profiles\."?([A-Za-z0-9][A-Za-z0-9._-]*)"?\]\s*$'
        if ($kind -ne 'profiles') {
            $file = if ($env:ZOOMCALL_BOOK) { $env:ZOOMCALL_BOOK } else { Join-Path $folder 'BOOK' }
            $pattern = '^\s*name\s*=\s*(?:"([^"\\]+)"|''([^'']+)'')\s*(?:#.*)?$'
        }
        if (-not (Test-Path -LiteralPath $file -PathType Leaf)) { return }
        foreach ($line in (Get-Content -LiteralPath $file -Encoding UTF8)) {
            if ($line -match $pattern) { if ($Matches[1]) { $Matches[1] } else { $Matches[2] } }
        }
    }

    function Get-Result($text, $shown, $summary) {
        [System.Management.Automation.CompletionResult]::new($text, $shown, 'ParameterValue', $summary)
    }

    $at = ''
    $place = 0
    $skip = $false
    $before = @($ast.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursor } | ForEach-Object { $_.Extent.Text })
    foreach ($each in $before) {
        if ($skip) { $skip = $false; continue }
        if ($each -eq '--') { return }
        if ($children[$at] -and (@($children[$at] | ForEach-Object { ($_ -split ': ', 2)[0] }) -ccontains $each)) {
            $at = "$at/$each"
        }
        elseif ($values.ContainsKey("$at $each")) { $skip = $true }
        elseif ($each -notlike '-?*') { $place++ }
    }

    $lead = ''
    $offered = @('none')
    if ($word -match '^(--[^=]+)=(.*)$' -and $values.ContainsKey("$at $($Matches[1])")) {
        $lead = "$($Matches[1])="
        $offered = $values["$at $($Matches[1])"]
        $word = $Matches[2]
    }
    elseif ($skip) { $offered = $values["$at $($before[-1])"] }
    elseif ($word -like '-*') { $offered = @('listed') + $flags[$at] }
    elseif ($children[$at]) { $offered = @('listed') + $children[$at] }
    elseif ($places.ContainsKey("$at $place")) { $offered = $places["$at $place"] }
    elseif ($places.ContainsKey("$at *")) { $offered = $places["$at *"] }

    $kind, $rest = $offered
    $mark = if ($kind -like 'rooms*' -and $word -match "^'?@") { '@' } else { '' }
    if ($kind -eq 'rooms-by-at' -and -not $mark) { return }
    if ($kind -in 'rooms', 'rooms-by-at', 'profiles') { $rest = @(Get-Names $kind) }
    $start = $word.Trim("'").TrimStart('@')
    foreach ($item in $rest) {
        $name, $summary = if ($kind -eq 'listed') { $item -split ': ', 2 } else { $item, $item }
        if (-not $name.StartsWith($start, [System.StringComparison]::OrdinalIgnoreCase)) { continue }
        $text = "$mark$name"
        if ($text -match '[^\w.:/+-]') { $text = "'" + $text.Replace("'", "''") + "'" }
        Get-Result "$lead$text" $name $summary
    }
}
"""


def powershell_script(root: Node) -> str:
    """Write the script. PowerShell offers files by itself where the script offers nothing."""
    nodes = tuple(root.walk())
    return "".join(
        (
            _START,
            *_table("children", ((_at(node), _listed(node.children)) for node in nodes if node.children)),
            *_table("flags", ((_at(node), _listed_flags(node)) for node in nodes)),
            *_table("values", _values(nodes)),
            *_table("places", _places(nodes)),
            _END.replace("CONFIG'", f"{CONFIG}'").replace("BOOK'", f"{BOOK}'"),
        )
    )


def _table(name: str, rows: Iterable[tuple[str, Iterable[str]]]) -> Iterator[str]:
    yield f"    ${name} = @{{\n"
    for key, items in rows:
        yield f"        {_quoted(key)} = @({', '.join(map(_quoted, items))})\n"
    yield "    }\n"


def _listed(children: Iterable[Node]) -> Iterator[str]:
    return (f"{child.name}: {child.summary}" for child in children)


def _listed_flags(node: Node) -> Iterator[str]:
    return (f"{name}: {flag.summary}" for flag in node.flags for name in flag.names)


def _values(nodes: Iterable[Node]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for node in nodes:
        for flag in node.flags:
            if flag.value is not None:
                yield from ((f"{_at(node)} {name}", _offered(flag.value)) for name in flag.names)


def _places(nodes: Iterable[Node]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for node in nodes:
        for place, argument in enumerate(node.arguments):
            yield f"{_at(node)} {'*' if argument.is_repeatable else place}", _offered(argument.value)


def _offered(value: Value) -> tuple[str, ...]:
    if value.words:
        return ("words", *value.words)
    return ("none" if value.names is None else value.names.value,)


def _at(node: Node) -> str:
    return "".join(f"/{word}" for word in node.path)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
