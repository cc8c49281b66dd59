"""Bad calls: the exit status, what the message says, no traceback, and nothing half-written.

In an argument ``{name}`` stands for a place of the test: the small data set ``{tiny}``, a run
``{run}`` and a copy of it ``{copy}``, an empty folder ``{new}``, and the broken files below.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

FILES = {
    "broken.toml": '[data]\nevents = "e.csv"\nitems = items.jsonl\n',
    "key.toml": '[data]\nevents = "e.csv"\n\n[fit]\nmodle = "ease"\n',
    "table.toml": '[fits]\nmodel = "ease"\n',
    "type.toml": '[fit]\nseed = "three"\n',
    "bare.toml": 'model = "ease"\n',
    "badset.toml": '[fit]\nmodel = "ease"\n[model]\nl3 = 5\n',
    "latin.toml": b"# caf\xe9\n",
    "line.jsonl": '{"request_id": "a", "user_id": "u1"}\n{"request_id": "b", "user_id": \n',
    "list.jsonl": '["u1"]\n',
    "noid.jsonl": '{"user_id": "u1"}\n',
    "nobody.jsonl": '{"request_id": "a"}\n',
    "twice.jsonl": '{"request_id": "a", "user_id": "u1"}\n{"request_id": "a", "user_id": "u2"}\n',
    "history.jsonl": '{"request_id": "a", "history": "i1"}\n',
    "empty.jsonl": "",
    "good.jsonl": '{"request_id": "a", "user_id": "u1"}\n',
    "strange.json": '["nothing", "we", "sell"]',
    "object.json": '{"i1": 1}',
    "cut.json": '["i1", ',
    "a-file": "something of yours\n",
    "seed.toml": '[fit]\nmodel = "ease"\nseed = -1\n',
    "strange.csv": "user_id,item_id,timestamp\nu1,x1,1\n",
    "names.csv": "userId,item_id,timestamp\nu1,i1,1\n",
    "coded.csv": b"user_id,item_id,timestamp\ncaf\xe9,i1,1\n",
    "lost.jsonl": '{"request_id": "a", "history": ["x1"]}\n',
    "nan.csv": "user_id,item_id,timestamp\nu1,i1,1\nu1,i2,NaN\n",
}


class Bad(NamedTuple):
    """A call, its exit status, and a pattern that its message must contain."""

    argv: str
    status: int
    message: str


E_I = "--events {tiny}/events.csv --items {tiny}/items.jsonl"
FIT = f"fit {E_I} --out {{new}}/run --model "
EVALUATE = f"evaluate {E_I} --run {{run}} "
PREDICT = "predict --out {new}/out.jsonl --run "

CALLS = {
    "an unknown command": Bad("fitt", 2, r"No such command 'fitt'"),
    "an unknown flag": Bad(f"fit {E_I} --modle ease", 2, r"No such option.*--modle"),
    "a flag without its value": Bad("recommend --run", 2, r"--run"),
    "fit without data": Bad("fit --out {new}/run", 2, r"--events and --items: missing"),
    "fit without a place": Bad(f"fit {E_I} --model ease", 2, r"--out: missing"),
    "an unknown model": Bad(FIT + "esae", 2, r"'esae'.*did you mean 'ease'"),
    "an unknown setting": Bad(FIT + "ease --set l3=5", 2, r"'l3'.*Settings: l2"),
    "a setting of the wrong type": Bad(
        FIT + "ease --set l2=much", 2, r"l2 must be a number.*'much'"
    ),
    "a setting out of range": Bad(FIT + "ease --set l2=-1", 2, r"l2 must be.*got -1"),
    "a setting that is not a number": Bad(FIT + "ease --set l2=nan", 2, r"l2=nan.*not a number"),
    "a setting without a value": Bad(FIT + "ease --set l2", 2, r"--set l2: write --set name=value"),
    "a setting twice": Bad(FIT + "ease --set l2=1 --set l2=2", 2, r"l2: given twice"),
    "a negative seed": Bad(FIT + "ease --seed -1", 2, r"--seed.*(0|range)"),
    "a seed in words": Bad(FIT + "ease --seed three", 2, r"--seed.*integer"),
    "a negative k-core": Bad(FIT + "ease --k-core -1", 2, r"--k-core.*(0|range)"),
    "a seed too large": Bad(FIT + "ease --seed 4294967296", 2, r"seed=4294967296: write a whole"),
    "a seed too small in a config": Bad(
        f"fit {E_I} --out {{new}}/run --config {{files}}/seed.toml", 2, r"seed=-1: write a whole"
    ),
    "an item the catalogue lacks": Bad(
        "describe --events {files}/strange.csv --items {tiny}/items.jsonl",
        1,
        r"strange\.csv:2: .*'x1'.*out with --drop-unknown\.",
    ),
    "columns of another name": Bad(
        "describe --events {files}/names.csv --items {tiny}/items.jsonl",
        1,
        r"names\.csv:1: .*Rename 'userId', or pass --column userId=user_id\.",
    ),
    "a file in another encoding": Bad(
        "describe --events {files}/coded.csv --items {tiny}/items.jsonl",
        1,
        r"coded\.csv:2: .*Pass --encoding latin-1 if",
    ),
    "a history the catalogue lacks": Bad(
        "predict --out {new}/out.jsonl --run {run} --requests {files}/lost.jsonl",
        1,
        r"lost\.jsonl:1: .*'x1'.*out with --drop-unknown\.",
    ),
    "a name that is too long": Bad(
        "describe --events " + "x" * 300 + ".csv --items {tiny}/items.jsonl", 1, r"(?i)too long"
    ),
    "a k-core that leaves nothing": Bad(FIT + "ease --k-core 99", 1, r"no events are left.*k_core"),
    "a missing events file": Bad(
        "fit --model ease --out {new}/run --events {new}/none.csv --items {tiny}/items.jsonl",
        1,
        r"none\.csv.*(no such file|does not exist|not found)",
    ),
    "a folder for a file": Bad(
        "describe --events {tiny} --items {tiny}/items.jsonl", 1, r"tiny.*(folder|directory)"
    ),
    "a file of another kind": Bad(
        "describe --events {files}/a-file --items {tiny}/items.jsonl", 1, r"unknown format"
    ),
    "a time that is not a number": Bad(
        "describe --events {files}/nan.csv --items {tiny}/items.jsonl", 1, r"nan\.csv:3: .*NaN"
    ),
    "a template with an unknown column": Bad(
        f"describe {E_I} --template {{{{titel}}}}", 2, r"titel.*\{title\}"
    ),
    "a feedback rule that is none": Bad(f"describe {E_I} --feedback >=4", 2, r"feedback '>=4'"),
    "a feedback rule about nothing": Bad(
        f"describe {E_I} --feedback click", 2, r"'click'.*no such"
    ),
    "a column without a name": Bad(f"describe {E_I} --column user", 2, r"--column user: write"),
    "an unknown encoding": Bad(f"describe {E_I} --encoding utf-9", 2, r"utf-9.*unknown"),
    "a picture of another kind": Bad(
        f"describe {E_I} --picture {{new}}/shape.docx", 2, r"must end in \.png or \.svg"
    ),
    "a picture below a file": Bad(
        f"describe {E_I} --picture {{files}}/a-file/shape.png", 2, r"a-file is a file"
    ),
    "a run in the place of a file": Bad(
        f"fit {E_I} --model ease --out {{files}}/a-file", 2, r"a file is in the way"
    ),
    "a run in the place of a folder that is not one": Bad(
        f"fit {E_I} --model ease --out {{files}}", 2, r"something other than a run"
    ),
    "a config that is missing": Bad("fit --config {new}/p.toml", 2, r"p\.toml.*penchant init"),
    "a config that is not TOML": Bad(
        "fit --config {files}/broken.toml", 2, r"broken\.toml.*line 3"
    ),
    "a config with an unknown key": Bad(
        "fit --config {files}/key.toml", 2, r"key\.toml:5: .*'modle'.*did you mean 'model'"
    ),
    "a config with an unknown table": Bad(
        "fit --config {files}/table.toml", 2, r"table\.toml:1: .*'fits'.*did you mean 'fit'"
    ),
    "a config with a wrong type": Bad(
        "fit --config {files}/type.toml", 2, r"type\.toml:2: seed must be a whole number"
    ),
    "a config with a key outside a table": Bad(
        "fit --config {files}/bare.toml", 2, r"bare\.toml:1: .*\[model\]"
    ),
    "a config with an unknown setting": Bad(
        f"fit {E_I} --out {{new}}/run --config {{files}}/badset.toml", 2, r"'l3'.*Settings: l2"
    ),
    "a config that is not UTF-8": Bad("fit --config {files}/latin.toml", 2, r"not UTF-8"),
    "init over a file": Bad("init {files}/key.toml", 2, r"exists.*--force"),
    "a run that is missing": Bad("recommend --run {new}/run --user u1", 1, r"does not exist"),
    "a run that is a file": Bad("recommend --run {files}/a-file --user u1", 1, r"is a file"),
    "a run that is any folder": Bad("recommend --run {tiny} --user u1", 1, r"no manifest\.json"),
    "a damaged run": Bad("recommend --run {copy} --user u1", 1, r"model\.safetensors.*(written)"),
    "an unknown user": Bad("recommend --run {run} --user u1000", 2, r"'u1000'.*'u10'"),
    "an unknown history": Bad(
        "recommend --run {run} --history x,y", 2, r"none of the ids given.*'x'"
    ),
    "nobody to recommend to": Bad("recommend --run {run}", 2, r"--user, --history or --query"),
    "an empty query": Bad("recommend --run {run} --query=", 2, r"--query is empty"),
    "words for a model that does not read": Bad(
        "recommend --run {run} --query film", 1, r"does not read words"
    ),
    "k of zero": Bad("recommend --run {run} --user u1 -k 0", 2, r"(?i)-k.*(1|range)"),
    "explaining an unknown item": Bad("explain --run {run} --user u1 --item i999", 2, r"'i999'"),
    "no split": Bad(EVALUATE, 2, r"--split: missing.*leave-last-out.*--config"),
    "no split to compare on": Bad(f"compare {E_I} --models ease", 2, r"--split: missing"),
    "an unknown split": Bad(EVALUATE + "--split leave-lst-out", 2, r"leave-lst-out"),
    "a split without its number": Bad(EVALUATE + "--split time", 2, r"time"),
    "a share above one": Bad(EVALUATE + "--split time:1.5", 2, r"between 0 and 1"),
    "lengths that are none": Bad(EVALUATE + "--split leave-last-out -k 10,x", 2, r"-k 10,x"),
    "length zero": Bad(EVALUATE + "--split leave-last-out -k 0", 2, r"-k 0"),
    "test events that the run has seen": Bad(
        EVALUATE + "--split time:0.5", 1, r"\d+ .*(seen|trained)"
    ),
    "requests that are missing": Bad(
        PREDICT + "{run} --requests {new}/r.jsonl", 1, r"r\.jsonl.*(no such file|does not exist)"
    ),
    "requests with a bad line": Bad(
        PREDICT + "{run} --requests {files}/line.jsonl", 1, r"line\.jsonl:2: "
    ),
    "requests that are lists": Bad(
        PREDICT + "{run} --requests {files}/list.jsonl", 1, r"jsonl:1: "
    ),
    "requests without a name": Bad(
        PREDICT + "{run} --requests {files}/noid.jsonl", 1, r"noid\.jsonl: no key .request_id"
    ),
    "requests without a question": Bad(
        PREDICT + "{run} --requests {files}/nobody.jsonl", 1, r"jsonl:1: .*(user_id|history)"
    ),
    "requests with a name twice": Bad(
        PREDICT + "{run} --requests {files}/twice.jsonl", 1, r"jsonl:2: .*'a'"
    ),
    "a history that is not a list": Bad(
        PREDICT + "{run} --requests {files}/history.jsonl", 1, r"jsonl:1: .*history.*list"
    ),
    "no requests": Bad(PREDICT + "{run} --requests {files}/empty.jsonl", 1, r"empty\.jsonl.*empty"),
    "candidates that the catalogue lacks": Bad(
        PREDICT + "{run} --requests {files}/good.jsonl --candidates {files}/strange.json",
        1,
        r"strange\.json: 'nothing'.*not in the catalogue",
    ),
    "candidates that are no list": Bad(
        PREDICT + "{run} --requests {files}/good.jsonl --candidates {files}/object.json",
        1,
        r"object\.json.*list",
    ),
    "candidates cut short": Bad(
        PREDICT + "{run} --requests {files}/good.jsonl --candidates {files}/cut.json",
        1,
        r"cut\.json:1: not JSON",
    ),
    "ranked lists in the place of a folder": Bad(
        "predict --run {run} --requests {files}/good.jsonl --out {tiny}", 2, r"is a folder"
    ),
    "ranked lists in the place of the requests": Bad(
        "predict --run {run} --requests {files}/good.jsonl --out {files}/good.jsonl",
        2,
        r"that is what is read",
    ),
    "ranked lists in the place of a device": Bad(
        "predict --run {run} --requests {files}/good.jsonl --out /dev/null", 2, r"no file that can"
    ),
    "init below a file": Bad("init {files}/a-file/p.toml", 2, r"a-file is a file"),
    "comparing an unknown model": Bad(
        f"compare {E_I} --split leave-last-out --models ease,esae", 2, r"'esae'.*'ease'"
    ),
    "comparing a model with itself": Bad(
        f"compare {E_I} --split leave-last-out --models ease,ease", 2, r"each model once"
    ),
    "a negative number of trials": Bad(
        f"compare {E_I} --split leave-last-out --trials -1", 2, r"--trials"
    ),
}


@pytest.fixture
def places(tiny: Path, run: Path, tmp_path: Path) -> dict[str, Path]:
    files = tmp_path / "files"
    files.mkdir()
    for name, content in FILES.items():
        (files / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    new = tmp_path / "new"
    new.mkdir()
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    return {"tiny": tiny, "run": run, "files": files, "new": new, "copy": copy}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("case", CALLS)
def test_a_bad_call_is_explained_and_changes_nothing(case: str, call, places: dict[str, Path]):
    bad = CALLS[case]
    before = {name: contents(place) for name, place in places.items()}
    said = call(*(part.format(**places) for part in bad.argv.split()))
    assert re.search(bad.message, said.err, re.DOTALL), said.err
    assert said.status == bad.status
    assert "Traceback" not in said.err
    assert said.out == ""
    assert {name: contents(place) for name, place in places.items()} == before


def test_a_place_without_permission(call, data, tmp_path: Path):
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    said = call("fit", *data, "--model", "ease", "--out", tmp_path / "run")
    tmp_path.chmod(0o700)
    assert said.status == 2
    assert "no permission" in said.err


@pytest.mark.parametrize("case", ["an unknown model", "a damaged run", "an unknown flag"])
def test_the_same_from_outside(case: str, places: dict[str, Path]):
    bad = CALLS[case]
    argv = [part.format(**places) for part in bad.argv.split()]
    said = subprocess.run(
        [sys.executable, "-m", "penchant", *argv], capture_output=True, text=True, check=False
    )
    assert said.returncode == bad.status
    assert re.search(bad.message, said.stderr, re.DOTALL)
    assert "Traceback" not in said.stderr


def test_an_interrupt_is_a_line_and_no_traceback(call, data, monkeypatch, tmp_path: Path):
    import penchant.engine

    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(penchant.engine.Estimator, "fit", interrupted)
    said = call("fit", *data, "--model", "ease", "--out", tmp_path / "run")
    assert said.status == 130
    assert "Traceback" not in said.err
    assert "stopped" in said.err
    assert not (tmp_path / "run").exists()
