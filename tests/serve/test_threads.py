"""Cores shared between calls."""

import subprocess
import sys

TOLD = """
import sys
import faiss, numpy  # libraries that are there before the service begins
from penchant.serve.threads import share_cores
share_cores(1)
import torch
share_cores(1)
from threadpoolctl import threadpool_info
print(torch.get_num_threads(), *sorted({one["num_threads"] for one in threadpool_info()}))
print(sys.getswitchinterval())
"""


def test_a_call_takes_the_threads_it_is_given_whenever_its_library_was_loaded(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    done = subprocess.run([sys.executable, "-c", TOLD], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1", "0.0005"]
