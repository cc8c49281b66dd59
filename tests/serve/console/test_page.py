"""What somebody sees and does in the console, in a real browser."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def listed(page) -> list[str]:
    page.wait_for_selector("#list li")
    return [row.get_attribute("data-item") for row in page.query_selector_all("#list > li")]


def ask(page, user: str) -> list[str]:
    page.fill("#ask-user", user)
    with page.expect_response("**/v1/impressions"):
        page.press("#ask-user", "Enter")
    return listed(page)


def test_a_choice_changes_the_list_and_says_what_moved(open_page):
    page = open_page()
    before = ask(page, "somebody new")
    chosen = before[2]
    with page.expect_response("**/v1/impressions"):
        page.click(f'#list > li[data-item="{chosen}"] .choose')
    page.wait_for_selector("#past li .kind")
    after = listed(page)
    assert chosen not in after
    assert after != before
    assert "after" in page.inner_text("#list-about")
    assert "click" in page.inner_text("#past")


def test_an_item_found_by_its_title_is_a_history(open_page):
    page = open_page()
    page.fill("#ask-add", page.evaluate(
        "async () => (await (await fetch('/v1/items?limit=1')).json()).items[0].title"
    ))  # fmt: skip
    page.wait_for_selector("#ask-found li")
    page.press("#ask-add", "Enter")
    assert page.locator("#ask-history li").count() == 1
    page.click("#ask button[type=submit]")
    assert listed(page)
    assert page.locator("#list .choose").count() == 0  # nobody whose choice could be recorded
    page.press("#ask-add", "Backspace")
    assert page.locator("#ask-history li").count() == 0


def test_why_tells_and_closes_again(open_page):
    page = open_page()
    ask(page, "u1")
    button = page.locator("#list > li >> nth=0").locator(".explain")
    button.click()
    page.wait_for_selector("#list .effects div")
    assert button.get_attribute("aria-expanded") == "true"
    button.click()
    assert page.locator("#list .effects >> nth=0").is_hidden()


def test_everything_is_reached_by_keys(open_page):
    page = open_page()
    page.wait_for_selector("#ask")
    page.press("body", "/")
    assert page.evaluate("document.activeElement.id") == "ask-user"
    ask(page, "u1")
    page.evaluate("document.activeElement.blur()")
    page.press("body", "j")
    page.press(":focus", "j")
    second = page.evaluate("document.activeElement.dataset.item")
    assert second == listed(page)[1]
    page.press(":focus", "c")
    page.wait_for_selector("#list .moved, #past .kind")
    for key, view in (("2", "catalogue"), ("3", "models"), ("4", "live"), ("1", "try")):
        page.evaluate("document.activeElement.blur()")
        page.press("body", key)
        page.wait_for_selector(f"#{view}:not([hidden])")
    page.press("body", "?")
    assert page.locator("#help-box").is_visible()


def test_what_is_typed_is_text_and_never_runs(open_page):
    page = open_page()
    name = "<img src=x onerror=alert(1)>"
    ask(page, name)
    page.click("#list > li >> nth=0 >> .choose")
    page.wait_for_selector("#past li .kind")
    page.goto(page.url.replace("#try", "#live"))
    page.wait_for_selector("#stream li")
    assert name in page.inner_text("#stream")
    assert page.locator("#stream img").count() == 0


def test_the_catalogue_turns_its_pages_and_shows_an_item(open_page):
    page = open_page("catalogue")
    page.wait_for_selector("#found li")
    title = page.locator("#found button >> nth=0").evaluate("one => one.firstChild.textContent")
    with page.expect_response("**/v1/items?**"):
        page.fill("#find", title)
    page.click("#found button >> nth=0")
    page.wait_for_selector("#item dl")
    assert title in page.inner_text("#item")
    page.fill("#find", "no such letters anywhere")
    page.wait_for_selector("#found-about:has-text('Nothing')")
    assert page.locator("#found li").count() == 0


def test_models_and_live_show_what_is_there(open_page):
    page = open_page("models")
    page.wait_for_selector("#model-rows .badge")
    assert page.locator("#rollback").is_disabled()
    page.goto(page.url.replace("#models", "#live"))
    page.wait_for_selector("#numbers dd")
    page.wait_for_selector("#charts path[d]", state="attached")


def test_it_speaks_chinese_and_remembers_it(open_page):
    page = open_page()
    page.click("#language")
    assert page.inner_text("#try-title").startswith("他们会喜欢什么")
    page.reload()
    assert page.inner_text("#try-title").startswith("他们会喜欢什么")
    assert page.get_attribute("html", "lang") == "zh-CN"
    assert open_page(locale="zh-CN").inner_text("#try-title").startswith("他们会喜欢什么")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_what_is_behind_them(open_page, scheme):
    page = open_page(color_scheme=scheme)
    ask(page, "u1")
    assert (
        page.evaluate(CONTRASTS, ["h1", ".faint", ".why", ".name", "button.strong", "nav a"]) >= 4.5
    )


CONTRASTS = """chosen => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = one => {
    for (; one; one = one.parentElement) {
      const colour = numbers(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  return Math.min(...chosen.map(name => {
    const one = document.querySelector(name);
    const [a, b] = [light(numbers(getComputedStyle(one).color)), light(behind(one))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }));
}"""
"""The smallest contrast of some elements, as WCAG 2.2 reckons it; 4.5 is level AA."""


def test_on_a_narrow_screen_nothing_is_wider_than_it(open_page):
    page = open_page(viewport={"width": 375, "height": 740})
    ask(page, "u1")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
