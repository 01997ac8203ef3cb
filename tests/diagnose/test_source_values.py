"""What expressions of many languages mean, as people write them into the requests that they paste."""

from __future__ import annotations

import re
from typing import Any

import pytest

from zoomcall.usecases.pasted.objects import read_object
from zoomcall.usecases.pasted.pieces import Form
from zoomcall.usecases.pasted.source_tokens import tokens_of
from zoomcall.usecases.pasted.source_values import Partial, Values, is_unknown, unknown

EXPRESSIONS: dict[Form, tuple[tuple[str, object], ...]] = {
    Form.JAVASCRIPT: (
        ('"a"', "a"),
        ("'a' + b + `c${d}`", "a{b}c{d}"),
        ('("a" + b) + "c"', "a{b}c"),
        ("known", "v"),
        ("`a/${known}/b`", "a/v/b"),
        ("`a/${number}`", "a/7"),
        ("`a/${flag}`", "a/{flag}"),
        ("`${object}`", "{object}"),
        ("flag", True),
        ("undefined", None),
        ("17", 17),
        ("-17", -17),
        ("-name", "{name}"),
        ("1.5", "{1.5}"),
        ("12345678901234567890", 12345678901234567890),
        ("123456789012345678901", "{123456789012345678901}"),
        ("!name", "{name}"),
        ("f('a')", "{f()}"),
        ("a.f('a').g('b')", "{a.f()}"),
        ("process.env.TOKEN", "{process.env.TOKEN}"),
        ("names[0].first", "{names}"),
        ("object.p.q", "w"),
        ("object.p.r", "{object.p.r}"),
        ("this.known", "v"),
        ("other.known", "{other.known}"),
        ("f('a').b[0].c", "{f()}"),
        ("await known", "v"),
        ("await get('a')", "{get()}"),
        ("name ? 'a' : 'b'", "{name}"),
        ("name || 'b'", "{name}"),
        ("name ?? 'b'", "{name}"),
        ("{a: 1} && name", {"a": 1}),
        ("encodeURIComponent('a/b=')", "a%2Fb%3D"),
        ("encodeURIComponent(known) + '/x'", "v/x"),
        ("encodeURIComponent(name)", "{encodeURIComponent(name)}"),
        ("encodeURIComponent(encodeURIComponent('a/b'))", "a%252Fb"),
        ("['a', name].join('/')", "a/{name}"),
        ("'a'.toString()", "a"),
        ("JSON.stringify({a: 1, 'b': [1, '2', null, true]})", {"a": 1, "b": [1, "2", None, True]}),
        ("{known, b: 2}", {"known": "v", "b": 2}),
        ("{b: 2, known}", {"b": 2, "known": "v"}),
        ("{...others, a: -1, b: !c}", {"a": -1, "b": "{c}"}),
        ("{a: {}, b: [], c: ''}", {"a": {}, "b": [], "c": ""}),
        ("{a: f(1, 2), b: g({c: 3}), d: 4}", {"a": "{f()}", "b": {"c": 3}, "d": 4}),
        ("[{a: 1}, {b: 2}]", [{"a": 1}, {"b": 2}]),
        ("['a', 'b',]", ["a", "b"]),
        ("new URLSearchParams({a: 'b'})", {"a": "b"}),
        ("new Headers()", "{Headers.new()}"),
        ("(known)", "v"),
        ("itself", "{itself}"),
        ("mutual", "{mutual}"),
    ),
    Form.PYTHON: (
        ("'a' 'b'", "ab"),
        ("'a' f'{name}' 'c'", "a{name}c"),
        ("f'a{known}b{number}'", "avb7"),
        ("f'{{a}} {known}'", "{a} v"),
        ("'a %s b %s' % (name, 'd')", "a {name} b d"),
        ("'a %s' % name", "a {name}"),
        ("'a %d%%' % 5", "a 5%%"),
        ("'{} {}'.format('a', known)", "a v"),
        ("'{1} {0} {n}'.format('a', name)", "{name} a a"),
        ("'{0} {5}'.format('a')", "a {5}"),
        ("'{} {}'.format('a')", "a {}"),
        ("'%s %s' % ('a',)", "a {}"),
        ("'/'.join(['a', name])", "a/{name}"),
        ("gap.join(['a', 'b'])", "a-b"),
        ("dict(a=1, b='c')", {"a": 1, "b": "c"}),
        ("{'a': {'b': [1, {'c': 'd'}]}}", {"a": {"b": [1, {"c": "d"}]}}),
        ("{**others, 'a': 1}", {"a": 1}),
        ("json.dumps({'a': None, 'b': True, 'c': False})", {"a": None, "b": True, "c": False}),
        ("built", {"a": {"b": "c", "d": 1}}),
        ("filled", {"a": "b", "c": "d"}),
        ("os.path.join('a', 'b', name)", "a/b/{name}"),
        ("urllib.parse.quote(known, safe='')", "v"),
        ("quote(name, safe='')", "{quote(name)}"),
        ("str('a')", "a"),
        ("self.known", "v"),
        ("r'a\\n'", "a\\n"),
        ("'a\\nb'", "a\nb"),
    ),
    Form.SOURCE: (
        ('fmt.Sprintf("a/%s/%d", name, 5)', "a/{name}/5"),
        ('map[string]any{"a": "b", "c": map[string]string{"d": "e"}}', {"a": "b", "c": {"d": "e"}}),
        ('map[string]interface{}{"a": 1}', {"a": 1}),
        ('Invite{CallType: "sip", DeviceIP: known}', {"call_type": "sip", "device_ip": "v"}),
        ('&Invite{CallType: "sip"}', {"call_type": "sip"}),
        ('domain.Invite{CallType: "sip"}', {"CallType": "sip"}),
        ('[]string{"a", "b"}', ["a", "b"]),
        ('[]Row{{A: "b"}}', [{"A": "b"}]),
        ('mapOf("a" to "b", "c" to mapOf("d" to 1))', {"a": "b", "c": {"d": 1}}),
        ('Map.of("a", "b", "c", 1)', {"a": "b", "c": 1}),
        ('Map.of("a", "b")', {"a": "b"}),
        ("made", {"a": "b", "c": 1}),
        ('new JSONObject().put("a", "b").put("c", new JSONObject().put("d", 1))', {"a": "b", "c": {"d": 1}}),
        ('String.format("a/%s", name)', "a/{name}"),
        ('"a/%s".formatted(name)', "a/{name}"),
        ('%{"a" => "b", c: 1}', {"a": "b", "c": 1}),
        ('{:a => :b, c: "d"}', {"a": "b", "c": "d"}),
        ('json!({"a": 1})', [{"a": 1}]),
        ('vec!["a", "b"]', ["a", "b"]),
        ('list(a = "b", c = list(d = 1))', {"a": "b", "c": {"d": 1}}),
        ('paste0("a", name, "c")', "a{name}c"),
        ('paste("a", "b")', "a b"),
        ('paste("a", name, sep = "/")', "a/{name}"),
        ('buildJsonObject() { put("a", "b"); putJsonObject("c") { put("d", 1) } }', {"a": "b", "c": {"d": 1}}),
        ('JSONObject().apply { put("a", "b") }', {"a": "b"}),
        ('@{@"a": @"b"}', {"a": "b"}),
        ('[NSString stringWithFormat:@"a/%@/%@", name, @"c"]', "a/{name}/c"),
        ('URL(string: "https://a")!', "https://a"),
        ('["a": "b"]', {"a": "b"}),
        ("(String) known", "v"),
        ('new Dictionary<string, object> { ["a"] = "b" }', {"a": "b"}),
        ("declared", {"a": "b"}),
        ("short", "v"),
    ),
    Form.CSHARP: (
        ('new { call_type = "sip", device = new { A = 1 } }', {"call_type": "sip", "device": {"A": 1}}),
        ('new Invite { CallType = "sip" }', {"call_type": "sip"}),
        ('new Invite() { CallType = "sip" }', {"call_type": "sip"}),
        ('new Dictionary<string, string> { { "a", "b" }, { "c", "d" } }', {"a": "b", "c": "d"}),
        ('new Dictionary<string, Dictionary<string, int>> { ["a"] = "b" }', {"a": "b"}),
        ("new StringContent(known, Encoding.UTF8)", "v"),
        ("thing", {"Name": "v", "Other": {"Inner": 1}}),
        ("new StringContent(name)", "{name}"),
        ('$"a/{name}/{known}"', "a/{name}/v"),
        ('@"a ""b"" c"', 'a "b" c'),
        ('new[] { "a", "b" }', ["a", "b"]),
        ('new List<string> { "a" }', ["a"]),
        ('"a" + name + "b"', "a{name}b"),
    ),
    Form.PHP: (
        ("array('a' => 'b', 'c' => array(1, 2))", {"a": "b", "c": [1, 2]}),
        ("['a' => 'b', 'c' => ['d' => 1]]", {"a": "b", "c": {"d": 1}}),
        ("'a' . $name . 'c'", "a{$name}c"),
        ("'a'.$known.'c'", "avc"),
        ('"a/$known/{$name}"', "a/v/{$name}"),
        ("json_encode(['a' => 1])", {"a": 1}),
        ("$this->token", "{$this.token}"),
        ("$this->client->get('a')", "{$this.client.get()}"),
        ("sprintf('a/%s', $name)", "a/{$name}"),
    ),
    Form.POWERSHELL: (
        ("@{ a = 'b'; c = @{ d = 1 } }", {"a": "b", "c": {"d": 1}}),
        ("@{ a = 'b' } | ConvertTo-Json -Depth 3", {"a": "b"}),
        ('"a/$known/$($name.id)"', "a/v/{$name.id}"),
        ("@('a', 'b')", ["a", "b"]),
        ("'a' + $name", "a{$name}"),
        ("$true", True),
    ),
    Form.BASIC: (
        ('"a" & name & "c"', "a{name}c"),
        ('"a ""b"" c"', 'a "b" c'),
        ('"a" + known', "av"),
    ),
}
BEFORE = {
    Form.JAVASCRIPT: "const known = 'v', number = 7, flag = true;\nconst object = {p: {q: 'w'}};\n"
    "const itself = itself;\nconst mutual = another;\nconst another = mutual;\n",
    Form.PYTHON: "known = 'v'\nnumber = 7\ngap = '-'\nbuilt = {}\nbuilt['a'] = {}\nbuilt['a']['b'] = 'c'\n"
    "built['a']['d'] = 1\nfilled = dict(a='b')\nfilled['c'] = 'd'\n",
    Form.SOURCE: 'String known = "v";\nlet declared: [String: Any] = ["a": "b"]\nshort := "v"\n'
    'JSONObject made = new JSONObject();\nmade.put("a", "b");\nmade.put("c", 1);\n',
    Form.CSHARP: 'var known = "v";\nvar thing = new Thing();\nthing.Name = known;\nthing["Other"] = new Map();\n'
    'thing["Other"]["Inner"] = 1;\n',
    Form.PHP: "$known = 'v';\n",
    Form.POWERSHELL: "$known = 'v'\n",
    Form.BASIC: 'known = "v"\n',
}


