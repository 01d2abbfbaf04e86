"""How much memory and disk there is, and room for results that are larger."""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from ..errors import MemoryLimitError


def available_memory() -> int:
    """Return the bytes of memory free for this process, limits of its container and shell included."""
    free = [psutil.virtual_memory().available]
    try:
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        if soft != resource.RLIM_INFINITY:
            free.append(max(0, soft - psutil.Process().memory_info().vms))
    except ImportError:  # Windows has no such limits
        pass
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    try:
        free.append(max(0, int(limit.read_text()) - int(used.read_text())))
    except (OSError, ValueError):
        pass
    return min(free)


def memory_budget() -> int:
    """Return the bytes one operation may take: half of what is free, or ``MICROGEN_MEMORY`` (bytes)."""
    fixed = os.environ.get("MICROGEN_MEMORY")
    return int(float(fixed)) if fixed else available_memory() // 2


def readable_bytes(count: float) -> str:
    """Return a byte count for people.

    Examples
    --------
    >>> readable_bytes(3 * 1024**3)
    '3.0 GiB'
    """
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def require_memory(needed: int, work: str, way_out: str) -> None:
    """Refuse work that would not fit into memory, before it starts.

    Parameters
    ----------
    needed : int
        Bytes the work will take at its peak.
    work : str
        What it is, for the message.
    way_out : str
        What the user can do instead.

    Raises
    ------
    MemoryLimitError
        If ``needed`` is over `memory_budget`.
    """
    budget = memory_budget()
    if needed > budget:
        raise MemoryLimitError(
            f"{work} needs about {readable_bytes(needed)} of memory and {readable_bytes(budget)} may be used. "
            f"{way_out}"
        )


def allocate(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return an array for a result: in memory if it fits, else on disk.

    The array on disk is an unnamed temporary file that vanishes with the array. It
    lies in ``MICROGEN_CACHE`` or the system's temporary folder.

    Raises
    ------
    MemoryLimitError
        If it fits neither in memory nor on disk.
    """
    dtype = np.dtype(dtype)
    needed = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if needed <= memory_budget() // 2:
        return np.zeros(shape, dtype)
    folder = Path(os.environ.get("MICROGEN_CACHE") or tempfile.gettempdir())
    free = psutil.disk_usage(str(folder)).free
    if needed > 0.9 * free:
        raise MemoryLimitError(
            f"A result of {readable_bytes(needed)} fits neither in memory nor on {folder} "
            f"({readable_bytes(free)} free). Crop or downsample first, or set MICROGEN_CACHE to a larger disk."
        )
    with tempfile.TemporaryFile(dir=folder) as file:
        return np.memmap(file, dtype=dtype, mode="w+", shape=shape)
