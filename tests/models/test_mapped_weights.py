"""Weights of a saved model: those of a mapped file are not copied, so that processes share them."""

from __future__ import annotations

import numpy as np

from penchant.engine.arrays import mapped, packed
from penchant.models.weights import tensor_of


def test_a_tensor_over_a_mapped_file_is_the_file(tmp_path):
    path = tmp_path / "arrays"
    path.write_bytes(packed({"table": np.arange(12, dtype=np.float32).reshape(3, 4)}))
    array = mapped(path)["table"]
    tensor = tensor_of(array)
    assert tensor.data_ptr() == array.ctypes.data
    tensor[0, 0] = 7
    assert mapped(path)["table"][0, 0] == 0, "what is written stays in this process"


def test_a_tensor_over_memory_is_a_copy():
    array = np.zeros(3, np.float32)
    tensor = tensor_of(array)
    tensor[0] = 1
    assert array[0] == 0
