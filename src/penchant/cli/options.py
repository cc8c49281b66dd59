"""The options that several commands share, each written once; those about data stand in reading."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

Codes = NDArray[np.int32] | None

Split = Annotated[
    str | None,
    typer.Option(
        "--split",
        metavar="S",
        help="leave-last-out, time:F, ratio:F, cold-items:F, new-users:F or few-shot:K.",
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", metavar="N", min=0, help="The seed of all randomness.")
]
FileSeed = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", min=0, help="The seed of all randomness.  [default: 0]"),
]
"""Where a config file may hold the seed of the split too."""
Run = Annotated[Path, typer.Option("--run", metavar="RUN", help="A run that 'penchant fit' wrote.")]
Replace = Annotated[bool, typer.Option("--replace", help="In the place of the run that is there.")]
Length = Annotated[int, typer.Option("-k", metavar="N", min=1, help="The length of a list.")]
Lengths = Annotated[
    str, typer.Option("-k", "--k", metavar="N,N", help="Lengths of the lists that are judged.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
