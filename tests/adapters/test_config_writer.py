import os
import stat
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from zoomcall import own_files
from zoomcall.adapters import config_writer
from zoomcall.adapters.config_file import parse_config
from zoomcall.adapters.config_writer import ConfigWriter
from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.profile import Profile, Store
from zoomcall.domain.target import Api
from zoomcall.errors import NotConfigured
from zoomcall.own_files import locked

PAIR = Profile(
    name="prod", kind=CredentialKind.VIDEOSDK, store=Store.KEYRING, api_key="K1", keyring_backend="a.b.Keyring"
)
APP = Profile(
    name="mtg",
    kind=CredentialKind.S2S,
    store=Store.FILE,
    account_id="A",
    client_id="C",
    api_base="https://api.zoomgov.com/v2",
    oauth_base="https://zoomgov.com",
    websocket_subscription_id="ZhPGtK84QbapRWXzEBW7MA",
)
BEARER = Profile(name="eu.1", kind=CredentialKind.TOKEN, store=Store.FILE, api=Api.SESSION)


@pytest.fixture
def writer(tmp_path: Path) -> ConfigWriter:
    return ConfigWriter(tmp_path / "new" / "config.toml")


def test_what_is_put_is_read_again_and_the_first_is_current(writer: ConfigWriter) -> None:
    for profile in (PAIR, APP, BEARER):
        assert writer.put(profile) == writer.read()
    config = writer.read()
    assert config.current == "prod"
    assert config.profiles == {"prod": PAIR, "mtg": APP, "eu.1": BEARER}


