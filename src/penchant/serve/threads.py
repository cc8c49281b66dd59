"""How the cores of a machine are shared between the calls of a process."""

from __future__ import annotations

import os
import sys

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

TURN = 0.0005
"""Seconds after which a thread of Python lets another one in; the 5 ms of Python make a request wait
that long while a model is at work."""


def share_cores(threads: int) -> None:
    """Let each call of a model or an index take so many threads; call it before and after loading.

    Left alone, every library takes all cores for every call. NumPy's, PyTorch's and faiss's threads
    then wait for each other by spinning, and for the event loop: on 2 cores a list took 9 ms in the
    place of 2, and 18 ms of processor time.

    Args:
        threads: of one call.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

    sys.setswitchinterval(TURN)
    for name in VARIABLES:  # for libraries that are still to be loaded
        os.environ[name] = str(threads)
    threadpool_limits(threads)  # for those that are there; it holds until it is told otherwise
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(threads)