@pytest.mark.parametrize("language", EXPRESSIONS)
@pytest.mark.parametrize("after", ["\n", ";\n", "\nother = 'after'\n"])
def test_an_expression_means_what_it_would_give(language: Form, after: str) -> None:
    for source, meaning in EXPRESSIONS[language]:
        text = f"{BEFORE[language]}x = {source}{after}"
        tokens = tokens_of(text, language)
        place = text.index("\nx = ") + len("\nx = ")
        value = Values(tokens, language).value(next(at for at, token in enumerate(tokens) if token.start >= place))
        assert (source, value) == (source, meaning)


@pytest.mark.parametrize("language", EXPRESSIONS)
def test_an_expression_means_the_same_at_the_beginning_of_a_text(language: Form) -> None:
    given = set(re.findall(r"\w+", BEFORE[language]))
    for source, meaning in EXPRESSIONS[language]:
        words = set(re.findall(r"\w+", source))
        if words & given <= {
            "a",
            "b",
            "c",
            "d",
            "p",
            "q",
            "w",
            "String",
            "Any",
            "JSONObject",
            "new",
            "put",
            "dict",
            "1",
        }:
            assert (source, Values(tokens_of(source, language), language).value(0)) == (source, meaning)


@pytest.mark.parametrize("language", EXPRESSIONS)
def test_an_argument_ends_at_its_comma(language: Form) -> None:
    for source, meaning in EXPRESSIONS[language]:
        if "<string, " in source:
            continue  # a comma between types is taken for one between arguments
        text = f'{BEFORE[language]}f(1, {source}, "after")\n'
        tokens = tokens_of(text, language)
        values = Values(tokens, language)
        opener = next(at for at, token in enumerate(tokens) if token.text == "f" and token.is_first) + 1
        first, second, third = values.arguments(opener)
        value, behind = values.at(second)
        assert (source, value) == (source, meaning)
        assert (first, behind, third) == (opener + 1, third - 1, len(tokens) - 2)


