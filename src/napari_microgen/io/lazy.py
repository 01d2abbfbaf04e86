"""An image on disk that is read a plane at a time."""

import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .limits import memory_budget, readable_bytes, require_memory

LAZY_BYTES = 64 * 1024**2
"""Images that take more than this in memory stay on disk."""


@dataclass(frozen=True)
class LazyPlanes:
    """Planes behind a function; indexing reads only the planes that are asked for."""

    shape: tuple[int, ...]
    """Length of each dimension; the last ``plane_ndim`` ones are the plane."""
    dtype: np.dtype
    """Type of the values, in native byte order."""
    read_plane: Callable[[int], np.ndarray]
    """Reads plane k; k counts through the leading dimensions in C order."""
    plane_ndim: int = 2
    """How many of the last dimensions one plane has."""

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def plane_shape(self) -> tuple[int, ...]:
        """Shape of one plane."""
        return self.shape[self.ndim - self.plane_ndim :]

    @property
    def leading(self) -> tuple[int, ...]:
        """Lengths of the dimensions before the plane."""
        return self.shape[: self.ndim - self.plane_ndim]

    @property
    def n_planes(self) -> int:
        """Number of planes."""
        return int(np.prod(self.leading, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Bytes of the whole array in memory."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def __getitem__(self, key: Any) -> np.ndarray:
        full = _full_key(key, self.ndim)
        lead, inside = full[: len(self.leading)], full[len(self.leading) :]
        picks = [np.arange(n)[k] for n, k in zip(self.leading, lead, strict=True)]
        counts = [np.atleast_1d(p) for p in picks]
        planes = [
            self.read_plane(int(np.ravel_multi_index(index, self.leading)) if index else 0)[inside]
            for index in itertools.product(*counts)
        ]
        kept = tuple(len(c) for c, p in zip(counts, picks, strict=True) if p.ndim)
        if not planes:
            return np.empty((*kept, *np.empty(self.plane_shape, np.uint8)[inside].shape), self.dtype)
        return np.stack(planes).reshape(kept + planes[0].shape) if kept else planes[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        out = np.empty((self.n_planes, *self.plane_shape), self.dtype)
        for k in range(self.n_planes):
            out[k] = self.read_plane(k)
        out = out.reshape(self.shape)
        return out if dtype is None else out.astype(dtype, copy=False)

    def each(
        self, change: Callable[[np.ndarray, int], np.ndarray], plane_shape: tuple[int, ...], dtype: Any
    ) -> "LazyPlanes":
        """Return the same planes with ``change(plane, k)`` done to each when it is read."""
        return replace(
            self,
            shape=self.leading + plane_shape,
            dtype=np.dtype(dtype),
            read_plane=_Changed(self.read_plane, change),
            plane_ndim=len(plane_shape),
        )


@dataclass(frozen=True)
class _Changed:
    """A plane reader with something done to each plane; it can be sent to another process."""

    read: Callable[[int], np.ndarray]
    change: Callable[[np.ndarray, int], np.ndarray]

    def __call__(self, k: int) -> np.ndarray:
        return self.change(self.read(k), k)


def settle(data: Any, name: str, *, lazy: bool | None = None) -> Any:
    """Return a numpy array if it is small, else a dask array with one chunk per plane.

    Parameters
    ----------
    data : ndarray or LazyPlanes
        What a file opener gave.
    name : str
        The file, for the message.
    lazy : bool, optional
        Decide instead of `LAZY_BYTES`.

    Raises
    ------
    MemoryLimitError
        If one plane alone is over the memory that may be used.
    """
    if not isinstance(data, LazyPlanes):
        return data
    plane_bytes = int(np.prod(data.plane_shape, dtype=np.int64)) * data.dtype.itemsize
    require_memory(
        plane_bytes, f"One plane of {name}", f"It says it is {data.plane_shape}; crop or tile it first."
    )
    if not (data.nbytes > min(LAZY_BYTES, memory_budget()) if lazy is None else lazy):
        return np.asarray(data)
    import dask.array

    chunks = (1,) * len(data.leading) + data.plane_shape
    label = f"{readable_bytes(data.nbytes).replace(' ', '-')}-{uuid.uuid4().hex}"
    return dask.array.from_array(
        data,
        chunks=chunks,
        name=label,
        asarray=False,
        fancy=False,
        meta=np.empty((0,) * data.ndim, data.dtype),
    )


def _full_key(key: Any, ndim: int) -> tuple[Any, ...]:
    parts = key if isinstance(key, tuple) else (key,)
    if Ellipsis in parts:
        at = parts.index(Ellipsis)
        return parts[:at] + (slice(None),) * (ndim - len(parts) + 1) + parts[at + 1 :]
    return parts + (slice(None),) * (ndim - len(parts))
