"""What 50 hostile connections of each kind cost everybody else: the p99 of others, without and with.

Some announce huge bodies and send on after they were refused, some drip a body byte by byte, some
never finish their headers, some do not read what they asked for, some only hold a connection. Each
comes back as soon as it is cut off. Meanwhile requests for lists come at a steady rate, and the time
of each answer counts from the moment for which it was planned (``load.py``). The two conditions take
turns, so that a machine that is busy with other things is so for both.

    python bench/serving/slow_clients.py --out bench/serving/slow_clients.json
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median

from fuzz import small_run
from load import Outcome, http, open_loop
from server import Server, penchant

HOSTILE = 50
SETTLED = 2.0
"""Seconds after the hostile clients began. What they ask first counts as load, not as slowness: 2,500
requests at once, as those who do not read begin with, are worked off in under half a second."""

HEAD = b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def opening(kind: str, key: str) -> bytes:
    """What a hostile client says first."""
    known = HEAD + f"Authorization: Bearer {key}\r\n".encode()
    return {
        "huge body": known + b"Content-Length: 68719476736\r\n\r\n" + b"x" * 65_536,
        "dripping body": known + b"Content-Length: 1000000\r\n\r\n{",
        "endless headers": HEAD,
        "unread answers": b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50,
        "held connection": b"",
    }[kind]


DRIP = {
    "huge body": b"x" * 65_536,
    "dripping body": b" ",
    "endless headers": b"X",
    "unread answers": b"",
    "held connection": b"",
}
KINDS = tuple(DRIP)


def attack(kind: str, port: int, key: str, count: int, pause: float, ready: Event) -> None:
    """Hold so many connections of a kind, send a little on each now and then, and come back."""
    wires: list[socket.socket | None] = [None] * count
    while True:
        for place, wire in enumerate(wires):
            try:
                if wire is None:
                    wire = wires[place] = socket.socket()
                    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
                    wire.connect(("127.0.0.1", port))
                    wire.setblocking(False)
                    wire.send(opening(kind, key))
                elif DRIP[kind]:
                    wire.send(DRIP[kind])
            except BlockingIOError:
                pass
            except OSError:
                wires[place] = None
                if wire is not None:
                    wire.close()
        ready.set()
        time.sleep(pause)


@contextmanager
def attacked(kind: str, server: Server, count: int, pause: float) -> Iterator[None]:
    """A process of hostile clients, at work while the block runs."""
    ready = multiprocessing.Event()
    given = (kind, server.port, server.key, count, pause, ready)
    process = multiprocessing.Process(target=attack, args=given, daemon=True)
    process.start()
    ready.wait(30)
    time.sleep(SETTLED)
    try:
        yield
    finally:
        process.kill()
        process.join()
        time.sleep(0.2)


def p99(outcome: Outcome) -> float:
    figures = outcome.figures()
    if figures["failed"]:
        raise RuntimeError(f"{figures['failed']} requests of others were refused")
    return figures["p99_ms"]


def measured(args: argparse.Namespace) -> dict[str, object]:
    """p99 in milliseconds of others, by kind of attack, and the ratio of the medians."""
    found: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with penchant(small_run(folder), folder / "data") as server:
            count = int(args.rate * args.seconds)
            bodies = [json.dumps({"user_id": f"u{n % 60}", "k": 10}) for n in range(count)]
            asked = [http("/v1/recommend", body.encode(), server.key) for body in bodies]
            open_loop(server.port, asked, args.rate)  # warm
            for kind in args.kinds:
                alone, beside = [], []
                for turn in range(args.turns):
                    alone.append(p99(open_loop(server.port, asked, args.rate, seed=turn)))
                    with attacked(kind, server, HOSTILE, args.pause):
                        beside.append(p99(open_loop(server.port, asked, args.rate, seed=turn)))
                found[kind] = {
                    "p99_ms_alone": [round(one, 2) for one in alone],
                    "p99_ms_beside": [round(one, 2) for one in beside],
                    "ratio": round(median(beside) / median(alone), 2),
                }
            memory = server.memory_mb()
    return {"kinds": found, **{name: round(mb, 1) for name, mb in memory.items()}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=float, default=100.0, help="requests a second of others")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each turn")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--pause", type=float, default=0.2, help="seconds between two drips")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    setting = {"hostile": HOSTILE, "rate": args.rate, "seconds": args.seconds, "turns": args.turns}
    result = {"python": platform.python_version(), **setting, **measured(args)}
    print(json.dumps(result, indent=1))
    if args.out:
        args.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
