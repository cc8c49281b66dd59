"""What each command does when all is well."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import penchant


def test_version(call):
    assert call("--version").out == f"penchant {penchant.__version__}\n"


def test_no_command_shows_the_help(call):
    said = call()
    assert said.status == 2
    assert "Commands:" in said.out + said.err


def test_fit_says_what_it_learned_from_and_what_to_do_next(call, data, tmp_path: Path):
    said = call("fit", *data, "--model", "popularity", "--out", tmp_path / "run")
    assert said.status == 0
    assert "popularity learned from" in said.out
    assert "penchant recommend --run" in said.err
    assert (tmp_path / "run" / "manifest.json").is_file()


def test_fit_again_replaces_the_run_where_it_is_told_to(call, data, tmp_path: Path):
    def model() -> str:
        return json.loads((tmp_path / "run" / "manifest.json").read_text("utf-8"))["model"]

    out = ["--out", tmp_path / "run"]
    assert call("fit", *data, "--model", "popularity", *out).status == 0
    said = call("fit", *data, "--model", "ease", *out)
    assert said.status == 2
    assert "there is a run already. Name a new folder, or give --replace" in said.err
    assert model() == "popularity"
    assert call("fit", *data, "--model", "ease", *out, "--replace").status == 0
    assert model() == "ease"


def test_fit_on_a_split_leaves_its_test_events_out(call, data, tmp_path: Path):
    whole = call("fit", *data, "--model", "popularity", "--out", tmp_path / "a", "--json")
    part = ["--split", "leave-last-out", "--out", tmp_path / "b", "--json"]
    cut = call("fit", *data, "--model", "popularity", *part)
    assert json.loads(whole.out)["events"] - json.loads(cut.out)["events"] == 80  # one a user


def test_a_config_file_is_read_and_options_win_over_it(call, tiny: Path, tmp_path: Path):
    config = tmp_path / "penchant.toml"
    config.write_text(
        f'[data]\nevents = "{tiny.as_posix()}/events.csv"\nitems = "{tiny.as_posix()}/items.jsonl"\n'
        '[fit]\nmodel = "ease"\nsplit = "leave-last-out"\nout = "run"\nseed = 3\n'
        "[model]\nl2 = 5\n",
        "utf-8",
    )
    said = json.loads(call("fit", "--config", config, "--seed", "4", "--json").out)
    assert said["seed"] == 4
    assert said["split"] == "leave-last-out"
    assert Path(said["run"]) == tmp_path / "run"  # paths count from the folder of the file
    fitted = penchant.load(tmp_path / "run")
    assert (fitted.name, fitted.config.l2) == ("ease", 5.0)
    call("fit", "--config", config, "--set", "l2=7", "--replace")
    assert penchant.load(tmp_path / "run").config.l2 == 7.0


def test_what_fit_held_out_by_a_config_file_evaluate_and_compare_judge(
    call, tiny: Path, tmp_path: Path
):
    config = tmp_path / "penchant.toml"
    config.write_text(
        f'[data]\nevents = "{tiny.as_posix()}/events.csv"\nitems = "{tiny.as_posix()}/items.jsonl"\n'
        '[fit]\nmodel = "popularity"\nsplit = "new-users:0.2"\nout = "run"\nseed = 3\n',
        "utf-8",
    )
    file, run = ["--config", config], ["evaluate", "--run", tmp_path / "run"]
    assert call("fit", *file).status == 0

    def figures(*argv):
        said = call(*argv, "--json")
        assert said.status == 0, said.err
        return json.loads(said.out)

    found = figures(*run, *file)
    assert found == figures(*run, *file, "--split", "new-users:0.2", "--seed", "3")
    compared = figures("compare", *file, "--models", "popularity")["models"]["popularity"]
    assert compared["metrics"] == found["metrics"]

    other = call(*run, *file, "--seed", "4")  # a flag wins: users that were learned from
    assert other.status == 1
    assert "trained" in other.err


def test_init_writes_a_file_that_fit_takes_once_its_paths_exist(call, tiny: Path, tmp_path: Path):
    config = tiny / "penchant.toml"
    assert call("init", config).status == 0
    said = call("fit", "--config", config, "--model", "popularity", "--out", tmp_path / "run")
    assert said.status == 0
    assert call("init", config, "--force").status == 0


def test_settings_of_a_model_are_listed_with_their_defaults(call):
    said = call("fit", "--model", "ease", "--settings")
    assert said.status == 0
    assert "l2 = " in said.out


def test_evaluate_gives_one_json_document(call, data, run: Path):
    said = call(
        "evaluate", "--run", run, *data, "--split", "leave-last-out", "-k", "5,10", "--json"
    )
    assert said.status == 0
    found = json.loads(said.out)
    assert found["requests"] == 80
    for name in ("HR@5", "NDCG@5", "HR@10", "NDCG@10"):
        low, high = found["metrics"][name]["ci95"]
        assert 0 <= low <= found["metrics"][name]["mean"] <= high <= 1
    assert found["slices"]


def test_evaluate_prints_a_table_of_80_columns(call, data, run: Path):
    said = call("evaluate", "--run", run, *data, "--split", "leave-last-out")
    assert said.status == 0
    assert "NDCG@10" in said.out
    assert max(map(len, said.out.splitlines())) <= 100


def test_recommend_lists_titles_and_reasons(call, run: Path):
    for whom in (["--user", "u1"], ["--history", "i7,i9"]):
        said = call("recommend", "--run", run, *whom, "-k", "3")
        assert said.status == 0
        assert said.out.count("because you liked") >= 1
    found = json.loads(call("recommend", "--run", run, "--user", "u1", "-k", "3", "--json").out)
    assert len(found["items"]) == 3
    assert set(found["items"][0]) == {"item_id", "title", "score", "reasons"}


def test_excluded_items_are_left_out(call, run: Path):
    ask = ["recommend", "--run", run, "--user", "u1", "-k", "3", "--json"]
    first = json.loads(call(*ask).out)["items"][0]["item_id"]
    again = json.loads(call(*ask, "--exclude", first).out)["items"]
    assert first not in {item["item_id"] for item in again}


def test_explain_gives_reasons(call, run: Path):
    said = call("explain", "--run", run, "--user", "u1", "--item", "i42", "--json")
    assert said.status == 0
    assert json.loads(said.out)["reasons"]


def test_predict_answers_every_request_in_the_order_asked(call, run: Path, tmp_path: Path):
    asked = [
        {"request_id": "a", "user_id": "u1"},
        {"request_id": "b", "history": ["i7", "i9"]},
        {"request_id": "c", "user_id": "nobody", "history": ["i1"], "slice": "new-user"},
    ]
    requests = tmp_path / "requests.jsonl"
    requests.write_text("".join(json.dumps(row) + "\n" for row in asked), "utf-8")
    out = tmp_path / "ranked.jsonl"
    said = call("predict", "--run", run, "--requests", requests, "-k", "5", "--out", out)
    assert said.status == 0
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [row["request_id"] for row in rows] == ["a", "b", "c"]
    for row, question in zip(rows, asked, strict=True):
        assert len(row["items"]) == len(row["scores"]) == 5
        assert row["scores"] == sorted(row["scores"], reverse=True)
        assert not set(row["items"]) & set(question.get("history", []))


def test_predict_ranks_only_the_candidates(call, run: Path, tmp_path: Path):
    (tmp_path / "r.jsonl").write_text('{"request_id": "a", "history": ["i7"]}\n', "utf-8")
    (tmp_path / "c.json").write_text('["i1", "i2", "i7"]', "utf-8")
    out = tmp_path / "ranked.jsonl"
    argv = ["--requests", tmp_path / "r.jsonl", "--candidates", tmp_path / "c.json", "--out", out]
    assert call("predict", "--run", run, *argv).status == 0
    assert set(json.loads(out.read_text("utf-8"))["items"]) == {"i1", "i2"}  # i7 is in the history


def test_predict_says_who_is_unknown_and_packs_where_the_name_says_so(
    call, run: Path, tmp_path: Path
):
    (tmp_path / "r.jsonl").write_text('{"request_id": "a", "user_id": "nobody"}\n', "utf-8")
    out = tmp_path / "ranked.jsonl.gz"
    said = call(
        "predict", "--run", run, "--requests", tmp_path / "r.jsonl", "-k", 10**9, "--out", out
    )
    assert said.status == 0
    assert "1 requests are of users that the run does not know" in said.err
    row = json.loads(gzip.decompress(out.read_bytes()))
    assert len(row["items"]) == len(row["scores"]) == 60
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.jsonl", "ranked.jsonl.gz"]


def test_history_that_the_run_does_not_know_is_said(call, run: Path):
    said = call("recommend", "--run", run, "--history", "i7,x9", "-k", "3")
    assert said.status == 0
    assert "left out of the history: x9" in said.err


def test_an_option_of_zero_wins_over_the_config_file(call, tiny: Path, tmp_path: Path):
    config = tmp_path / "penchant.toml"
    config.write_text(
        f'[data]\nevents = "{tiny.as_posix()}/events.csv"\nitems = "{tiny.as_posix()}/items.jsonl"\n'
        'k_core = 99\nfeedback = ["event * 2"]\n',
        "utf-8-sig",  # as Windows editors write it
    )
    assert call("describe", "--config", config).status == 1
    assert call("describe", "--config", config, "--k-core", "0").status == 0


def test_what_is_printed_is_utf8_whatever_the_locale(data):
    argv = [sys.executable, "-m", "penchant", "describe", *data]
    environment = os.environ | {"PYTHONIOENCODING": "latin-1"}
    said = subprocess.run(argv, capture_output=True, check=True, env=environment)
    assert "█" in said.stdout.decode("utf-8")


def test_predict_gives_the_lists_of_recommend(call, run: Path, tmp_path: Path):
    (tmp_path / "r.jsonl").write_text('{"request_id": "a", "user_id": "u5"}\n', "utf-8")
    out = tmp_path / "ranked.jsonl"
    call("predict", "--run", run, "--requests", tmp_path / "r.jsonl", "--out", out)
    one = json.loads(call("recommend", "--run", run, "--user", "u5", "--json").out)["items"]
    assert json.loads(out.read_text("utf-8"))["items"] == [item["item_id"] for item in one]


def test_describe_shows_the_shape(call, data, tmp_path: Path):
    picture = tmp_path / "shape.png"
    said = call("describe", *data, "--picture", picture)
    assert said.status == 0
    assert "80" in said.out
    assert max(map(len, said.out.splitlines())) <= 80
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert json.loads(call("describe", *data, "--json").out)


def test_compare_prints_one_table_and_writes_a_report(call, data, tmp_path: Path):
    report = tmp_path / "report.html"
    argv = [*data, "--split", "leave-last-out", "--models", "popularity,ease"]
    said = call("compare", *argv, "--report", report)
    assert said.status == 0
    assert "popularity" in said.out
    assert "ease" in said.out
    assert max(map(len, said.out.splitlines())) <= 100
    page = report.read_text("utf-8")
    assert "<html" in page
    assert "http://" not in page.replace("http://www.w3.org", "")  # self-contained


def test_doctor_names_what_is_there(call):
    said = call("doctor", "--json")
    found = json.loads(said.out)
    assert said.status == (0 if found["good"] else 1)
    assert {"penchant", "torch", "device", "cores", "cache"} <= {
        f["what"] for f in found["findings"]
    }


def test_doctor_names_the_packages_of_a_service(call, monkeypatch):
    from penchant.cli import doctor

    wanted = [
        "numpy>=2.2",
        "apsw>=3.51.3; extra == 'serve'",
        'psycopg[binary]>=3.2; extra == "postgres"',
        "no-such-package>=2.0; extra == 'serve'",
        "another>=1; extra == 'dev'",
    ]
    monkeypatch.setattr(doctor.metadata, "requires", lambda name: wanted)
    told = {one["what"]: one for one in json.loads(call("doctor", "--json").out)["findings"]}
    assert {"numpy", "apsw (serve)", "psycopg (postgres)"} <= set(told)
    missing = told["no-such-package (serve)"]
    assert missing["found"] == "not installed"
    assert missing["remedy"] == "pip install 'penchant[serve]'"
    assert missing["good"], "training does not need it"
    assert "another" not in str(told)


def test_doctor_fails_and_gives_the_line_where_a_package_is_missing(call, monkeypatch):
    from penchant.cli import doctor

    monkeypatch.setattr(doctor.metadata, "requires", lambda name: ["no-such-package>=2.0"])
    said = call("doctor")
    assert said.status == 1
    assert "pip install 'no-such-package>=2.0'" in said.out


def test_the_module_runs_as_the_script_does():
    argv = [sys.executable, "-m", "penchant", "--version"]
    said = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert said.stdout == f"penchant {penchant.__version__}\n"


def test_a_reader_that_goes_away_is_no_traceback(data):
    argv = [sys.executable, "-m", "penchant", "describe", *data]
    read, write = os.pipe()
    os.close(read)
    said = subprocess.run(argv, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert "Traceback" not in said.stderr
    assert "Exception ignored" not in said.stderr
    assert said.returncode in (0, 1)
