"""``penchant tune``: search, keep, write settings that ``fit`` takes."""

import json
import tomllib

import pytest


def test_the_best_settings_are_written_and_fit_takes_them(data, call, tmp_path):
    out, picture = tmp_path / "best.toml", tmp_path / "search.svg"
    told = call(
        "tune", *data, "--model", "ease", "--split", "leave-last-out", "--trials", "3",
        "--search", "l2=10.0..1000.0:log", "--out", str(out), "--picture", str(picture),
    )  # fmt: skip
    assert "as given" in told.out
    assert picture.read_bytes().startswith(b"<?xml")
    kept = tomllib.loads(out.read_text())
    assert kept["fit"] == {"model": "ease", "seed": 0, "split": "leave-last-out"}
    assert 10 <= kept["model"]["l2"] <= 1000
    assert call("fit", "--config", out, "--out", tmp_path / "run").status == 0


def test_names_and_settings_that_toml_cannot_write_bare_come_back(tiny, call, tmp_path):
    head, _, rows = (tiny / "events.csv").read_text().partition("\n")
    (tmp_path / "e.csv").write_text(head.replace("item_id", "the item.id") + "\n" + rows)
    out = tmp_path / "best.toml"
    said = call(
        "tune", "--events", tmp_path / "e.csv", "--items", tiny / "items.jsonl",
        "--column", "the item.id=item_id", "--model", "sasrec", "--set", "refit=none",
        "--set", "epochs=1", "--trials", "1", "--out", out,
    )  # fmt: skip
    assert said.status == 0, said.err
    kept = tomllib.loads(out.read_text())
    assert kept["data"]["columns"] == {"the item.id": "item_id"}
    assert kept["model"]["refit"] == "none"
    from penchant.cli.settings import from_file
    from penchant.engine import by_name

    assert by_name("sasrec", **from_file(out)["model_settings"]).config.refit is None
    assert call("fit", "--config", out, "--set", "dim=8", "--out", tmp_path / "run").status == 0


def test_the_seed_of_the_file_cuts_the_split_that_fit_will_cut(data, call, tmp_path):
    config = tmp_path / "penchant.toml"
    config.write_text('[fit]\nmodel = "ease"\nseed = 5\nsplit = "new-users:0.2"\n')
    out = tmp_path / "best.toml"
    args = ("tune", "--config", config, *data, "--trials", "1", "--out", out)
    assert call(*args).status == 0
    assert tomllib.loads(out.read_text())["fit"]["seed"] == 5
    assert call(*args, "--seed", "6").status == 0
    assert tomllib.loads(out.read_text())["fit"]["seed"] == 6


def test_a_second_call_goes_on_with_the_same_file(data, call, tmp_path):
    args = ("tune", *data, "--model", "item-knn", "--storage", str(tmp_path / "s.db"), "--json")
    first = json.loads(call(*args, "--trials", "2").out)
    second = json.loads(call(*args, "--trials", "4").out)
    assert second["trials"][:2] == first["trials"]
    assert len(second["trials"]) == 4
    assert second["score"] == max(trial["score"] for trial in second["trials"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--time", "soon"], "--time soon: write a number and s, m, h or d, such as 30m."),
        (["--time", "0m"], "--time 0m: write a number"),
        (["--search", "l2=9..1"], "--search l2=9..1: write LOW..HIGH with the lower number first"),
        (["--search", "l2=0..1:log"], "a logarithmic range begins above zero"),
        (["--search", "l3=1,2"], "EaseConfig has no setting 'l3' to search. Settings: l2."),
        (["--picture", "a.gif"], "a.gif: the name must end in .png or .svg."),
        (["--metric", "AUC"], "metric='AUC': write one of"),
    ],
)
def test_wrong_calls_are_refused_in_one_line(data, call, given, message):
    found = call("tune", *data, "--model", "ease", "--trials", "1", *given)
    assert found.status == 2
    assert message in found.err
    assert not found.out
