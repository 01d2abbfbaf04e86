"""Arrays of numpy's own format, without pickled content.

The header of this format has no room for axes and voxel size. What this package writes
has them behind the values, where numpy does not look, so that file and size are one.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..errors import CorruptFileError, FileFormatError
from ..progress import Progress
from ..volume import Volume
from . import description
from .atomic import atomic_path
from .lazy import LazyPlanes
from .opened import Opened
from .pages import counted
from .tiff_planes import RawPlanes
from .tiff_structure import product

_AXES = {2: "YX", 3: "QYX", 4: "QQYX", 5: "QQQYX"}


def open_npy(path: Path) -> Opened:
    """Open a ``.npy`` file; axes that it does not name are to be confirmed by the user.

    Raises
    ------
    FileFormatError
        If it holds objects or text, or is Fortran-ordered with more than two dimensions.
    CorruptFileError
        If the header is damaged or values are missing.
    """
    with open(path, "rb") as file:
        shape, fortran, dtype = _header(file, path)
        start = file.tell()
        size = product(shape) * dtype.itemsize
        held = path.stat().st_size - start
        if held < size or size == 0:
            raise CorruptFileError(
                f"{path.name} declares {product(shape)} values of {dtype} but holds {held} bytes of them. "
                "Save it again."
            )
        file.seek(start + size)
        own = description.from_text(_rest(file.read(description.LARGEST_FILE)))
    if dtype.kind not in "biuf" or len(shape) not in _AXES:
        raise FileFormatError(
            f"{path.name} holds {dtype} values of shape {shape}; expected plain numbers with 2 to 5 "
            "dimensions. Save it with numpy.save(..., allow_pickle=False)."
        )
    if held > size and own is None:
        raise CorruptFileError(
            f"{path.name} declares {size} bytes of values but holds {held}; its header is damaged. Save it "
            "again."
        )
    if fortran:
        return Opened(_fortran(path, shape, dtype, start), _AXES[len(shape)], "NPY")
    data = LazyPlanes(shape, dtype.newbyteorder("="), RawPlanes(path, start, dtype, shape[-2:]))
    if own is None or own["shape"] != list(shape):
        return Opened(data, _AXES[len(shape)], "NPY")
    notes, kind = description.notes_of(own), description.kind_of(own)
    return Opened(data, own["axes"], "NPY", description.scale_of(own), notes, kind)


def write_npy(volume: Volume, path: Path) -> Iterator[Progress]:
    """Write header, planes and our own description.

    Raises
    ------
    FileFormatError
        If the values are not plain numbers.
    SaveError
        If it cannot be written.
    """
    dtype = volume.dtype.newbyteorder("=")
    if dtype.kind not in "biuf":
        raise FileFormatError(f"{dtype} values cannot be written as NPY; convert them to plain numbers.")
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": volume.shape}
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for page, progress in counted(volume, path.name):
            file.write(page.tobytes())
            yield progress
        file.write(b"\n" + description.to_text(volume).encode("ascii"))


def _header(file: BinaryIO, path: Path) -> tuple[tuple[int, ...], bool, np.dtype]:
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    try:
        shape, fortran, dtype = readers[np.lib.format.read_magic(file)](file)
    except (ValueError, KeyError, SyntaxError, TypeError, EOFError, RecursionError, MemoryError) as error:
        raise CorruptFileError(f"{path.name} has a damaged NPY header ({error}). Save it again.") from error
    if any(n < 0 for n in shape):
        raise CorruptFileError(f"{path.name} declares the shape {shape}. Save it again.")
    return tuple(int(n) for n in shape), bool(fortran), dtype


def _rest(raw: bytes) -> str | None:
    return raw[1:].decode("ascii", "replace") if raw[:1] == b"\n" else None


def _fortran(path: Path, shape: tuple[int, ...], dtype: np.dtype, start: int) -> Any:
    """Return an array stored column by column: whole, or refused if that is too large."""
    from .limits import require_memory

    require_memory(
        2 * product(shape) * dtype.itemsize,
        f"Reading {path.name}",
        "Save it in C order, which is read in parts.",
    )
    flat = RawPlanes(path, start, dtype, (product(shape),))(0)
    return np.ascontiguousarray(flat.reshape(shape, order="F"))
