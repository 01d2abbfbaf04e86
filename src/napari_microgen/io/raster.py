"""PNG, JPEG and BMP pictures."""

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import CorruptFileError, FileFormatError
from . import description
from .colour import resolve_palette
from .limits import require_memory
from .opened import Opened, Scale
from .vendors import scale_from_side_file

_PIXEL_BYTES = 8
"""Room to decode one pixel and convert it."""


def open_raster(path: Path, format_name: str, *, kind: str) -> Opened:
    """Open a picture; its resolution entry is a printer's and is never taken for a voxel size.

    Parameters
    ----------
    path : Path
        The file.
    format_name : {"PNG", "JPEG", "BMP"}
        What its first bytes say.
    kind : {"image", "labels"}
        For labels, palette indices are kept.

    Raises
    ------
    CorruptFileError
        If it cannot be decoded to its end.
    MemoryLimitError
        If it is larger than memory.
    """
    image = _decoder(format_name)(path)
    try:
        columns, rows = image.size
        require_memory(
            rows * columns * _PIXEL_BYTES, f"Reading {path.name}", "Save it as TIFF, which is read in parts."
        )
        try:
            image.load()
        except (OSError, SyntaxError, ValueError, IndexError) as error:
            raise CorruptFileError(f"{path.name} is cut or damaged: {error}. Fetch it again.") from error
        array, axes, notes = _pixels(image, path.name, kind)
        own = description.from_text(getattr(image, "text", {}).get(description.KEY))
    finally:
        image.close()
    if own is not None and own["shape"] == list(array.shape):
        array = array.astype(bool) if own.get("dtype") == "bool" else array
        scale, axes, notes = description.scale_of(own), own["axes"], (*notes, *description.notes_of(own))
    else:
        scale = scale_from_side_file(path, array.shape[:2]) or Scale()
    return Opened(array, axes, format_name, scale, notes)


def _decoder(format_name: str) -> Any:
    """Return the decoder class itself: no other format is tried, and the size is checked by us."""
    if format_name == "PNG":
        from PIL.PngImagePlugin import PngImageFile

        return PngImageFile
    if format_name == "JPEG":
        from PIL.JpegImagePlugin import JpegImageFile

        return JpegImageFile
    from PIL.BmpImagePlugin import BmpImageFile

    return BmpImageFile


def _pixels(image: Any, name: str, kind: str) -> tuple[np.ndarray, str, tuple[str, ...]]:
    array = np.array(image)
    if image.mode == "P":
        if kind == "labels":
            return array, "YX", ("palette indices are read as values (labels)",)
        table = np.frombuffer(image.getpalette("RGB") and bytes(image.getpalette("RGB")), np.uint8).reshape(
            -1, 3
        )
        return resolve_palette(array, table), "YXS", ("palette resolved through its colour map",)
    if image.mode in ("1", "L", "I", "F") or image.mode.startswith("I;16"):
        native = array.dtype.newbyteorder("=")
        grey = array.astype(
            np.uint16 if image.mode == "I" and array.max(initial=0) < 65536 else native, copy=False
        )
        return grey, "YX", ()
    if image.mode in ("LA", "RGB", "RGBA", "RGBX"):
        return array, "YXS", ()
    raise FileFormatError(
        f"{name} has colours of mode {image.mode}; expected grey, RGB or a palette. Save it as grey TIFF or PNG."
    )
