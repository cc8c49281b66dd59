"""``penchant keys``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from penchant.cli.app import told
from penchant.cli.keys import keys_app
from penchant.core import PenchantError, UsageError
from penchant.serve.edge import AuditTrail, KeyFile, Keyring


@pytest.fixture
def keys(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """``keys("add", ...)``: run a command on the folder of the test; gives its standard output."""
    app = keys_app(told)

    def run(*argv: str) -> str:
        capfd.readouterr()
        app(args=[*argv, "--data", str(tmp_path)], standalone_mode=False)
        return capfd.readouterr().out

    return run


def test_a_key_is_the_only_thing_on_standard_output(keys, tmp_path: Path):
    token = keys("add", "shop", "--scope", "read", "--scope", "ingest").strip()
    caller = Keyring(KeyFile(tmp_path)).caller(token)
    assert caller is not None
    assert (caller.name, caller.scopes) == ("shop", {"read", "ingest"})


def test_a_key_is_shown_once(keys, tmp_path: Path):
    token = keys("add", "shop", "--scope", "read").strip()
    secret = token.rpartition("_")[2]
    assert secret not in keys("list")
    assert secret not in keys("list", "--json")
    assert all(secret not in path.read_text() for path in tmp_path.iterdir())


def test_everything_about_a_key_can_be_said(keys):
    argv = ["--tenant", "north", "--expires", "90d", "--rate", "50", "--json"]
    told = json.loads(keys("add", "shop", "--scope", "admin", *argv))
    assert told["key"].startswith(f"pck_{told['id']}_")
    (listed,) = json.loads(keys("list", "--json"))["keys"]
    assert (listed["tenant"], listed["rate"], listed["state"]) == ("north", 50.0, "active")
    assert listed["expires_at"] > listed["created_at"]
    assert "north" in keys("list")


def test_rotation_keeps_both_for_a_while(keys, tmp_path: Path):
    old = keys("add", "shop", "--scope", "read").strip()
    key_id = old.split("_")[1]
    new = keys("rotate", key_id, "--overlap", "1h").strip()
    ring = Keyring(KeyFile(tmp_path))
    assert ring.caller(old)
    assert ring.caller(new)
    assert [key["expires_at"] is None for key in json.loads(keys("list", "--json"))["keys"]] == [
        False,
        True,
    ]


def test_a_revoked_key_is_expired(keys, tmp_path: Path):
    token = keys("add", "shop", "--scope", "read").strip()
    keys("revoke", token.split("_")[1], "--force")
    assert Keyring(KeyFile(tmp_path)).caller(token) is None
    assert "expired" in keys("list")


def test_the_last_key_is_revoked_by_force_only(keys, tmp_path: Path):
    token = keys("add", "shop", "--scope", "read").strip()
    key_id = token.split("_")[1]
    with pytest.raises(UsageError, match=r"nobody comes in.*keys rotate.*--force"):
        keys("revoke", key_id)
    with pytest.raises(UsageError, match="nobody comes in"):
        keys("revoke", key_id, "--after", "1h")
    assert Keyring(KeyFile(tmp_path)).caller(token)
    keys("rotate", key_id, "--overlap", "0s")
    assert Keyring(KeyFile(tmp_path)).caller(token) is None


def test_the_last_key_for_admin_is_revoked_by_force_only(keys):
    boss = keys("add", "boss", "--scope", "admin").split("_")[1]
    keys("add", "shop", "--scope", "read")
    keys("add", "far", "--scope", "admin", "--tenant", "north")
    with pytest.raises(UsageError, match="last key for admin"):
        keys("revoke", boss)
    keys("add", "second", "--scope", "admin")
    keys("revoke", boss)


def test_who_revoked_the_last_key_comes_in_by_another(keys, tmp_path: Path):
    key_id = keys("add", "shop", "--scope", "read").split("_")[1]
    ring = Keyring(KeyFile(tmp_path), every=0.0)
    keys("revoke", key_id, "--force")
    assert ring.needed
    assert Keyring(KeyFile(tmp_path)).needed, "after a restart too"
    assert ring.caller(keys("add", "again", "--scope", "admin").strip())


def test_what_was_done_with_keys_is_in_the_trail(keys, tmp_path: Path):
    key_id = keys("add", "shop", "--scope", "read").split("_")[1]
    keys("rotate", key_id)
    keys("revoke", key_id)  # the one that took its place is left
    actions = [(line["action"], line["key"]) for line in AuditTrail(tmp_path).read()]
    assert actions == [("keys add", key_id), ("keys rotate", key_id), ("keys revoke", key_id)]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["add", "shop", "--scope", "write"], "unknown scope 'write'"),
        (["add", "", "--scope", "read"], "needs a name"),
        (["add", "shop", "--scope", "read", "--expires", "tomorrow"], "is no time"),
        (["add", "shop", "--scope", "read", "--expires", "0d"], "longer than 0"),
        (["revoke", "7c6f3a52b1d0"], "no key 7c6f3a52b1d0"),
        (["rotate", "7c6f3a52b1d0"], "no key 7c6f3a52b1d0"),
    ],
    ids=range(6),
)
def test_what_makes_no_sense_is_said(keys, argv: list[str], says: str):
    with pytest.raises(UsageError, match=says):
        keys(*argv)


def test_a_folder_that_is_a_file_is_said(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PenchantError, match="no folder"):
        keys_app(told)(args=["list", "--data", str(tmp_path / "file")])


def test_the_first_key_says_that_everybody_needs_one_now(call, tmp_path: Path):
    assert "from now on" in call("keys", "add", "a", "--scope", "read", "--data", tmp_path).err
    assert "from now on" not in call("keys", "add", "b", "--scope", "read", "--data", tmp_path).err


def test_tools_for_an_address_that_is_none_are_refused(call):
    said = call("mcp", "--url", "127.0.0.1:8080")
    assert said.status == 2
    assert "begin with http://" in said.err
