"""``penchant few-shot``."""

from __future__ import annotations

import json

import numpy as np
import pytest


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    for name, rows in (("examples", 40), ("test", 60)):
        lines = []
        for _ in range(rows):
            likes = int(rng.integers(0, 7))
            films = [f"film {n}" for n in rng.choice(50, 7, replace=False)]
            label = int(rng.random() < (likes + 1) / 8)
            lines.append(
                {
                    "liked": films[:likes],
                    "disliked": films[likes:6],
                    "candidate": films[6],
                    "label": label,
                }
            )
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    return tmp_path


@pytest.fixture
def encoder(tmp_path):
    from penchant.testing import write_tiny_model

    return write_tiny_model(tmp_path / "bert", "bert")


def test_the_table_the_test_figure_and_the_answers(call, files, encoder):
    argv = ["few-shot", "--examples", files / "examples.jsonl", "--language", encoder]
    argv += ["--test", files / "test.jsonl", "--out", files / "out.jsonl", "--save", files / "m"]
    said = call(*argv)
    assert said.status == 0, said.err
    assert "cross-validated" in said.out
    assert "share of likes alone: AUC" in said.out
    answers = [json.loads(line) for line in (files / "out.jsonl").read_text().splitlines()]
    assert len(answers) == 60
    assert all(0 < answer["probability"] < 1 for answer in answers)
    assert (files / "m" / "manifest.json").exists()


def test_a_saved_model_answers_as_when_it_was_made(call, files, encoder):
    made, later = files / "made.jsonl", files / "later.jsonl"
    argv = ["few-shot", "--examples", files / "examples.jsonl", "--language", encoder]
    test = ["--test", files / "test.jsonl"]
    first = call(*argv, *test, "--out", made, "--save", files / "m", "--json")
    assert first.status == 0, first.err

    again = call("few-shot", "--model", files / "m", *test, "--out", later, "--json")
    assert again.status == 0, again.err
    assert json.loads(again.out) == json.loads(first.out)
    assert later.read_text() == made.read_text()
    assert "test: AUC" in call("few-shot", "--model", files / "m", *test).out

    (files / "bare.jsonl").write_text('{"liked": ["film 1"], "candidate": "film 2"}\n')
    bare = ["few-shot", "--model", files / "m", "--test", files / "bare.jsonl"]
    said = call(*bare)
    assert (said.status, "name a file for the answers, --out FILE" in said.err) == (2, True)
    assert call(*bare, "--out", later).status == 0
    assert set(json.loads(later.read_text())) == {"candidate", "probability"}


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ([], "--examples: missing. Give labelled examples to learn from, or the --model"),
        (["--model", "m"], "--test: missing"),
        (["--model", "m", "--test", "t", "--examples", "e"], "--examples and --model: give one"),
        (["--model", "m", "--test", "t", "--ways", "frozen"], "--ways goes with --examples"),
        (["--model", "m", "--test", "t", "--draws", 2], "--draws goes with --examples"),
        (["--model", "m", "--test", "t", "--save", "s"], "--save goes with --examples"),
    ],
)
def test_to_learn_and_to_ask_are_two_calls(call, argv, told):
    said = call("few-shot", *argv)
    assert (said.status, told in said.err) == (2, True), said.err


def test_a_saved_recommender_is_no_few_shot_model(call, files, run):
    asked = ["--test", files / "test.jsonl", "--out", files / "out.jsonl"]
    said = call("few-shot", "--model", run, *asked)
    assert (said.status, "few-shot" in said.err) == (1, True), said.err
    assert not (files / "out.jsonl").exists()


def test_draws_are_averaged_in_one_json_document(call, files, encoder):
    argv = ["few-shot", "--examples", files / "examples.jsonl", "--language", encoder, "--json"]
    said = call(*argv, "--test", files / "test.jsonl", "--shots", 16, "--draws", 2)
    assert said.status == 0, said.err
    told = json.loads(said.out)
    figures = [draw["test"]["AUC"]["mean"] for draw in told["draws"]]
    assert told["AUC"]["mean"] == pytest.approx(sum(figures) / 2)
    assert len(told["draws"][0]["test"]["AUC"]["ci95"]) == 2


def test_other_peoples_ratings_are_read(call, files, encoder):
    rng = np.random.default_rng(1)
    rows = ["who,item_id,position,value"]
    for user in range(30):
        rows += [
            f"u{user},f{n},{at},{rng.integers(1, 6)}"
            for at, n in enumerate(rng.choice(50, 14, replace=False))
        ]
    (files / "r.csv").write_text("\n".join(rows))
    (files / "i.csv").write_text("item_id,title\n" + "".join(f"f{n},film {n}\n" for n in range(50)))
    argv = ["few-shot", "--examples", files / "examples.jsonl", "--language", encoder, "--json"]
    other = ["--transfer-events", files / "r.csv", "--transfer-items", files / "i.csv"]
    said = call(*argv, *other, "--column", "who=user_id")
    assert said.status == 0, said.err
    assert set(json.loads(said.out)["cross-validated"]) == {"share", "frozen", "zero-shot"}


def test_draws_without_labels_and_taken_places_are_refused_before_anything_is_learned(
    call, files, encoder
):
    argv = ["few-shot", "--examples", files / "examples.jsonl", "--language", encoder]
    (files / "bare.jsonl").write_text('{"liked": ["film 1"], "candidate": "film 2"}\n')
    said = call(*argv, "--test", files / "bare.jsonl", "--shots", 8, "--draws", 2)
    assert (said.status, "no labels of both kinds" in said.err) == (2, True)
    said = call(*argv, "--save", files)
    assert (said.status, f"--save {files}: that folder holds" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (None, "e.jsonl: this file does not exist"),
        (['{"candidate": "a"}'] * 8, "e.jsonl: 8 of 8 examples have no label"),
        (['{"candidate": "a", "label": 1}'] * 8, "e.jsonl: 8 examples, 8 of them liked"),
    ],
)
def test_unusable_examples_are_refused_before_a_model_is_opened(call, tmp_path, lines, told):
    if lines is not None:
        (tmp_path / "e.jsonl").write_text("\n".join(lines))
    said = call("few-shot", "--examples", tmp_path / "e.jsonl", "--language", "no such model")
    assert (said.status, told in said.err) == (2, True)


def test_a_place_that_lets_nobody_write_is_refused_before_anything_is_read(
    call, tmp_path, monkeypatch
):
    def refused(**_):
        raise FileNotFoundError(2, "No such file or directory")  # as /proc says to root

    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    none = tmp_path / "none.jsonl"
    said = call("few-shot", "--examples", none, "--test", none, "--out", tmp_path / "x.jsonl")
    assert said.status == 2
    assert f"--out {tmp_path / 'x.jsonl'}: nothing can be written in" in said.err


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["--draws", 3], "--draws needs --shots"),
        (["--out", "x"], "nothing to answer"),
        (["--shots", 99], "there are only 40 examples"),
        (["--transfer-events", "x"], "go together"),
        (["--ways", "magic"], "there is no 'magic'"),
    ],
)
def test_wrong_calls_say_what_to_do(call, files, encoder, argv, told):
    said = call("few-shot", "--examples", files / "examples.jsonl", "--language", encoder, *argv)
    assert said.status == 2
    assert told in said.err