def test_file_and_folder_are_the_owners_alone(writer: ConfigWriter) -> None:
    writer.put(PAIR)
    assert stat.S_IMODE(writer.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(writer.path.parent.stat().st_mode) == 0o700
    writer.path.chmod(0o644)
    writer.put(APP)
    assert stat.S_IMODE(writer.path.stat().st_mode) == 0o600


HAND_WRITTEN = """\
# mine
current = "prod"   # the one
theme = "dark"

[profiles.prod] # production
kind = "videosdk"
api_key = "OLD" # rotated in May
colour = "red"

# about the other
[profiles.other]
kind = "token"
store = "file"

[tool.elsewhere]
x = [1, 2] # kept
"""


def test_comments_order_and_unknown_keys_are_kept(writer: ConfigWriter) -> None:
    writer.path.parent.mkdir()
    writer.path.write_text(HAND_WRITTEN)
    writer.put(replace(PAIR, api_key="NEW"))
    text = writer.path.read_text()
    assert text == HAND_WRITTEN.replace('"OLD"', '"NEW"').replace(
        'colour = "red"\n', 'colour = "red"\nstore = "keyring"\nkeyring_backend = "a.b.Keyring"\n'
    )


def test_switching_changes_one_word(writer: ConfigWriter) -> None:
    writer.path.parent.mkdir()
    writer.path.write_text(HAND_WRITTEN)
    assert writer.switch("other").current == "other"
    assert writer.path.read_text() == HAND_WRITTEN.replace('current = "prod"', 'current = "other"')


def test_removing_the_current_profile_leaves_none_current(writer: ConfigWriter) -> None:
    writer.path.parent.mkdir()
    writer.path.write_text(HAND_WRITTEN)
    after = writer.remove("prod")
    assert (after.current, after.names) == (None, ("other",))
    text = writer.path.read_text()
    for kept in ("# mine", 'theme = "dark"', "# about the other", "x = [1, 2] # kept"):
        assert kept in text
    assert writer.remove("other").names == ()


def test_comments_between_profiles_outlast_their_neighbours(writer: ConfigWriter) -> None:
    writer.path.parent.mkdir()
    writer.path.write_text(HAND_WRITTEN)
    writer.remove("other")
    assert writer.path.read_text() == HAND_WRITTEN.replace(
        '[profiles.other]\nkind = "token"\nstore = "file"\n\n', ""
    )


@pytest.mark.parametrize(
    ("more", "left"),
    [
        ("# about x\n[x]\ny = 1\n[profiles.b]\n", "# about x\n[x]\ny = 1\n[profiles.b]\n"),
        ("[profiles.a.mine]\nq = 1\n# about b\n[profiles.b]\n", "# about b\n[profiles.b]\n"),
        ("[[profiles.a.mine]]\nq = 1\n# the end\n", "# the end\n"),
    ],
)
def test_the_heading_of_the_next_table_is_kept(writer: ConfigWriter, more: str, left: str) -> None:
    writer.path.parent.mkdir()
    writer.path.write_text(f'[profiles.a]\nkind = "token"\n{more}')
    writer.remove("a")
    assert writer.path.read_text() == left


def test_removing_another_leaves_the_current_one(writer: ConfigWriter) -> None:
    for profile in (PAIR, APP):
        writer.put(profile)
    assert writer.remove("mtg").current == "prod"


def test_a_current_that_names_no_profile_is_taken_over_by_the_next_login(writer: ConfigWriter) -> None:
    writer.path.parent.mkdir()
    writer.path.write_text('current = "gone"\n')
    assert writer.put(PAIR).current == "prod"


def test_a_profile_of_another_kind_leaves_nothing_of_the_older_one(writer: ConfigWriter) -> None:
    writer.put(replace(APP, name="prod"))
    writer.put(PAIR)
    assert writer.read().profiles == {"prod": PAIR}
    assert "zoomgov" not in writer.path.read_text()


def test_a_profile_that_could_not_be_read_is_replaced(writer: ConfigWriter) -> None:
    writer.path.parent.mkdir()
    writer.path.write_text("[profiles]\nprod = 5\n")
    assert writer.put(PAIR).profiles == {"prod": PAIR}


def test_switching_to_none_that_is_known_is_not_configured(writer: ConfigWriter) -> None:
    writer.put(PAIR)
    with pytest.raises(NotConfigured, match="no profile 'pord'; known: prod"):
        writer.switch("pord")
    assert writer.read().current == "prod"


LAYOUTS = {
    "inline": "profiles = {other = {kind = 'token', note = 'x'}}\n",
    "half inline": "[profiles]\nother = {kind = 'token', note = 'x'}\n",
    "dotted": "profiles.other.kind = 'token'\nprofiles.other.note = 'x'\n",
    "apart": "[profiles.other]\nkind = 'token'\nnote = 'x'\n[else]\na = 1\n[profiles.b]\nkind = 'token'\n",
    "header": "[profiles]\n[profiles.other]\nkind = 'token'\nnote = 'x'\n",
    "quoted": "['profiles'.\"other\"]\nkind = 'token'\nnote = 'x'\n",
    "windows": "current = 'other'\r\n[profiles.other]\r\nkind = 'token'\r\nnote = 'x'\r\n",
    "no newline": "[profiles.other]\nkind = 'token'\nnote = 'x'",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_edited_rightly_or_left_alone(writer: ConfigWriter, layout: str) -> None:
    writer.path.parent.mkdir()
    text = LAYOUTS[layout]
    writer.path.write_text(text, newline="")
    before = writer.read()
    try:
        after = writer.put(PAIR)
    except NotConfigured:
        assert writer.path.read_bytes() == text.encode()
    else:
        assert after == writer.read()
        assert after.profiles == {**before.profiles, "prod": PAIR}
        assert "note = 'x'" in writer.path.read_text()


@pytest.mark.parametrize("layout", ["half inline", "header", "quoted", "windows", "no newline"])
def test_common_layouts_are_edited(writer: ConfigWriter, layout: str) -> None:
    writer.path.parent.mkdir()
    writer.path.write_text(LAYOUTS[layout], newline="")
    writer.put(PAIR)
    writer.switch("prod")
    assert set(writer.remove("other").profiles) == {"prod"}


def test_a_corrupt_file_is_kept_as_it_is(writer: ConfigWriter) -> None:
    writer.path.parent.mkdir()
    writer.path.write_text("[profiles\n")
    with pytest.raises(NotConfigured, match="line 1"):
        writer.put(PAIR)
    assert writer.path.read_text() == "[profiles\n"


def test_a_crash_before_the_swap_leaves_the_old_file_and_nothing_beside_it(
    writer: ConfigWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.put(PAIR)
    before = writer.path.read_bytes()

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        writer.put(APP)
    assert writer.path.read_bytes() == before
    assert {path.name for path in writer.path.parent.iterdir()} == {"config.toml", "config.toml.lock"}


def test_a_process_killed_while_it_writes_leaves_the_old_file_and_no_lock(writer: ConfigWriter) -> None:
    writer.put(PAIR)
    before = writer.path.read_bytes()
    code = """
import os, pathlib, sys
from zoomcall.adapters.config_writer import ConfigWriter
pathlib.Path.replace = lambda *_: os._exit(9)
ConfigWriter(pathlib.Path(sys.argv[1])).remove("prod")
"""
    done = subprocess.run([sys.executable, "-c", code, str(writer.path)], check=False)
    assert done.returncode == 9
    assert writer.path.read_bytes() == before
    assert writer.put(APP).names == ("mtg", "prod")


def test_the_data_is_on_disk_before_the_names_are_swapped(
    writer: ConfigWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, swap = os.fsync, Path.replace
    monkeypatch.setattr(own_files.os, "fsync", lambda descriptor: (steps.append("sync"), sync(descriptor)))
    monkeypatch.setattr(Path, "replace", lambda old, new: (steps.append("swap"), swap(old, new)))
    writer.put(PAIR)
    assert steps[:2] == ["sync", "swap"]


def test_neither_a_link_nor_what_it_leads_to_is_replaced(writer: ConfigWriter, tmp_path: Path) -> None:
    elsewhere = tmp_path / "dotfiles" / "zoomcall.toml"
    elsewhere.parent.mkdir()
    elsewhere.write_text("# mine\n")
    writer.path.parent.mkdir()
    writer.path.symlink_to(elsewhere)
    with pytest.raises(NotConfigured, match="it is a symbolic link"):
        writer.put(PAIR)
    assert writer.path.is_symlink()
    assert elsewhere.read_text() == "# mine\n"


def test_a_folder_that_cannot_be_written_is_not_configured(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotConfigured, match="cannot be written"):
        ConfigWriter(tmp_path / "file" / "sub" / "config.toml").put(PAIR)


def test_a_full_disk_is_not_configured_and_keeps_the_old_file(
    writer: ConfigWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.put(PAIR)
    before = writer.path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(own_files.os, "fsync", full)
    with pytest.raises(NotConfigured, match="No space left"):
        writer.put(APP)
    assert writer.path.read_bytes() == before


def test_a_second_writer_waits_for_the_first_and_gives_up_in_time(writer: ConfigWriter) -> None:
    writer.put(PAIR)
    lock = writer.path.with_name("config.toml.lock")
    with locked(lock, timedelta(seconds=1)):
        impatient = ConfigWriter(writer.path, lock_limit=timedelta(seconds=0.1))
        started = time.monotonic()
        with pytest.raises(NotConfigured, match="another zoomcall has held the lock"):
            impatient.put(APP)
        assert time.monotonic() - started < 2
        waiting = threading.Thread(target=writer.put, args=(APP,))
        waiting.start()
    waiting.join()
    assert writer.read().names == ("mtg", "prod")


def test_logins_of_many_processes_at_once_lose_nothing(writer: ConfigWriter) -> None:
    code = """
import pathlib, sys
from zoomcall.adapters.config_writer import ConfigWriter
from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.profile import Profile, Store
for number in range(5):
    name = f"p{sys.argv[2]}.{number}"
    ConfigWriter(pathlib.Path(sys.argv[1])).put(Profile(name=name, kind=CredentialKind.TOKEN, store=Store.FILE))
"""
    command = [sys.executable, "-c", code, str(writer.path)]
    processes = [subprocess.Popen([*command, str(number)]) for number in range(4)]
    assert [process.wait(60) for process in processes] == [0] * 4
    config = writer.read()
    assert len(config.profiles) == 20
    assert config.current in config.profiles


@given(st.text(max_size=200))
def test_any_text_is_edited_rightly_or_left_alone(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "edited.toml"
    data = text.encode("utf-8", "surrogatepass")
    path.write_bytes(data)
    try:
        after = ConfigWriter(path).put(PAIR)
    except NotConfigured:
        assert path.read_bytes() == data
    else:
        assert after.profiles["prod"] == PAIR
        assert after == ConfigWriter(path).read()


COMMENT = "# a comment"
PIECES = st.lists(
    st.sampled_from(
        [
            'current = "a"\n',
            f"{COMMENT}\n",
            "\n",
            "x = 1\n",
            '[profiles.a]\nkind = "token"\nmine = 1 # kept\n',
            '[profiles.b]\nkind = "s2s"\naccount_id = "A"\nclient_id = "C"\n',
            "[profiles]\n",
            '[profiles.prod]\nkind = "token"\n',
            "[other]\ny = 2\n",
            "[[list]]\nz = 3\n",
            'profiles.a.kind = "token"\n',
            'profiles = {a = {kind = "token"}}\n',
            "[profiles.a.deeper]\nq = 1\n",
        ]
    ),
    max_size=7,
).map("".join)


@given(PIECES, st.sampled_from(["put", "remove", "switch"]))
def test_any_file_of_the_usual_pieces_is_edited_rightly_or_left_alone(
    tmp_path_factory: pytest.TempPathFactory, text: str, edit: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "pieces.toml"
    path.write_text(text)
    try:
        before = parse_config(text, place="")
    except NotConfigured:
        return
    writer = ConfigWriter(path)
    try:
        if edit == "put":
            assert writer.put(PAIR).profiles == {**before.profiles, "prod": PAIR}
        elif edit == "remove":
            assert "a" not in writer.remove("a").names
        else:
            assert writer.switch("a").current == "a"
    except NotConfigured:
        assert path.read_text() == text
    else:
        least = around(text, "profiles.a") if edit == "remove" else text.count(COMMENT)
        assert least <= path.read_text().count(COMMENT) <= text.count(COMMENT)


def around(text: str, table: str) -> int:
    """Count the comments of a text save those among a table's keys, which go when the table goes."""
    count = among = 0
    is_within = False
    for line in text.splitlines():
        if line == COMMENT:
            among += 1
        elif line.startswith("["):
            was_within, is_within = is_within, line.startswith((f"[{table}]", f"[{table}."))
            count += 0 if was_within and is_within else among
            among = 0
        elif line:
            count += 0 if is_within else among
            among = 0
    return count + among


def test_a_comment_among_the_keys_of_a_removed_profile_goes_with_it(writer: ConfigWriter) -> None:
    writer.path.parent.mkdir()
    writer.path.write_text(f'[profiles.a]\nkind = "token"\n{COMMENT}\nmine = 1\n{COMMENT} of b\n[profiles.b]\n')
    writer.remove("a")
    assert writer.path.read_text() == f"{COMMENT} of b\n[profiles.b]\n"


def test_the_lock_limit_is_short_enough_to_wait_for() -> None:
    assert timedelta(0) < config_writer._LOCK_LIMIT <= timedelta(seconds=10)


def test_several_edits_under_one_lock_keep_others_out(writer: ConfigWriter) -> None:
    impatient = ConfigWriter(writer.path, lock_limit=timedelta(seconds=0.05))
    with writer.editing():
        writer.put(PAIR)
        with writer.editing():
            writer.put(APP)
        with pytest.raises(NotConfigured, match="another zoomcall has held the lock"):
            impatient.put(BEARER)
    impatient.put(BEARER)
    assert writer.read().names == ("eu.1", "mtg", "prod")


def test_an_error_under_the_lock_releases_it_and_is_not_reworded(writer: ConfigWriter) -> None:
    error = OSError(5, "mine")
    with pytest.raises(OSError, match="mine") as caught, writer.editing():
        raise error
    assert caught.value is error
    assert ConfigWriter(writer.path, lock_limit=timedelta(0)).put(PAIR).names == ("prod",)


def test_what_killed_commands_left_is_swept_away_by_the_next_edit(writer: ConfigWriter) -> None:
    secrets = writer.path.parent / "secrets"
    secrets.mkdir(parents=True)
    left = [writer.path.parent / f".config.toml.{'0' * 12}", secrets / f".profile+prod.{'a' * 12}"]
    kept = [writer.path.parent / f".mine.{'0' * 12}", secrets / "profile+prod"]
    for path in (*left, *kept):
        path.write_text("x")
    writer.put(PAIR)
    assert [path.exists() for path in (*left, *kept)] == [False, False, True, True]
