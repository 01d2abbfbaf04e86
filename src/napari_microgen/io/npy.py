"""Arrays of numpy's own format, without pickled content."""

from pathlib import Path

import numpy as np

from ..errors import CorruptFileError, FileFormatError
from . import description
from .lazy import LazyPlanes
from .opened import Opened

_AXES = {1: "X", 2: "YX", 3: "QYX", 4: "QQYX", 5: "QQQYX"}


def open_npy(path: Path) -> Opened:
    """Open a ``.npy`` file; its axes are to be confirmed by the user.

    Raises
    ------
    FileFormatError
        If it holds objects or text, or is Fortran-ordered with more than two dimensions.
    CorruptFileError
        If the header is damaged or values are missing.
    """
    with open(path, "rb") as file:
        try:
            version = np.lib.format.read_magic(file)
            reader = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }
            shape, fortran, dtype = reader[version](file)
        except (ValueError, KeyError, SyntaxError, TypeError, EOFError, RecursionError, MemoryError) as error:
            raise CorruptFileError(
                f"{path.name} has a damaged NPY header ({error}). Save it again."
            ) from error
        start = file.tell()
    if dtype.kind not in "biuf" or fortran or len(shape) not in _AXES or len(shape) < 2:
        raise FileFormatError(
            f"{path.name} holds {dtype} values of shape {shape}{' in Fortran order' if fortran else ''}; "
            "expected plain numbers in C order with 2 to 5 dimensions. Save it with numpy.save(..., "
            "allow_pickle=False)."
        )
    count = 1
    for length in shape:
        count *= length
    if path.stat().st_size - start != count * dtype.itemsize or count == 0:
        raise CorruptFileError(
            f"{path.name} declares {count} values of {dtype} but holds {path.stat().st_size - start} bytes "
            "of them. Save it again."
        )
    native = dtype.newbyteorder("=")
    plane_shape = tuple(shape[-2:])
    plane_count = plane_shape[0] * plane_shape[1]

    def read_plane(k: int) -> np.ndarray:
        values = np.fromfile(path, dtype, plane_count, offset=start + k * plane_count * dtype.itemsize)
        if values.size != plane_count:
            raise CorruptFileError(f"{path.name} has become shorter while it was being read.")
        return values.astype(native, copy=False).reshape(plane_shape)

    data = LazyPlanes(tuple(shape), native, read_plane)
    own = description.from_file(path.with_name(path.name + ".json"))
    if own is not None and own["shape"] == list(shape):
        notes, kind = description.notes_of(own), description.kind_of(own)
        return Opened(data, own["axes"], "NPY", description.scale_of(own), notes, kind)
    return Opened(data, _AXES[len(shape)], "NPY")
