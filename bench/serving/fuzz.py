"""Schemathesis against a service that is really running: no fault, and no answer off the document.

The service is ``penchant serve`` on a small catalogue, with keys, asked by its own OpenAPI document;
Schemathesis makes requests that fit the document and requests that do not. It finds what a schema
can say; what it cannot say is in ``tests/serve/edge/hostile_bodies.jsonl``.

    pip install schemathesis
    python bench/serving/fuzz.py --seconds 60 --seed 0 --out bench/serving/fuzz.json
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from importlib.metadata import version
from pathlib import Path

from penchant.serve.edge import KeyFile
from penchant.testing.service_process import ServiceProcess

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)
"""Those that the document decides. Left out: that all that fits it is taken (an id without invisible
characters is no regular language), that what does not fit hears 422 (a body over a megabyte hears
413), and that what was deleted is not found (the events of somebody unknown are an empty list)."""


def small_run(folder: Path) -> Path:
    """A run of most popular items over 60 items and as many users."""
    items = [{"item_id": f"i{n}", "title": f"Paper Boats {n}", "price": n} for n in range(60)]
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, items)), "utf-8")
    rows = [f"u{n % 60},i{n * 7 % 60},{1e9 + n}" for n in range(600)]
    (folder / "events.csv").write_text("\n".join(["user_id,item_id,timestamp", *rows]), "utf-8")
    data = ["--events", str(folder / "events.csv"), "--items", str(folder / "items.jsonl")]
    run = folder / "run"
    command = [sys.executable, "-m", "penchant", "fit", *data, "--model", "item-knn"]
    subprocess.run([*command, "--out", str(run)], check=True, capture_output=True)
    return run


def fuzzed(service: ServiceProcess, key: str, seconds: int, seed: int, folder: Path) -> dict:
    """What Schemathesis found in so many seconds."""
    program = shutil.which("schemathesis", path=str(Path(sys.executable).parent)) or "schemathesis"
    report = folder / "report.json"
    told = subprocess.run(
        [
            *(program, "run", f"{service.url}/openapi.json"),
            *("--header", f"Authorization: Bearer {key}", "--checks", ",".join(CHECKS)),
            *("--phases", "examples,coverage,fuzzing,stateful", "--max-time", str(seconds)),
            *("--seed", str(seed), "--continue-on-failure", "--no-color", "--no-shrink"),
            *("--report", "json", "--report-json-path", str(report), "--max-examples", "100000"),
            *("--warnings", "off", "--generation-database", "none"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if not report.is_file():
        raise RuntimeError(
            f"schemathesis ended with {told.returncode}: {(told.stdout + told.stderr)[-2000:]}"
        )
    found = json.loads(report.read_text("utf-8"))
    kinds = Counter({one["title"]: one["count"] for one in found["failures"]})
    return {
        "operations": found["operations"]["tested"],
        "cases": found["test_cases"]["generated"],
        "server_errors": kinds["Server error"],
        "off_the_document": sum(kinds.values()) - kinds["Server error"],
        "errored": found["test_cases"]["errored"],
        "failures": dict(kinds),
        "said": told.stdout if kinds else "",
    }


def measured(seconds: int, seed: int) -> dict:
    """Start a service, fuzz it, and see what it says of itself afterwards."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        run = small_run(folder)
        _, key = KeyFile(folder / "data").add("fuzz", ["admin"], rate=1e6)
        service = ServiceProcess("--run", run, "--data", folder / "data")
        try:
            found = fuzzed(service, key, seconds, seed, folder)
            alive = service.process.poll() is None
        finally:
            service.end()
        log = [
            json.loads(line)
            for said in service.said
            for line in said.splitlines()
            if line[:1] == "{"
        ]
        faults = [line for line in log if line["event"] == "fault"]
    return {**found, "alive": alive, "faults_in_the_log": len(faults)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    found = measured(given.seconds, given.seed)
    said = found.pop("said")
    result = {
        "seconds": given.seconds,
        "seed": given.seed,
        "schemathesis": version("schemathesis"),
        "python": platform.python_version(),
        "checks": list(CHECKS),
        **found,
    }
    print(said + json.dumps(result, indent=1))
    if given.out:
        given.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    sys.exit(bool(found["failures"] or found["errored"] or not found["alive"]))


if __name__ == "__main__":
    main()