@pytest.mark.parametrize(
    ("language", "source", "is_whole"),
    [
        (Form.PYTHON, "'a' 'b'", True),
        (Form.PYTHON, "f'a{known}'", True),
        (Form.PYTHON, "f'a{name}'", False),
        (Form.PYTHON, "name", False),
        (Form.PYTHON, "'a' + name", False),
        (Form.PYTHON, "name + 'a'", False),
        (Form.PYTHON, "'a' + known", True),
        (Form.PYTHON, "quote(name)", False),
        (Form.PYTHON, "quote(known)", True),
        (Form.JAVASCRIPT, "`a${known}`", True),
        (Form.JAVASCRIPT, "`a${flag}`", False),
    ],
)
def test_a_text_of_which_a_piece_is_missing_is_partial(language: Form, source: str, *, is_whole: bool) -> None:
    tokens = tokens_of(f"{BEFORE[language]}x = {source}", language)
    place = next(at for at, token in enumerate(tokens) if token.text == "x" and token.is_first) + 2
    assert isinstance(Values(tokens, language).value(place), Partial) is not is_whole


PRINTED = (
    ("{'a': 1, 'b': [1, 2], 'c': None}", {"a": 1, "b": [1, 2], "c": None}),
    ("{a: b c, d: e}", {"a": "b c", "d": "e"}),
    ("{a: https://b/c, d: 1}", {"a": "https://b/c", "d": 1}),
    ("{a: x, y, d: 1}", {"a": "x, y", "d": 1}),
    ("{a: x, y}", {"a": "x, y"}),
    ("{a: b (c, d) [e] f, g: 1}", {"a": "b (c, d) [e] f", "g": 1}),
    ("{a: -1, b: +1}", {"a": -1, "b": "+1"}),
    ("{a: 1.5}", {"a": "1.5"}),
    ("{a=b, c={d=e, f=1}}", {"a": "b", "c": {"d": "e", "f": 1}}),
    ("@{a=b c; d=1}", {"a": "b c", "d": 1}),
    ('%{a: "b", "c" => :d}', {"a": "b", "c": "d"}),
    ("Array\n(\n    [a] => b\n    [c] => Array\n        (\n            [d] => 1\n        )\n\n)", {"a": "b", "c": {"d": 1}}),  # noqa: E501
    ("stdClass Object\n(\n    [a-b] => c\n)", {"a-b": "c"}),
    ('array:1 [\n  "a" => "b"\n]', {"a": "b"}),
    ("map[a:b c d:map[e:1]]", {"a": "b c", "d": {"e": 1}}),
    ("[a, b c, 3]", ["a", "b c", 3]),
    ("[{'a': 1}, {'b': 2}]", [{"a": 1}, {"b": 2}]),
    ("{'a': True, 'b': nil, 'c': null}", {"a": True, "b": None, "c": None}),
    ("{:a=>1, :b=>:c}", {"a": 1, "b": "c"}),
    ("{a: {b: {c: d}}}", {"a": {"b": {"c": "d"}}}),
    ("{'a': 'b',}", {"a": "b"}),
    ("{}", {}),
    ("[]", []),
)  # fmt: skip


