"""Tenants do not see each other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from penchant.core import ServiceError, UsageError
from penchant.serve import Client
from penchant.serve.config import ServeConfig
from penchant.serve.edge import KeyFile, Metrics
from penchant.serve.figures import Figures
from penchant.serve.place import Place
from penchant.serve.tenants import open_tenants


@pytest.mark.slow
def test_what_one_tenant_tells_no_other_hears(run: Path, tmp_path: Path, serving: Callable):
    folder = tmp_path / "service"
    file = KeyFile(folder)
    keys = {name: file.add(name, ["admin"], tenant=name)[1] for name in ("left", "right")}
    keys["own"] = file.add("own", ["admin"])[1]
    service = serving("--run", run, "--data", folder)
    clients = {name: Client(service.url, key=key) for name, key in keys.items()}
    left = clients.pop("left")
    left.record("canary-user", "i7", event_id="canary-event", session="canary-session")
    left.put_user("canary-user", country="canary-country")
    left.put_item("canary-item", title="Canary Title")
    left.shown(left.recommend(user="canary-user"), user="canary-user")
    assert len(left.events("canary-user")) == 1
    nothing_done = left.recommend(user="canary-user", k=5).ids
    for client in clients.values():
        assert client.events("canary-user") == []
        assert client.recommend(user="canary-user", k=5).ids != nothing_done
        assert client.status()["last_seq"] == 0
        for path in ("/v1/items/canary-item", "/v1/users/canary-user"):
            with pytest.raises(ServiceError, match="404"):
                client._at.send("GET", path)
        told = str([client._at.send("GET", path) for path in ("/v1/admin/changes", "/v1/items")])
        assert "canary" not in told.lower()
        # the same event id is another event elsewhere
        assert client.record("somebody", "i1", event_id="canary-event").status == "stored"
        assert client.erase("canary-user")["events"] == 0
    assert len(left.events("canary-user")) == 1
    for client in (left, *clients.values()):
        client.close()
    elsewhere = [p for p in folder.rglob("*") if p.is_file() and "tenants/left" not in str(p)]
    assert [str(p) for p in elsewhere if b"canary-user" in p.read_bytes()] == []


@pytest.mark.slow
def test_the_figures_of_all_are_for_nobody_s_tenant(run: Path, tmp_path: Path, serving: Callable):
    folder = tmp_path / "service"
    file = KeyFile(folder)
    keys = [file.add("own", ["admin"])[1], file.add("left", ["admin"], tenant="left")[1]]
    url = serving("--run", run, "--data", folder).url
    status = [
        httpx.get(f"{url}/metrics", headers={"authorization": f"Bearer {key}"}).status_code
        for key in keys
    ]
    assert status == [200, 403]


@pytest.mark.parametrize("name", ["..", "../left", "a/b", ".hidden", "x" * 65, "é"])
def test_a_tenant_s_name_is_no_path(run: Path, tmp_path: Path, name: str):
    place = Place(tmp_path / "d", run, "127.0.0.1", 0, ServeConfig())
    with pytest.raises(UsageError, match="a tenant's name is"):
        open_tenants(place, [name], Figures(Metrics()))
    assert not (tmp_path / "d" / "tenants").exists()
