"""URLs that can be read in two ways, and hosts and pages that are not ours."""

from __future__ import annotations

import pytest

from penchant.core import UsageError
from penchant.serve.edge import EdgeConfig, HostCheck, UrlCheck, is_loopback
from penchant.testing.asgi_client import ask


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/v1/users/u1/events?limit=3",
        "/v1/items/%E7%94%A8",
        "/v1/items/a%2Fb",
        "/a+b?q=a+b%20c",
        "/%25",
    ],
)
def test_an_ordinary_url_passes(tells, target: str):
    assert ask(UrlCheck(tells), "GET", target).status == 200


@pytest.mark.parametrize(
    "target",
    [
        "/v1/users/%00",
        "/v1/users/u%0d%0aSet-Cookie:x",
        "/v1/users/%7f",
        "/v1/users/%ff",
        "/v1/users/%c0%af",
        "/v1/users/%ed%a0%80",
        "/v1/users/%",
        "/v1/users/%zz",
        "/v1/users/%u0041",
        "/?q=%00",
        "/?q=%fe",
        "/?%",
    ],
)
def test_one_that_can_be_read_in_two_ways_is_refused(tells, target: str):
    answer = ask(UrlCheck(tells), "GET", target)
    assert (answer.status, answer.code) == (400, "bad-url")
    assert tells.asked == 0
    assert ask(UrlCheck(tells, on=False), "GET", target).status == 200


def test_a_long_url_is_refused(tells):
    assert ask(UrlCheck(tells, longest=20), "GET", "/" + "a" * 19).status == 200
    answer = ask(UrlCheck(tells, longest=20), "GET", "/a?" + "b" * 19)
    assert (answer.status, answer.code) == (414, "url-too-long")
    assert ask(UrlCheck(tells, longest=20, on=False), "GET", "/" + "a" * 100).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8080",
        "LOCALHOST",
        "127.0.0.1:8080",
        "[::1]:8080",
        "10.0.0.7",
        "shop.example",
        "shop.example.:80",
    ],
)
def test_our_names_and_all_addresses_are_answered(tells, host: str):
    assert ask(HostCheck(tells, ["shop.example"]), "GET", "/", headers={"host": host}).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil.example:8080",
        "127.0.0.1.nip.io",
        "shop.example.evil",
        "0x7f000001",
        "2130706433",
        "xn--localhost-abc",
    ],
)
def test_another_name_is_refused(tells, host: str):
    """DNS rebinding: a page of evil.example whose name now leads here."""
    answer = ask(HostCheck(tells, ["shop.example"]), "GET", "/", headers={"host": host})
    assert (answer.status, answer.code) == (421, "wrong-host")
    assert "evil" not in answer.body.decode()
    assert tells.asked == 0
    for guard in (HostCheck(tells, on=False), HostCheck(tells, ["*"])):
        assert ask(guard, "GET", "/", headers={"host": host}).status == 200


@pytest.mark.parametrize(
    "hosts",
    [
        [("host", "")],
        [("host", "localhost"), ("host", "evil.example")],
        [("host", "localhost@evil.example")],
        [("host", "localhost/evil")],
        [("host", "local host")],
        [("host", "localhost:port")],
        [("host", "[::1")],
        [("host", "l\xf6calhost")],
    ],
    ids=str,
)
def test_a_host_that_cannot_be_read_is_refused(tells, hosts):
    answer = ask(HostCheck(tells), "GET", "/", headers=hosts)
    assert (answer.status, answer.code) == (400, "bad-host")


def origin(app, value: str, host: str = "localhost:8080") -> int:
    return ask(app, "POST", "/", headers={"host": host, "origin": value}).status


def test_pages_of_the_service_may_call_it(tells):
    guard = HostCheck(tells, ["shop.example"])
    assert origin(guard, "http://localhost:8080") == 200
    assert origin(guard, "http://[::1]:8080", "[::1]:8080") == 200
    assert origin(guard, "https://shop.example", "10.0.0.7:8080") == 200


@pytest.mark.parametrize(
    "value",
    [
        "https://evil.example",
        "null",
        "http://localhost:3000",
        "http://localhost:8080.evil.example",
        "file://",
        "",
        "chrome-extension://abc",
    ],
)
def test_pages_of_other_sites_may_not(tells, value: str):
    answer = ask(HostCheck(tells), "POST", "/", headers={"host": "localhost:8080", "origin": value})
    assert (answer.status, answer.code) == (403, "cross-origin")
    assert tells.asked == 0
    assert origin(HostCheck(tells, on=False), value) == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"])
def test_loopback(host: str):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "10.0.0.1", "example.org", "", "127.0.0.1.nip.io"],  # noqa: S104
)
def test_not_loopback(host: str):
    assert not is_loopback(host)


@pytest.mark.parametrize("names", [[], ["*"]])
def test_a_browser_s_own_word_about_a_foreign_page_is_believed(tells, names: list[str]):
    """An image on a foreign page asks without an Origin, and any name lets any Origin in."""
    guard = HostCheck(tells, names)
    foreign = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    own = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
    assert ask(guard, "GET", "/v1/items", headers=foreign).code == "cross-origin"
    assert ask(guard, "POST", "/v1/admin/rollback", headers=link).code == "cross-origin"
    assert ask(guard, "GET", "/console", headers=link).status == 200
    assert ask(guard, "GET", "/v1/items", headers=own).status == 200
    assert ask(HostCheck(tells, names, on=False), "GET", "/", headers=foreign).status == 200


@pytest.mark.parametrize(
    "name", ["https://shop.example", "shop.example:443", "shop.example/", "", "*.shop.example"]
)
def test_a_name_that_no_request_could_have_is_an_error(name: str):
    with pytest.raises(UsageError, match="allow_hosts"):
        EdgeConfig(allow_hosts=(name,))
    assert EdgeConfig(allow_hosts=("Shop.example.", "*"))
