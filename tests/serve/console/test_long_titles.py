"""Titles of shops are long, and some have no place to break."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG = "Donaudampfschifffahrtsgesellschaftskapitaen" * 6


def rename(page, *items: str) -> None:
    """Give items of the service a title that a shop might."""
    for item in items:
        address = page.url.partition("/console")[0]
        assert page.request.put(f"{address}/v1/items/{item}", data={"title": LONG}).ok


def heights(page, chosen: str) -> float:
    """The most lines of the elements chosen."""
    return page.locator(chosen).evaluate_all(
        "all => Math.max(...all.map(one => one.clientHeight / parseFloat(getComputedStyle(one).lineHeight)))"
    )


@pytest.mark.parametrize("width", [375, 1280])
def test_a_long_title_takes_three_lines_and_is_whole_where_the_item_is(open_page, width: int):
    page = open_page("catalogue", viewport={"width": width, "height": 740})
    rename(page, "i1", "i2")
    page.fill("#find", "Donaudampf")
    page.wait_for_selector("#found .long")
    assert heights(page, "#found .long") <= 3.1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.click("#found button >> nth=0")
    page.wait_for_selector("#item dl")
    assert LONG in page.inner_text("#item")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [375, 1280])
def test_every_view_is_as_wide_as_the_screen(open_page, width: int):
    page = open_page(viewport={"width": width, "height": 740})
    rename(page, *(f"i{n}" for n in range(1, 30)))
    page.fill("#ask-add", "Donaudampf")
    page.wait_for_selector("#ask-found li")
    assert heights(page, "#ask-found .long") <= 2.1
    page.press("#ask-add", "Enter")
    page.click("#ask button[type=submit]")
    page.wait_for_selector("#list .long")
    assert heights(page, "#list .name .long") <= 3.1
    page.click("#list .explain >> nth=0")
    page.wait_for_selector("#list .effects div")
    for view in ("try", "catalogue", "models", "live"):
        page.goto(f"{page.url.partition('#')[0]}#{view}")
        page.wait_for_selector(f"#{view}:not([hidden])")
        page.wait_for_timeout(200)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
