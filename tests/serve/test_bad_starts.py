"""``penchant serve`` where it cannot: each says what is wrong, where, and what to do."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from penchant.cli import main
from penchant.engine import Engine, Popularity
from penchant.testing import tiny_dataset


def any_file(path: Path) -> bool:
    return path.is_file() or any(each.is_file() for each in path.rglob("*"))


@pytest.fixture
def refused(capfd: pytest.CaptureFixture[str]):
    """``refused(*argv)``: what a start that must fail says, without a traceback."""

    def start(*argv: object, status: int = 2) -> str:
        capfd.readouterr()
        assert main(["serve", "--port", "0", *map(str, argv)]) == status
        said = capfd.readouterr().err
        assert "Traceback" not in said
        data = Path(argv[argv.index("--data") + 1])
        assert [path for path in data.rglob("*") if not any_file(path)] == [], "empty folders"
        return said

    return start


def test_a_port_that_is_taken(refused, run: Path, tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused("--run", run, "--data", tmp_path / "d", "--port", port)
    assert f"--port {port}: something listens on 127.0.0.1:{port} already" in said


def test_a_host_that_is_not_of_this_machine(refused, run: Path, tmp_path: Path):
    said = refused("--run", run, "--data", tmp_path / "d", "--host", "203.0.113.7")
    assert "--host 203.0.113.7: this machine has no such address" in said


def test_nothing_to_serve(refused, tmp_path: Path):
    said = refused("--data", tmp_path / "deep" / "d")
    assert "holds no model yet" in said
    assert "--run RUN" in said
    assert not (tmp_path / "deep").exists()


def test_a_folder_that_was_there_stays(refused, tmp_path: Path):
    (tmp_path / "d").mkdir()
    refused("--data", tmp_path / "d")
    assert (tmp_path / "d").is_dir()


def test_a_run_that_is_not_there(refused, tmp_path: Path):
    said = refused("--run", tmp_path / "none", "--data", tmp_path / "d", status=1)
    assert f"{tmp_path / 'none'} holds no manifest.json" in said
    assert "penchant fit" in said


def test_a_run_that_is_damaged(refused, run: Path, tmp_path: Path):
    copy = shutil.copytree(run, tmp_path / "run")
    path = copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    said = refused("--run", copy, "--data", tmp_path / "d", status=1)
    assert "is damaged: model.safetensors is not what was written" in said


def test_a_data_folder_that_is_a_file(refused, run: Path, tmp_path: Path):
    (tmp_path / "file").write_text("")
    said = refused("--run", run, "--data", tmp_path / "file")
    assert f"--data {tmp_path / 'file'}: no folder can be made there" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may write anywhere")
def test_a_data_folder_that_may_not_be_written(refused, run: Path, tmp_path: Path):
    folder = tmp_path / "d"
    folder.mkdir(mode=0o500)
    assert "no permission to write there" in refused("--run", run, "--data", folder)


def test_other_machines_without_keys(refused, run: Path, tmp_path: Path):
    said = refused("--run", run, "--data", tmp_path / "d", "--host", "0.0.0.0")  # noqa: S104 - which is refused
    assert "penchant keys add" in said


def test_settings_with_a_typing_error(refused, run: Path, tmp_path: Path):
    (tmp_path / "penchant.toml").write_text("[serve]\nitem_second = 2\n")
    said = refused("--run", run, "--data", tmp_path / "d", "--config", tmp_path / "penchant.toml")
    assert "no setting 'item_second'; did you mean 'item_seconds'?" in said


def test_a_policy_that_does_not_fit_the_catalogue(refused, run: Path, tmp_path: Path):
    rule = '[policy]\nrules = [{do = "exclude", when = {colour = "red"}}]\n'
    (tmp_path / "penchant.toml").write_text(rule)
    said = refused("--run", run, "--data", tmp_path / "d", "--config", tmp_path / "penchant.toml")
    assert "colour" in said
    assert main(["serve", "--port", "0", "--data", str(tmp_path / "d")]) == 2  # nothing answers yet


@pytest.mark.slow
def test_a_run_of_another_catalogue(refused, run: Path, tmp_path: Path):
    from penchant.serve import open_service

    service, _ = open_service(tmp_path / "d", run)
    service.close()
    Engine.of(Popularity().fit(tiny_dataset())).save(tmp_path / "films")
    said = refused("--run", tmp_path / "films", "--data", tmp_path / "d", status=1)
    assert "0 of the 60 items" in said
    assert "another data folder" in said


def test_a_data_folder_that_is_a_run(refused, run: Path):
    said = refused("--run", run, "--data", run)
    assert f"--data {run} is a run, which a service must not write to" in said
    assert not (run / "models").exists()


def test_a_log_in_something_that_is_no_log(refused, run: Path, tmp_path: Path):
    said = refused("--run", run, "--data", tmp_path / "d", "--log", "mysql://me:secret@db/shop")
    assert "a folder or in PostgreSQL (postgresql://...), not in mysql://" in said
    assert "secret" not in said


def test_a_postgresql_that_is_not_there(refused, run: Path, tmp_path: Path):
    pytest.importorskip("psycopg")
    url = "postgresql://me:secret@127.0.0.1:1/shop"
    said = refused("--run", run, "--data", tmp_path / "d", "--log", url, status=1)
    assert "cannot be reached" in said
    assert said.rstrip().endswith("Start the server, or put the URL right.")
    assert said.count("\n") == 1
    assert "secret" not in said
