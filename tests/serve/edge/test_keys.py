"""Keys in their file, and as a running service knows them."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from penchant.core import UsageError
from penchant.serve.edge import ANYBODY, AuditTrail, KeyFile, Keyring, check_exposure


class Clock:
    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path, clock: Clock) -> KeyFile:
    return KeyFile(tmp_path, clock)


def ring(file: KeyFile, clock: Clock, every: float = 1.0) -> Keyring:
    return Keyring(file, every=every, clock=clock)


def test_a_key_opens_and_says_who_holds_it(file: KeyFile, clock: Clock):
    key, token = file.add("shop", ["read", "ingest"], tenant="north", rate=5.0)
    caller = ring(file, clock).caller(token)
    assert caller is not None
    assert (caller.key_id, caller.name, caller.tenant, caller.rate) == (
        key.id,
        "shop",
        "north",
        5.0,
    )
    assert caller.may("read")
    assert caller.may("ingest")
    assert not caller.may("admin")


def test_admin_may_do_everything(file: KeyFile, clock: Clock):
    _, token = file.add("boss", ["admin"])
    caller = ring(file, clock).caller(token)
    assert caller is not None
    assert all(caller.may(scope) for scope in ("read", "ingest", "admin"))


def test_the_file_does_not_hold_the_key(file: KeyFile):
    tokens = [file.add("a", ["read"])[1] for _ in range(20)]
    kept = file.path.read_text()
    for token in tokens:
        secret = token.partition("_")[2].partition("_")[2]
        assert secret not in kept
        assert len(secret) == 43
    assert len(set(tokens)) == 20
    if os.name == "posix":
        assert file.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t[:-1],
        lambda t: t + "A",
        lambda t: t.upper(),
        lambda t: t[:4] + "0" * 12 + t[16:],
        lambda t: "",
        lambda t: "pck_",
        lambda t: t.replace("_", "-"),
        lambda t: t + "\n",
        lambda t: " " + t,
    ],
    ids=range(9),
)
def test_almost_the_key_opens_nothing(file: KeyFile, clock: Clock, change):
    _, token = file.add("a", ["admin"])
    assert ring(file, clock).caller(change(token)) is None


def test_a_key_expires(file: KeyFile, clock: Clock):
    _, token = file.add("a", ["read"], lasts=60)
    known = ring(file, clock)
    clock.now += 59.9
    assert known.caller(token)
    clock.now += 0.1
    assert known.caller(token) is None
    assert known.active() == []
    assert known.needed, "an expired key does not open the service to everybody"


def test_a_revoked_key_is_refused_within_a_second(file: KeyFile, clock: Clock):
    key, token = file.add("a", ["read"])
    known = ring(file, clock)
    assert known.caller(token)
    file.revoke(key.id)
    clock.now += 1.0
    assert known.caller(token) is None


def test_rotation_overlaps(file: KeyFile, clock: Clock):
    old, old_token = file.add("shop", ["ingest"], tenant="north", rate=7.0)
    new, new_token = file.rotate(old.id, overlap=3600)
    assert (new.name, new.scopes, new.tenant, new.rate) == ("shop", old.scopes, "north", 7.0)
    known = ring(file, clock)
    assert known.caller(old_token)
    assert known.caller(new_token)
    clock.now += 3600
    assert known.caller(old_token) is None
    assert known.caller(new_token)


def test_revoking_never_makes_a_key_last_longer(file: KeyFile, clock: Clock):
    key, _ = file.add("a", ["read"], lasts=60)
    assert file.revoke(key.id, after=3600).expires_at == clock.now + 60


def test_an_expired_key_cannot_be_rotated(file: KeyFile, clock: Clock):
    key, _ = file.add("a", ["read"])
    file.revoke(key.id)
    with pytest.raises(UsageError, match="has expired"):
        file.rotate(key.id, overlap=60)


def test_keys_that_appear_are_asked_for(file: KeyFile, clock: Clock):
    known = ring(file, clock)
    assert not known.needed
    _, token = file.add("a", ["read"])
    clock.now += 1.0
    assert known.needed
    assert known.caller(token)


@pytest.mark.parametrize(
    "harm",
    [
        lambda p: p.unlink(),
        lambda p: p.write_text("{"),
        lambda p: p.write_text('{"format": 1, "keys": []}'),
    ],
    ids=["gone", "damaged", "emptied"],
)
def test_a_file_that_goes_lets_nobody_in(file: KeyFile, clock: Clock, harm):
    file.add("a", ["read"])
    known = ring(file, clock)
    harm(file.path)
    clock.now += 1.0
    assert known.needed
    assert known.caller("pck_000000000000_" + "A" * 43) is None


def test_a_damaged_file_keeps_the_known_keys_until_it_is_mended(
    file: KeyFile, clock: Clock, caplog
):
    first, token = file.add("a", ["read"])
    known = ring(file, clock)
    good = file.path.read_text()
    file.path.write_text(good[:50])
    clock.now += 1.0
    assert known.caller(token)
    assert "keys-unreadable" in caplog.text
    file.path.write_text(good)
    file.revoke(first.id)
    clock.now += 1.0
    assert known.caller(token) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"format": 1}',
        '{"format": 1, "keys": [{"id": "x"}]}',
        '{"format": 1, "keys": 3}',
        "\0\0",
    ],
)
def test_a_service_does_not_start_on_a_damaged_file(file: KeyFile, clock: Clock, content: str):
    file.path.write_text(content)
    with pytest.raises(UsageError, match="no file of keys"):
        ring(file, clock)


def test_scopes_that_nobody_knows_are_damage(file: KeyFile, clock: Clock):
    file.add("a", ["read"])
    document = json.loads(file.path.read_text())
    document["keys"][0]["scopes"] = ["everything"]
    file.path.write_text(json.dumps(document))
    with pytest.raises(UsageError, match="no file of keys"):
        file.read()


def test_a_newer_file_is_not_guessed_at(file: KeyFile):
    file.path.write_text('{"format": 2, "keys": []}')
    with pytest.raises(UsageError, match="newer"):
        file.read()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"name": "a", "scopes": []}, "no scope"),
        ({"name": "a", "scopes": ["write"]}, "unknown scope 'write'"),
        ({"name": " ", "scopes": ["read"]}, "needs a name"),
        ({"name": "a\nb", "scopes": ["read"]}, "needs a name"),
        ({"name": "a", "scopes": ["read"], "lasts": 0}, "longer than 0"),
        ({"name": "a", "scopes": ["read"], "rate": 0.0}, "above 0"),
        ({"name": "a", "scopes": ["read"], "rate": float("nan")}, "above 0"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(file: KeyFile, arguments, says: str):
    with pytest.raises(UsageError, match=says):
        file.add(**arguments)
    assert not file.path.exists()


def test_keys_added_at_once_are_all_kept(file: KeyFile):
    def add() -> None:
        KeyFile(file.path.parent).add("a", ["read"])

    threads = [threading.Thread(target=add) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(file.read()) == 12


def test_others_can_reach_a_service_only_with_a_key(file: KeyFile, clock: Clock):
    assert check_exposure("127.0.0.1", ring(file, clock)) is ANYBODY
    with pytest.raises(UsageError, match="penchant keys add"):
        check_exposure("0.0.0.0", ring(file, clock))  # noqa: S104
    key, _ = file.add("a", ["read"])
    assert check_exposure("0.0.0.0", ring(file, clock)) is None  # noqa: S104
    file.revoke(key.id)
    with pytest.raises(UsageError, match="penchant keys add"):
        check_exposure("0.0.0.0", ring(file, clock))  # noqa: S104


def test_a_key_that_follows_another_lasts_as_long(file: KeyFile, clock: Clock):
    """Rotation is no way to turn 90 days into for ever."""
    first, _ = file.add("a", ["read"], lasts=90.0)
    clock.now += 80
    second, _ = file.rotate(first.id, overlap=5)
    assert second.expires_at == clock.now + 90
    clock.now += 10
    third, _ = file.rotate(second.id, overlap=5)
    assert third.expires_at == clock.now + 90


@pytest.mark.parametrize("wrong", [{"rate": float("inf")}, {"lasts": float("inf")}])
def test_a_key_without_end_or_bound_is_said_by_none(file: KeyFile, wrong: dict):
    with pytest.raises(UsageError, match="inf"):
        file.add("a", ["read"], **wrong)


@pytest.mark.parametrize("tenant", ["", "..", "a/b", "North", "x" * 65, "a b"])
def test_a_tenant_that_no_service_could_open_gets_no_key(file: KeyFile, tenant: str):
    with pytest.raises(UsageError, match="name of a tenant"):
        file.add("a", ["read"], tenant=tenant)
    assert file.read() == []


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_what_belongs_to_the_service_is_for_its_owner_alone(tmp_path: Path):
    """`penchant keys add` often makes the folder, before the service does."""
    folder = tmp_path / "service"
    KeyFile(folder).add("a", ["read"])
    AuditTrail(folder).record("keys add")
    other = tmp_path / "other"
    AuditTrail(other).record("keys add")
    modes = {str(p.relative_to(tmp_path)): p.stat().st_mode & 0o077 for p in tmp_path.rglob("*")}
    modes.pop("service/keys.lock")  # empty
    assert len(modes) == 5
    assert set(modes.values()) == {0}
