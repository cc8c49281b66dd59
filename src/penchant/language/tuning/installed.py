"""What a way of tuning changed in a model: kept so that it can be taken off and put back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from .ways import Tuning

Part = nn.Module | nn.Parameter | None


@dataclass(slots=True)
class Installed:
    """A way of tuning on a model. Names are those of the module that holds the model.

    Attributes:
        way: the settings.
        trained: names of the parameters that it trains.
        parts: what stands at a name while it is on.
        before: what stood there.
        room: the most tokens of a text that the model can place while it is on; None where it takes
            no places.
        length: tokens after which the model cuts a text without it, where ``room`` is not None.
    """

    way: Tuning
    trained: list[str] = field(default_factory=list)
    parts: dict[str, Part] = field(default_factory=dict)
    before: dict[str, Part] = field(default_factory=dict)
    room: int | None = None
    length: int | None = None

    def put(self, module: nn.Module, name: str, part: Part) -> None:
        """Put a part at a name, and remember what stood there."""
        self.before[name] = part_at(module, name)
        self.parts[name] = part
        set_part(module, name, part)

    def trains(self, name: str, part: nn.Module | nn.Parameter) -> None:
        """Count a parameter, or all of a module, among those that are trained."""
        if isinstance(part, nn.Parameter):
            self.trained.append(name)
        else:
            self.trained += [f"{name}.{path}" for path, _ in part.named_parameters()]

    def shorten(self, module: nn.Module, room: int) -> None:
        """Let the model cut texts to at most ``room`` tokens while this is on."""
        holder: Any = module
        self.room, self.length = room, holder.length
        holder.length = min(holder.length, room)

    def on(self, module: nn.Module) -> None:
        """Put every part at its name."""
        _place(module, self.parts)
        if self.room is not None:
            self.shorten(module, self.room)

    def off(self, module: nn.Module) -> None:
        """Put back what stood there before."""
        _place(module, self.before)
        if self.length is not None:
            holder: Any = module
            holder.length = self.length


def part_at(module: nn.Module, name: str) -> Part:
    """The module or parameter of a dotted name, or None."""
    above, _, last = name.rpartition(".")
    found: Any = getattr(module.get_submodule(above), last, None)
    return found if isinstance(found, nn.Module | nn.Parameter) else None


def set_part(module: nn.Module, name: str, part: Part) -> None:
    """Put a module or parameter at a dotted name, on the device and in the mode of the model."""
    above, _, last = name.rpartition(".")
    # what stood aside while the model was moved did not move with it
    device = next((weight.device for weight in module.parameters()), None)
    if isinstance(part, nn.Module):
        part.to(device).train(module.training)
    elif isinstance(part, nn.Parameter) and device is not None:
        part.data = part.data.to(device)
    holder = module.get_submodule(above)
    if isinstance(part, nn.Parameter) and last not in holder._parameters:
        holder.register_parameter(last, part)
    else:
        setattr(holder, last, part)


def _place(module: nn.Module, parts: Mapping[str, Part]) -> None:
    for name, part in parts.items():
        set_part(module, name, part)
