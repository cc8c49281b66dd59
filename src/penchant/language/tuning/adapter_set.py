"""Several adapters over one base at once, such as one a domain; the base is in memory once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torch import nn

from penchant.core import UsageError

from .apply import install, load_tuned_state, note, trained_names, tuning_of
from .installed import Installed
from .saving import SavedAdapter, check_base, read_adapter
from .ways import Tuning


class AdapterSet:
    """Adapters by name over one base, of any ways of tuning; one at a time is on, or none.

    A switch exchanges references and copies no weights. The adapters are for answering: to train one,
    put it on a model of its own by ``load_adapter``.

    ::

        adapters = AdapterSet(backbone)
        adapters.add("news", "adapters/news")
        with adapters.using("news"):
            backbone.vectors(tokens)
    """

    def __init__(self, module: nn.Module) -> None:
        """Begin without adapters.

        Args:
            module: an untuned ``Backbone`` or ``LanguageModel``; it answers as the base until an
                adapter is on.

        Raises:
            UsageError: it is tuned already.
        """
        done = tuning_of(module)
        if done is not None:
            raise UsageError(f"the base is already tuned by {done!r}: give an untuned one.")
        self.module = module
        self._installed: dict[str, Installed] = {}
        self._active: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The adapters, in the order they came."""
        return tuple(self._installed)

    @property
    def active(self) -> str | None:
        """The adapter that is on, or None."""
        return self._active

    def way(self, name: str) -> Tuning:
        """How an adapter was tuned."""
        return self._known(name).way

    def add(self, name: str, adapter: str | Path | SavedAdapter) -> None:
        """Add a saved adapter; which one is on stays as it is.

        Args:
            name: how it will be called.
            adapter: its folder, or what ``read_adapter`` gave.

        Raises:
            UsageError: the name is taken.
            BundleError: it is damaged, or was tuned on another base, pooling or prompt.
        """
        if name in self._installed:
            raise UsageError(
                f"there is already an adapter {name!r}: remove it, or take another name."
            )
        saved = adapter if isinstance(adapter, SavedAdapter) else read_adapter(adapter)
        check_base(saved, self.module, str(adapter) if saved is not adapter else name)
        with self.using(None):
            into = install(self.module, saved.way, 0)
            try:
                note(self.module, into)
                self._unshare(into)
                load_tuned_state(self.module, saved.state)
            finally:
                into.off(self.module)
                note(self.module, None)
                self.module.requires_grad_(False)
            self._installed[name] = into

    def remove(self, name: str) -> None:
        """Forget an adapter; if it is on, the base answers from now on."""
        self._known(name)
        if self._active == name:
            self.use(None)
        del self._installed[name]

    def use(self, name: str | None) -> None:
        """Let an adapter answer from now on; None is the base alone.

        Raises:
            UsageError: there is no such adapter.
        """
        wanted = None if name is None else self._known(name)
        if self._active is not None:
            self._installed[self._active].off(self.module)
        if wanted is not None:
            wanted.on(self.module)
        note(self.module, wanted)
        self._active = name

    @contextmanager
    def using(self, name: str | None) -> Iterator[nn.Module]:
        """Let an adapter answer inside a ``with`` block; then the one that was on before."""
        before = self._active
        self.use(name)
        try:
            yield self.module
        finally:
            self.use(before)

    def _known(self, name: str) -> Installed:
        if name not in self._installed:
            known = ", ".join(self._installed) or "none"
            raise UsageError(f"there is no adapter {name!r}. Adapters: {known}.")
        return self._installed[name]

    def _unshare(self, into: Installed) -> None:
        """Give the adapter weights of its own where its way trains the base's."""
        own = tuple(f"{name}." for name in into.parts)
        everywhere = dict(self.module.named_parameters(remove_duplicate=False))
        for name in trained_names(self.module):
            if name in into.parts or name.startswith(own):
                continue
            weight = everywhere[name]
            fresh = nn.Parameter(weight.detach().clone())
            for alias, other in everywhere.items():
                if other is weight:  # embeddings are often the matrix of the head as well
                    into.put(self.module, alias, fresh)
