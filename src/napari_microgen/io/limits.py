"""How much memory and disk there is, and room for results that are larger."""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from ..errors import MemoryLimitError, ParameterError


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
    return min([*free, *_container_free()])


def _container_free() -> list[int]:
    """Return what each control group around this process leaves; droppable file cache counts as free."""
    free = []
    for folder in _control_groups():
        try:
            limit = (folder / "memory.max").read_text().strip()
            if limit == "max":
                continue
            used = int((folder / "memory.current").read_text())
            stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
            free.append(max(0, int(limit) - used + int(stat.get("inactive_file", 0))))
        except (OSError, ValueError):
            continue
    return free


def _control_groups() -> list[Path]:
    """Return the control group of this process and those around it (version 2)."""
    root = Path("/sys/fs/cgroup")
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    own = next((line[3:] for line in lines if line.startswith("0::")), "/")
    folder = root / own.lstrip("/")
    return [folder, *(parent for parent in folder.parents if parent == root or root in parent.parents)]


def memory_budget() -> int:
    """Return the bytes one operation may take: half of what is free, or ``MICROGEN_MEMORY`` (bytes).

    Raises
    ------
    ParameterError
        If ``MICROGEN_MEMORY`` is not a number of bytes.
    """
    fixed = os.environ.get("MICROGEN_MEMORY")
    if not fixed:
        return available_memory() // 2
    try:
        return int(float(fixed))
    except (ValueError, OverflowError):
        raise ParameterError(
            f"MICROGEN_MEMORY is {fixed!r}; expected a number of bytes, for example 4e9."
        ) from None


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
            f"{work} needs about {readable_bytes(needed)} of memory and {readable_bytes(budget)} may be "
            f"used. {way_out}"
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
    needed = dtype.itemsize
    for length in shape:
        needed *= int(length)
    if needed <= memory_budget() // 2:
        return np.zeros(shape, dtype)
    folder = cache_folder()
    free = psutil.disk_usage(str(folder)).free
    if needed <= 0.9 * free:
        with tempfile.TemporaryFile(dir=folder) as file:
            if _reserve(file.fileno(), needed):
                return np.memmap(file, dtype=dtype, mode="r+", shape=shape)
    raise MemoryLimitError(
        f"A result of {readable_bytes(needed)} fits neither in memory nor on {folder} "
        f"({readable_bytes(free)} free). Crop or downsample first, or set MICROGEN_CACHE to a larger disk."
    )


def cache_folder() -> Path:
    """Return where large results are kept: ``MICROGEN_CACHE``, or a temporary folder on a disk."""
    chosen = os.environ.get("MICROGEN_CACHE")
    if chosen:
        return Path(chosen)
    usual = Path(tempfile.gettempdir())
    on_disk = Path("/var/tmp")  # noqa: S108  (only an unnamed file is made there)
    in_memory = any(
        part.mountpoint == str(usual) and part.fstype == "tmpfs" for part in psutil.disk_partitions(all=True)
    )
    return on_disk if in_memory and os.access(on_disk, os.W_OK) else usual


def _reserve(descriptor: int, count: int) -> bool:
    """Claim the space now; a file that finds the disk full later would end the process without a word."""
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, count)
        else:
            os.truncate(descriptor, count)
    except OSError:
        return False
    return True
