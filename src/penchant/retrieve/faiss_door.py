"""faiss, where it is installed, on as many threads as a caller asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from penchant.core import MissingDependency


def faiss_module() -> ModuleType:
    """The module, imported when it is first needed.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        import faiss
    except ModuleNotFoundError as error:
        if error.name != "faiss":
            raise
        raise MissingDependency(
            "An HNSW index needs faiss-cpu, which is not installed: "
            'pip install "penchant[serve]". IndexConfig(kind="exact") works without, slower on large '
            "catalogues."
        ) from error
    return faiss


@contextmanager
def threads(count: int) -> Iterator[None]:
    """This many OpenMP threads for what this thread asks of faiss inside the block.

    OpenMP keeps the number for each thread, so others are not disturbed.
    """
    faiss = faiss_module()
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
