"""Weights of a network as arrays, and back."""

from __future__ import annotations

import mmap
from typing import Any, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from penchant.core import DamagedBundle, State

N = TypeVar("N", bound=nn.Module)


def weights_of(network: nn.Module) -> State:
    """Every learned array of a network by its path."""
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


def load_weights(network: N, state: State) -> N:
    """Put arrays into a network.

    Raises:
        DamagedBundle: an array is missing, left over, or of another shape than the config says.
    """
    own = network.state_dict()
    given = {name: tensor_of(state[name]) for name in own if name in state}
    odd = [name for name in own if name not in given or given[name].shape != own[name].shape]
    if odd:
        raise DamagedBundle(
            f"the weights do not fit the settings saved beside them ({', '.join(odd[:3])}). "
            "Fit the model again, or restore the bundle from a copy."
        )
    network.load_state_dict(given, assign=True)  # their own memory, or that of a mapped file
    return network


def tensor_of(array: NDArray[Any]) -> Tensor:
    """An array as a tensor: over a mapped file itself, so that processes share it, or else a copy."""
    if isinstance(_owner(array), mmap.mmap):
        return torch.from_numpy(array)
    return torch.tensor(array)


def _owner(array: object) -> object:
    """What holds the memory of an array; NumPy sees a mapped file through a memoryview."""
    while (
        base := array.obj if isinstance(array, memoryview) else getattr(array, "base", None)
    ) is not None:
        array = base
    return array