@pytest.mark.parametrize(("text", "meaning"), PRINTED)
@pytest.mark.parametrize("before", ["", "Sent: ", "Sent:\n\n"])
@pytest.mark.parametrize("after", ["", " and so on", "\n} )"])
def test_an_object_is_read_as_it_was_printed(text: str, meaning: Any, before: str, after: str) -> None:
    value, end = read_object(f"{before}{text}{after}", len(before))
    assert (value, end) == (meaning, len(before) + len(text.rstrip()))


def test_what_nothing_is_known_of_is_a_name_in_braces() -> None:
    assert unknown("a.b('c')") == "{a.b(c)}"
    assert unknown("n" * 41) == "{" + "n" * 37 + "...}"
    assert [is_unknown(value) for value in (unknown("a"), Partial("a{b}"), "{a}", 1)] == [True, False, False, False]


@pytest.mark.parametrize(
    ("language", "source", "begins"),
    [
        (Form.JAVASCRIPT, "x = 'a' + b.c.d + 'END'", "a"),
        (Form.JAVASCRIPT, "x = b.c.d + 'END'", "b"),
        (Form.JAVASCRIPT, "x = f(1)[2] + 'END'", "f"),
        (Form.JAVASCRIPT, "x = 'a' + g.f(1, 'b') + 'END'", "a"),
        (Form.JAVASCRIPT, "f('a', 'END')", "END"),
        (Form.JAVASCRIPT, "f(('a' + 'END'))", "a"),
        (Form.JAVASCRIPT, "x = ['a', b + 'END']", "b"),
        (Form.JAVASCRIPT, "'END'", "END"),
        (Form.JAVASCRIPT, "+ 'END'", "END"),
        (Form.PYTHON, "x = 'a' 'b' 'END'", "a"),
        (Form.PYTHON, "'a' 'END'", "a"),
        (Form.PYTHON, "x = a + 'b' 'END'", "a"),
        (Form.JAVASCRIPT, "x = 'a' 'END'", "END"),
        (Form.PHP, "$x = $a->b . 'END'", "$a"),
        (Form.BASIC, 'x = a & "b" & "END"', "a"),
        (Form.JAVASCRIPT, "x = " + "'a' + " * 64 + "'END'", "a"),
    ],
)
def test_where_a_sum_of_texts_begins(language: Form, source: str, begins: str) -> None:
    tokens = tokens_of(source, language)
    last = next(at for at, token in enumerate(tokens) if token.text == "END")
    start = Values(tokens, language).start_of_sum(last)
    assert (tokens[start].text, tokens[start].text in {token.text for token in tokens[:start]}) == (begins, False)


@pytest.mark.parametrize(
    ("source", "begins"),
    [
        ("x = a.b.END", "a"),
        ("x = new A.END", "new"),
        ("x = f(1).g(2).END", "f"),
        ("x = 'a'.END", "a"),
        ("x = END", "END"),
        ("a.END", "a"),
        ("x = [1].END", "END"),
    ],
)
def test_where_a_dotted_expression_begins(source: str, begins: str) -> None:
    tokens = tokens_of(source, Form.JAVASCRIPT)
    last = next(at for at, token in enumerate(tokens) if token.text == "END")
    assert tokens[Values(tokens, Form.JAVASCRIPT).start_of_chain(last)].text == begins
