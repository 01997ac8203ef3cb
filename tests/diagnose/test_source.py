from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomcall.knowledge.facts import Part
from zoomcall.usecases.pasted.objects import Unreadable, objects_around, read_object
from zoomcall.usecases.pasted.pieces import Form, PastedRequest
from zoomcall.usecases.pasted.source import read_source
from zoomcall.usecases.pasted.source_tokens import Kind, language_of, tokens_of
from zoomcall.usecases.pasted.source_values import Values

URL = "https://api.zoom.us/v2/videosdk/sessions/abc/events"
ROOM = {
    "method": "user.invite.room_system_callout",
    "params": {"call_type": "sip", "device_ip": "room@example.com"},
}


def read(text: str) -> PastedRequest:
    [request] = read_source(text)
    return request


def body_of(request: PastedRequest) -> Any:
    assert request.body is not None
    return json.loads(request.body)


PROGRAMS: dict[str, tuple[Form, str]] = {
    "C# with HttpClient and an anonymous object": (
        Form.CSHARP,
        """
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var body = new { method = "user.invite.room_system_callout",
            @params = new { call_type = "sip", device_ip = "room@example.com" } };
        var json = JsonConvert.SerializeObject(body);
        await client.PatchAsync("https://api.zoom.us/v2/videosdk/sessions/abc/events",
            new StringContent(json, Encoding.UTF8, "application/json"));
        """,
    ),
    "C# with a verbatim string": (
        Form.CSHARP,
        """
        using (var request = new HttpRequestMessage(new HttpMethod("PATCH"),
            "https://api.zoom.us/v2/videosdk/sessions/abc/events"))
        {
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
            request.Content = new StringContent(@"{""method"":""user.invite.room_system_callout"",
                ""params"":{""call_type"":""sip"",""device_ip"":""room@example.com""}}");
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/json");
        }
        """,
    ),
    "C# with a raw string": (
        Form.CSHARP,
        '''
        var request = new HttpRequestMessage(HttpMethod.Patch, $"{Base}/videosdk/sessions/abc/events");
        const string Base = "https://api.zoom.us/v2";
        request.Headers.Authorization = new("Bearer", token);
        request.Content = new StringContent("""
            {"method": "user.invite.room_system_callout",
             "params": {"call_type": "sip", "device_ip": "room@example.com"}}
            """, Encoding.UTF8, "application/json");
        ''',
    ),
    "C# with RestSharp": (
        Form.CSHARP,
        """
        var client = new RestClient("https://api.zoom.us/v2");
        var request = new RestRequest("/videosdk/sessions/abc/events", Method.Patch);
        request.AddHeader("Authorization", $"Bearer {token}");
        request.AddJsonBody(new { method = "user.invite.room_system_callout",
            @params = new { call_type = "sip", device_ip = "room@example.com" } });
        """,
    ),
    "C# with dictionaries": (
        Form.CSHARP,
        """
        var data = new Dictionary<string, object> {
            { "method", "user.invite.room_system_callout" },
            { "params", new Dictionary<string, string> {
                ["call_type"] = "sip", ["device_ip"] = "room@example.com" } } };
        var req = WebRequest.Create("https://api.zoom.us/v2/videosdk/sessions/abc/events");
        req.Method = "PATCH";
        req.ContentType = "application/json";
        req.Headers["Authorization"] = "Bearer " + token;
        """,
    ),
    "C# with classes": (
        Form.CSHARP,
        """
        var call = new Invite { Method = "user.invite.room_system_callout",
            Params = new InviteParams { CallType = "sip", DeviceIp = "room@example.com" } };
        client.DefaultRequestHeaders.Add("Authorization", "Bearer " + token);
        await client.PatchAsJsonAsync("https://api.zoom.us/v2/videosdk/sessions/abc/events", call);
        """,
    ),
    "JavaScript with fetch": (
        Form.JAVASCRIPT,
        """
        const url = `https://api.zoom.us/v2/videosdk/sessions/abc/events`;
        const params = { call_type: 'sip', device_ip: 'room@example.com' };
        const response = await fetch(url, { method: 'PATCH',
          headers: { 'Authorization': `Bearer ${token}`, 'Content-Type': 'application/json' },
          body: JSON.stringify({ method: 'user.invite.room_system_callout', params }) });
        """,
    ),
    "JavaScript with axios": (
        Form.JAVASCRIPT,
        """
        const api = axios.create({ baseURL: 'https://api.zoom.us/v2' });
        await api.patch('/videosdk/sessions/abc/events', {
          method: 'user.invite.room_system_callout',
          params: { call_type: 'sip', device_ip: 'room@example.com' }, // the room
        }, { headers: { authorization: 'Bearer ' + token } });
        """,
    ),
    "JavaScript with an axios config": (
        Form.JAVASCRIPT,
        """
        axios({ method: 'patch', url: 'https://api.zoom.us/v2/videosdk/sessions/abc/events',
          headers: { Authorization: `Bearer ${token}` },
          data: { method: 'user.invite.room_system_callout',
                  params: { call_type: 'sip', device_ip: 'room@example.com' } } });
        """,
    ),
    "JavaScript with XMLHttpRequest": (
        Form.JAVASCRIPT,
        """
        const xhr = new XMLHttpRequest();
        xhr.open("PATCH", "https://api.zoom.us/v2/videosdk/sessions/abc/events");
        xhr.setRequestHeader("Authorization", "Bearer " + token);
        xhr.setRequestHeader("Content-Type", "application/json");
        xhr.send('{"method":"user.invite.room_system_callout",' +
          '"params":{"call_type":"sip","device_ip":"room@example.com"}}');
        """,
    ),
    "Python with requests": (
        Form.PYTHON,
        """
        import requests
        BASE = "https://api.zoom.us/v2"
        call = dict(method="user.invite.room_system_callout",
                    params=dict(call_type="sip", device_ip="room@example.com"))
        requests.patch(f"{BASE}/videosdk/sessions/abc/events", json=call,
                       headers={"Authorization": f"Bearer {token}"})  # PATCH it is
        """,
    ),
    "Python with http.client": (
        Form.PYTHON,
        """
        import http.client
        conn = http.client.HTTPSConnection("api.zoom.us")
        payload = ('{"method":"user.invite.room_system_callout",'
                   '"params":{"call_type":"sip","device_ip":"room@example.com"}}')
        headers = {'content-type': "application/json", 'authorization': "Bearer %s" % token}
        conn.request("PATCH", "https://api.zoom.us/v2/videosdk/sessions/abc/events", payload, headers)
        """,
    ),
    "PowerShell with a table": (
        Form.POWERSHELL,
        """
        $uri = "https://api.zoom.us/v2/videosdk/sessions/$id/events"
        $id = 'abc'
        $body = @{
            method = 'user.invite.room_system_callout'
            params = @{ call_type = 'sip'; device_ip = 'room@example.com' }
        } | ConvertTo-Json -Depth 3
        Invoke-RestMethod -Uri $uri -Method Patch -Headers @{ Authorization = "Bearer $token" } `
            -ContentType application/json -Body $body
        """,
    ),
    "PowerShell with splatting and a here-string": (
        Form.POWERSHELL,
        """
        $request = @{
            Uri         = "https://api.zoom.us/v2/videosdk/sessions/abc/events"
            Method      = "PATCH"
            Headers     = @{ "Authorization" = "Bearer " + $token }
            ContentType = "application/json"
            Body        = @'
{"method": "user.invite.room_system_callout", "params": {"call_type": "sip", "device_ip": "room@example.com"}}
'@
        }
        Invoke-RestMethod @request
        """,
    ),
    "Java": (
        Form.SOURCE,
        """
        HttpRequest request = HttpRequest.newBuilder()
          .uri(URI.create("https://api.zoom.us/v2/videosdk/sessions/abc/events"))
          .header("Authorization", "Bearer " + token)
          .header("Content-Type", "application/json")
          .method("PATCH", BodyPublishers.ofString("{\\"method\\":\\"user.invite.room_system_callout\\"," +
             "\\"params\\":{\\"call_type\\":\\"sip\\",\\"device_ip\\":\\"room@example.com\\"}}"))
          .build();
        """,
    ),
    "PHP": (
        Form.PHP,
        """
        curl_setopt_array($curl, [
          CURLOPT_URL => "https://api.zoom.us/v2/videosdk/sessions/abc/events",
          CURLOPT_CUSTOMREQUEST => "PATCH",
          CURLOPT_POSTFIELDS =>
            '{"method":"user.invite.room_system_callout","params":{"call_type":"sip","device_ip":"room@example.com"}}',
          CURLOPT_HTTPHEADER => ["Authorization: Bearer " . $token, "Content-Type: application/json"],
        ]);
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_read(name: str) -> None:
    form, text = PROGRAMS[name]
    request = read(text)
    assert request.form is form
    assert (request.method, request.url) == ("PATCH", URL)
    assert body_of(request) == ROOM
    assert (request.header("authorization") or "").startswith("Bearer ")
    assert request.header("content-type") in {"application/json", None} or name == "PHP"


@pytest.mark.parametrize(
    ("value", "read_as"),
    [
        ("token", "{token}"),
        ('"Bearer " + token', "Bearer {token}"),
        ("`Bearer ${token}`", "Bearer {token}"),
        ("`Bearer ${this.token}`", "Bearer {this.token}"),
        ("getToken()", "{getToken()}"),
        ("'Bearer abc'", "Bearer abc"),
        ("process.env.TOKEN", "{process.env.TOKEN}"),
        ("'Bearer' + token", "Bearer{token}"),
        ("known", "Bearer xyz"),
        ("itself", "{itself}"),
    ],
)
def test_the_authorization_header_of_javascript(value: str, read_as: str) -> None:
    text = (
        "const known = 'Bearer ' + 'xyz'; const itself = itself;\n"
        f"fetch('{URL}', {{method: 'PATCH', headers: {{Authorization: {value}, 'Content-Type': 'a/b'}}, body}})"
    )
    assert read(text).header("authorization") == read_as


@pytest.mark.parametrize(
    ("code", "method"),
    [
        (f"requests.patch('{URL}')", "PATCH"),
        (f"requests.request('PATCH', '{URL}')", "PATCH"),
        (f"requests.request(method='PATCH', url='{URL}')", "PATCH"),
        (f"requests.post('{URL}', json=x)\nd.get('a')", "POST"),
        (f"httpx.put('{URL}')", "PUT"),
        (f"session.get('{URL}')  # import requests", "GET"),
        (f"url = '{URL}'\nheaders = {{'a': 'b'}}\nr = requests.patch(url, headers=headers)", "PATCH"),
        (f"make_call('{URL}')", ""),
    ],
)
def test_the_method_of_python(code: str, method: str) -> None:
    assert read(f"import requests\n{code}").method == method


@pytest.mark.parametrize(
    ("code", "method"),
    [
        (f"fetch('{URL}')", "GET"),
        (f"fetch('{URL}', options)", ""),
        (f"fetch('{URL}', {{method: 'post'}})", "POST"),
        (f"axios.delete('{URL}')", "DELETE"),
        (f"const r = await got.patch('{URL}')", "PATCH"),
    ],
)
def test_the_method_of_javascript(code: str, method: str) -> None:
    assert read(f"const a = 1;\n{code};").method == method


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (f"import requests\nrequests.patch('{URL}', json={ROOM})", "application/json"),
        (f"import requests\nrequests.patch('{URL}', data=json.dumps({ROOM}))", ""),
        (f"const a = 1;\naxios.patch('{URL}', {ROOM})", "application/json"),
        (
            f"fetch('{URL}', {{method: 'PATCH', body: JSON.stringify({ROOM})}})",
            "text/plain;charset=UTF-8",
        ),
        (
            f'client.PatchAsync("{URL}", new StringContent(@"{{""device_ip"":""a""}}"));',
            "text/plain; charset=utf-8",
        ),
        (f"Invoke-RestMethod -Method Patch -Uri {URL} -Body '{json.dumps(ROOM)}'", ""),
        (f"import requests\nrequests.patch('{URL}', **everything)", None),
    ],
)
def test_the_content_type_is_the_librarys_unless_told(code: str, kind: str | None) -> None:
    assert read(code).header("content-type") == kind


def test_parameters_go_where_the_library_puts_them() -> None:
    base = 'import requests\nrequests.post("https://zoom.us/oauth/token", auth=(i, s), '
    form = read(base + 'data={"grant_type": "account_credentials", "account_id": "x"})')
    assert (form.body, form.header("content-type")) == (
        "grant_type=account_credentials&account_id=x",
        "application/x-www-form-urlencoded",
    )
    query = read(f'{base}params={{"grant_type": "account_credentials", "account_id": "x"}})')
    assert (query.url, query.body) == (
        "https://zoom.us/oauth/token?grant_type=account_credentials&account_id=x",
        "",
    )
    as_json = read(base + 'json={"grant_type": "account_credentials"})')
    assert as_json.header("content-type") == "application/json"
    assert form.basic == "{i}:{s}"


def test_what_is_not_seen_is_told() -> None:
    request = read(f"const r = await call('{URL}');")
    assert set(request.not_understood) == {"the method", "the body", "the Authorization header"}
    assert not request.is_whole
    assert request.body is None


def test_the_claims_of_a_token_are_named() -> None:
    text = (
        f"const p = {{ app_key: k, tpc: topic, role_type: 1, iat, exp }};\n"
        f"fetch('{URL}', {{method: 'PATCH', headers: {{Authorization: sign(p)}}}})"
    )
    assert read(text).claims == ("app_key", "tpc", "role_type", "iat", "exp")
    assert read(f"const exp = 1;\nfetch('{URL}', {{method: 'PATCH'}})").claims == ()


def test_a_program_with_two_requests_gives_both() -> None:
    text = (
        "import requests\n"
        't = requests.post("https://zoom.us/oauth/token", auth=(i, s),\n'
        '    data={"grant_type": "account_credentials"})\n'
        f'requests.patch("{URL}", headers={{"Authorization": f"Bearer {{t}}"}}, json={ROOM})\n'
    )
    token, callout = read_source(text)
    assert (token.method, token.url) == ("POST", "https://zoom.us/oauth/token")
    assert (callout.method, callout.url, body_of(callout)) == ("PATCH", URL, ROOM)


@pytest.mark.parametrize("text", ["", "plain words", "x = 1", "const a = 'https://example.com/a'", "# videosdk/"])
def test_other_programs_make_no_request_to_zoom(text: str) -> None:
    assert list(read_source(text)) == []


def test_a_language_is_told_by_its_clues() -> None:
    assert {language_of(text) for _, text in PROGRAMS.values()} >= {
        *(Form.CSHARP, Form.JAVASCRIPT, Form.PYTHON, Form.POWERSHELL, Form.SOURCE),
    }
    assert language_of("hello") is None


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_a_javascript_text_means_what_json_means(text: str) -> None:
    source = f"const x = {json.dumps(text)};"
    tokens = tokens_of(source, Form.JAVASCRIPT)
    [string] = [token for token in tokens if token.kind is Kind.STRING]
    pairs = text.encode("utf-16", "surrogatepass").decode("utf-16")
    assert string.text == pairs or any(ord(character) > 0xFFFF for character in text)


@given(st.text(st.characters(codec="utf-8")))
def test_a_python_text_means_what_python_means(text: str) -> None:
    tokens = tokens_of(f"x = {text!a}", Form.PYTHON)
    [string] = [token for token in tokens if token.kind is Kind.STRING]
    assert string.text == text or any(ord(character) > 0xFFFF for character in text)


objects = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(st.characters(codec="ascii"), max_size=8),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(st.text("abc_", min_size=1, max_size=4), inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@given(objects)
def test_an_object_literal_means_what_json_means(value: Any) -> None:
    for language, text in ((Form.JAVASCRIPT, json.dumps(value)), (Form.PYTHON, repr(value))):
        tokens = tokens_of(f"x = {text}", language)
        assert Values(tokens, language).at(2)[0] == value


def unsure(text: str) -> set[Part]:
    return set(read(text).unsure)


def test_a_header_that_is_just_a_variable_is_unsure() -> None:
    call = f"fetch('{URL}', {{method: 'PATCH', headers: {{Authorization: %s}}}})"
    assert unsure(call % "token") == {Part.AUTHORIZATION}
    assert unsure(call % "`Bearer ${token}`") == set()
    assert unsure(f"const token = 'Bearer abc';\n{call % 'token'}") == set()


def test_what_is_not_tied_to_the_url_is_a_guess() -> None:
    other = "requests.patch('https://api.zoom.us/v2/videosdk/sessions/b/events', json=x)"
    tied = f"import requests\nurl = '{URL}'\nprint(1)\nr = requests.patch(url)\n\n{other}"
    first, _ = read_source(tied)
    assert (first.method, Part.METHOD in first.unsure) == ("PATCH", False)
    first, _ = read_source(f"import requests\nlog('{URL}')\nprint(1)\nz = call('PATCH')\n\n{other}")
    assert (first.method, Part.METHOD in first.unsure) == ("PATCH", True)


@pytest.mark.parametrize(
    "body",
    [
        "p = {}\np['call_type'] = 'sip'\np['device_ip'] = 'room@example.com'\nb = {'method': 'M', 'params': p}",
        """b = {}\nb['method'] = 'M'\nb['params'] = {}\nb['params']['call_type'] = 'sip'
b['params']['device_ip'] = 'room@example.com'""",
        "b = dict(method='M', params=dict(call_type='sip', device_ip='room@example.com'))",
    ],
)
def test_a_body_may_be_put_together_by_statements(body: str) -> None:
    text = f"import requests\n{body.replace('M', str(ROOM['method']))}\nrequests.patch('{URL}', json=b)"
    assert body_of(read(text)) == ROOM


PRINTED_OBJECTS = (
    '{"code": 124, "message": "Invalid, so"}',
    "{code: 124, message: 'Invalid, so',}",
    '{"code"=>124, :message=>"Invalid, so"}',
    "Array\n(\n    [code] => 124\n    [message] => Invalid, so\n)\n",
    'array(2) {\n  ["code"]=>\n  int(124)\n  ["message"]=>\n  string(11) "Invalid, so"\n}',
    'array:2 [\u25bc\n  "code" => 124\n  "message" => "Invalid, so"\n]',
    "map[code:124 message:Invalid, so]",
    '%{"code" => 124, message: "Invalid, so"}',
    "{code=124, message=Invalid, so}",
    "@{code=124; message=Invalid, so}",
)


@pytest.mark.parametrize("text", PRINTED_OBJECTS)
def test_an_object_means_the_same_however_it_is_printed(text: str) -> None:
    around = objects_around(text, text.index("124"))
    value = next(value for value, _, _ in around if isinstance(value, dict))
    assert value == {"code": 124, "message": "Invalid, so"}


@pytest.mark.parametrize("text", ["{code: 124", "{code: [124}", "code: 124}", "(]"])
def test_what_does_not_close_is_no_object(text: str) -> None:
    with pytest.raises(Unreadable):
        read_object(text, 0)


def test_a_name_that_a_dollar_sign_splits_ties_nothing() -> None:
    assert read(f"c$data = array('a' => 'b');\n$ch = curl_init('{URL}');").url == URL
