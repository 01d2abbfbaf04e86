"""The pages of a volume in the order in which files hold them."""

from collections.abc import Iterator

import numpy as np

from ..progress import Progress
from ..volume import Volume


def page_ndim(volume: Volume) -> int:
    """Return how many of the last dimensions one page has: row and column, or also colour."""
    return 3 if volume.axes.endswith("YXS") else 2


def stored_dtype(volume: Volume) -> np.dtype:
    """Return the type the values are stored in: native byte order, and bool as 0 and 1."""
    return np.dtype(np.uint8) if volume.dtype == bool else volume.dtype.newbyteorder("=")


def planes_of(volume: Volume) -> Iterator[np.ndarray]:
    """Yield the pages of a volume in C order, in the type they are stored in."""
    lead, dtype = volume.shape[: len(volume.shape) - page_ndim(volume)], stored_dtype(volume)
    for index in np.ndindex(*lead):
        page = np.asarray(volume.data[index] if index else volume.data)
        yield np.ascontiguousarray(page.astype(dtype, copy=False))


def counted(volume: Volume, name: str) -> Iterator[tuple[np.ndarray, Progress]]:
    """Yield each page with the progress that is made once it is written."""
    total = int(np.prod(volume.shape[: len(volume.shape) - page_ndim(volume)], dtype=np.int64))
    for k, page in enumerate(planes_of(volume), 1):
        yield page, Progress(k, total, f"writing {name}")
