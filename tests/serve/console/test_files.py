"""What the page is made of: no build step, nothing from elsewhere, the same words in each language."""

import json
import re
from importlib import resources

import pytest

from penchant.serve.console.pages import pages

PAGE = resources.files("penchant.serve.console") / "page"
SCRIPTS = {
    file.name: file.read_text("utf-8") for file in PAGE.iterdir() if file.name.endswith(".js")
}
HTML = (PAGE / "index.html").read_text("utf-8")


def words() -> dict[str, dict[str, str]]:
    """The words of words.js by language; keys are identifiers or in quotes."""
    found = {}
    for language in ("en", "zh"):
        block = re.search(rf"^  {language}: {{\n(.*?)^  }},", SCRIPTS["words.js"], re.S | re.M)
        assert block is not None
        pairs = re.findall(r'(?:"([\w.]+)"|\b(\w+)): ("(?:[^"\\]|\\.)*")', block[1])
        found[language] = {quoted or bare: json.loads(text) for quoted, bare, text in pairs}
    return found


def asked_for() -> set[str]:
    """The keys that the page asks for by name."""
    everything = HTML + "".join(SCRIPTS.values())
    return set(re.findall(r'data-(?:t|hint|label|tip)="([\w.]+)"', HTML)) | set(
        re.findall(r'\bt\("([\w.]+)"', everything)
    )


def test_both_languages_have_the_same_words_with_the_same_places():
    english, chinese = words()["en"], words()["zh"]
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", chinese[key])), key


def test_every_word_that_is_asked_for_is_there():
    assert asked_for() - words()["en"].keys() == set()


def test_every_word_is_used():
    everything = HTML + "".join(SCRIPTS.values())
    made = ("view.", "help.", "live.", "theme.", "did.", "models.")  # their keys are put together
    unused = {
        key
        for key in words()["en"]
        if key not in asked_for() and f'"{key}"' not in everything.replace(f'"{key}":', "")
    }
    assert {key for key in unused if not key.startswith(made)} - {
        "up",
        "down",
        "yes",
        "no",
    } == set()


def test_nothing_is_inline_or_from_elsewhere():
    assert not re.search(r"<script(?![^>]*\bsrc=)", HTML)
    assert not re.search(r"\son\w+=|style=", HTML)
    for text in (HTML, *SCRIPTS.values()):
        assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|eval\(", text)
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)


def test_every_file_that_is_named_is_there():
    named = set(re.findall(r'/console/([\w.]+)"', HTML))
    for text in SCRIPTS.values():
        named |= set(re.findall(r'from "\./([\w.]+)"', text))
    assert named <= pages().keys()


def test_files_are_sent_with_their_kind_and_not_again_while_they_stay_the_same(http):
    first = http.get("/console/main.js")
    assert first.headers["content-type"].startswith("text/javascript")
    again = http.get("/console/main.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert http.get("/console").text == HTML


@pytest.mark.parametrize("name", ["pages.py", "..%2Fpages.py", "nothing.js", "index.html.bak"])
def test_nothing_else_is_sent(http, name):
    assert http.get(f"/console/{name}").status_code == 404
