"""Erase people from a service that runs, and search every byte of every file for them.

    python bench/durability/erase.py [--seeds 3] [--erased 10]

The log in SQLite, and in PostgreSQL where a server is installed: there its tables are read row by
row, and its data files byte by byte. `penchant.testing.erasure_drill` says what is done. Everybody
is found before the erasure, so that the search is known to see; `residues` counts what is found
after it, in any step, and whatever was not found before.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg

from penchant.testing import find_programs, postgres_server
from penchant.testing.erasure_drill import ErasureDrill
from penchant.testing.residues import Searched, search, shapes

HERE = Path(__file__).parent


def tables_of(url: str, schema: str, files: Path) -> Callable[[Sequence[str]], Searched]:
    """Searches the rows of a schema, and the data files of the server after a checkpoint."""

    def look(texts: Sequence[str]) -> Searched:
        with psycopg.connect(url.partition("&schema=")[0], autocommit=True) as connection:
            connection.execute("CHECKPOINT")
            names = connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = %s", [schema]
            ).fetchall()
            rows = [
                (name, row.encode())
                for (name,) in names
                for (row,) in connection.execute(
                    f'SELECT t::text FROM "{schema}"."{name}" t'  # noqa: S608 - our own tables
                )
            ]
        found = search(texts, files)
        for text in texts:
            forms = shapes(text)
            found.found += [
                f"{name}: {text}" for name, row in rows if any(form in row for form in forms)
            ]
        found.files += len(names)
        return found

    return look


def drilled(seeds: int, erased: int, in_postgres: bool) -> dict[str, object]:
    """Residues of some drills, and what each step looked at in the last of them."""
    residues, drill = 0, None
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            if in_postgres:
                with postgres_server() as server:
                    look = tables_of(server.url("drill"), "drill", server.folder / "data" / "base")
                    drill = ErasureDrill(Path(folder), seed, erased, server.url("drill"), look)
                    drill.run()
            else:
                drill = ErasureDrill(Path(folder), seed, erased)
                drill.run()
            residues += drill.residues
    steps = {} if drill is None else drill.stages
    return {
        "drills": seeds,
        "erased": seeds * erased,
        "residues": residues,
        "steps": {
            name: {
                "files": step.files,
                "bytes": step.size,
                "unpacked": step.unpacked,
                "found": len(step.found),
                "opaque": step.opaque,
                "first": [line.rpartition("/")[2] for line in step.found[:3]],
            }
            for name, step in steps.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="drills a database")
    parser.add_argument("--erased", type=int, default=10, help="people a drill, of 60")
    parser.add_argument("--out", type=Path, default=HERE / "erase.json")
    args = parser.parse_args()
    found: dict[str, object] = {
        "command": f"python bench/durability/erase.py --seeds {args.seeds} --erased {args.erased}",
        "sqlite": drilled(args.seeds, args.erased, in_postgres=False),
    }
    if find_programs():
        found["postgres"] = drilled(args.seeds, args.erased, in_postgres=True)
    args.out.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
