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


def test_on_a_narrow_screen_a_title_keeps_its_lines_short_of_a_column_of_letters(open_page):
    page = open_page(viewport={"width": 375, "height": 740})
    ask(page, "u1")
    names = page.locator("#list .name").evaluate_all("all => all.map(one => one.offsetWidth)")
    columns = page.locator("#list > li > div:first-of-type").evaluate_all(
        "all => all.map(one => one.clientWidth)"
    )
    assert min(columns) > 200
    assert max(names) <= 375
    top = page.locator("#list-card").evaluate("one => one.getBoundingClientRect().top")
    assert top < 740  # the list is in sight, not below the form


def test_a_choice_made_by_keys_leaves_the_keyboard_where_it_was(open_page):
    page = open_page()
    ask(page, "u1")
    page.locator("#list > li >> nth=2").locator(".choose").focus()
    with page.expect_response("**/v1/impressions"):
        page.keyboard.press("Enter")
    page.wait_for_function("document.getElementById('list-about').textContent.includes('after')")
    where = "[...document.querySelectorAll('#list > li')].findIndex(li => li.contains(document.activeElement))"
    assert page.evaluate(where) == 2
    assert page.evaluate("document.activeElement.className") == "choose"


def test_an_answer_that_comes_too_late_is_not_shown(open_page):
    page = open_page()
    held = []

    def hold_back_the_first(route) -> None:
        if "slow one" in route.request.post_data:
            held.append(route)  # answered below, after the second
        else:
            route.continue_()

    page.route("**/v1/recommend", hold_back_the_first)
    page.fill("#ask-user", "slow one")
    page.press("#ask-user", "Enter")
    shown = ask(page, "u1")
    with page.expect_response("**/v1/recommend"):
        held[0].continue_()
    page.wait_for_timeout(100)
    assert listed(page) == shown


def test_why_of_items_like_one_speaks_of_that_one(open_page):
    page = open_page()
    ask(page, "u1")
    title = page.locator("#list .name >> nth=0").evaluate("one => one.firstChild.textContent")

    def as_a_model_with_vectors(route) -> None:
        asked = route.request.post_data_json
        route.continue_(post_data={"history": [asked["similar_to"]], "k": asked["k"]})

    page.route("**/v1/recommend", as_a_model_with_vectors)
    page.locator("#list .similar >> nth=0").click()
    page.wait_for_selector(f"#list-about:has-text({title!r})")
    page.locator("#list .explain >> nth=0").click()
    page.wait_for_selector("#list .effects div")
    assert title in page.inner_text("#list .effects >> nth=0")
    assert page.locator("#trouble").is_hidden()


def test_what_a_model_cannot_do_is_said_in_words_of_the_page(open_page):
    page = open_page()
    page.fill("#ask-query", "something slow")  # item-kNN does not read
    page.press("#ask-query", "Enter")
    page.wait_for_selector("#trouble:has-text('cannot do this')")


def test_examples_show_what_it_does_to_somebody_who_knows_no_id(open_page):
    page = open_page()
    page.click("#example-new")
    assert listed(page)
    assert page.input_value("#ask-user").startswith("guest-")
    page = open_page()
    page.click("#example-history")
    assert listed(page)
    assert 1 <= page.locator("#ask-history li").count() <= 2


def test_an_error_is_said_where_it_is_seen_and_can_be_closed(open_page):
    page = open_page()
    ask(page, "u1")
    page.route("**/v1/events", lambda route: route.abort())
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.locator("#list .choose >> nth=-1").click()
    page.wait_for_selector("#trouble:not([hidden])")
    box = page.locator("#trouble").bounding_box()
    assert 0 <= box["y"] < page.viewport_size["height"]
    page.click("#trouble-close")
    assert page.locator("#trouble").is_hidden()


def test_live_goes_on_after_the_service_was_away(open_page):
    page = open_page("live")
    page.wait_for_selector("#numbers dd")
    page.route("**/v1/admin/status", lambda route: route.abort())
    page.wait_for_selector("#trouble:not([hidden])")
    page.unroute("**/v1/admin/status")
    page.wait_for_selector("#trouble", state="hidden")


def test_live_names_items_by_their_title(open_page):
    page = open_page()
    ask(page, "u1")
    title = page.locator("#list .name >> nth=0").evaluate("one => one.firstChild.textContent")
    with page.expect_response("**/v1/events"):
        page.locator("#list .choose >> nth=0").click()
    page.reload()  # nothing is remembered
    page.goto(page.url.replace("#try", "#live"))
    page.wait_for_selector(f"#stream li:has-text({title!r})")


def test_letters_alone_do_nothing_where_that_is_wished(open_page):
    page = open_page()
    page.click("#open-help")
    page.uncheck("#keys-on")
    page.keyboard.press("Escape")
    page.press("body", "2")
    assert page.locator("#try").is_visible()
    page.reload()
    page.press("body", "2")
    assert page.locator("#try").is_visible()


def test_an_item_of_the_catalogue_becomes_a_history(open_page):
    page = open_page("catalogue")
    page.click("#found button >> nth=0")
    page.click("#item .across button")
    page.wait_for_selector("#ask-history li")
    assert page.locator("#try").is_visible()


def test_the_edges_of_fields_and_buttons_can_be_seen(open_page):
    for scheme in ("light", "dark"):
        page = open_page(color_scheme=scheme)
        page.wait_for_selector("#ask")
        edges = CONTRASTS.replace("(one).color)", "(one).borderTopColor)").replace(
            "behind(one)", "behind(one.parentElement)"
        )
        assert page.evaluate(edges, ["#ask-user", "#open-key"]) >= 3


def test_everything_has_a_name_for_those_who_do_not_see(open_page):
    page = open_page()
    ask(page, "u1")
    nameless = """() => [...document.querySelectorAll('button, input, a[href], select')].filter(one =>
      one.offsetParent && !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length)
    ).map(one => one.outerHTML)"""
    for view in ("try", "catalogue", "models", "live"):
        page.goto(page.url.partition("#")[0] + f"#{view}")
        page.wait_for_selector(f"#{view}:not([hidden])")
        assert page.evaluate(nameless) == []
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
    assert len(ids) == len(set(ids))
