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
    FileFormatError
        If its colours are neither grey nor red, green and blue.
    MemoryLimitError
        If it is larger than memory.
    """
    with _decoder(format_name)(path) as image:
        columns, rows = image.size
        require_memory(
            rows * columns * _PIXEL_BYTES, f"Reading {path.name}", "Save it as TIFF, which is read in parts."
        )
        try:
            image.load()
        except (OSError, SyntaxError, ValueError, IndexError) as error:
            raise CorruptFileError(f"{path.name} is cut or damaged: {error}. Fetch it again.") from error
        array, axes, notes = _pixels(image, path, kind)
        own = description.from_text(getattr(image, "text", {}).get(description.KEY))
    if own is None or own["shape"] != list(array.shape):
        scale = scale_from_side_file(path, array.shape[:2]) or Scale()
        return Opened(array, axes, format_name, scale, notes)
    array = array.astype(bool) if own.get("dtype") == "bool" else array
    notes = (*notes, *description.notes_of(own))
    return Opened(array, own["axes"], format_name, description.scale_of(own), notes, description.kind_of(own))


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


def _pixels(image: Any, path: Path, kind: str) -> tuple[np.ndarray, str, tuple[str, ...]]:
    """Return values, axes and notes of a decoded picture."""
    if image.mode == "P":
        indices = np.array(image)
        if kind == "labels":
            return indices, "YX", ("palette indices are read as values (labels)",)
        table = np.frombuffer(bytes(image.getpalette("RGB")), np.uint8).reshape(-1, 3)
        return resolve_palette(indices, table), "YXS", ("palette resolved through its colour map",)
    if image.format == "PNG" and image.mode in ("RGB", "RGBA", "LA") and _bit_depth(path) == 16:
        import imagecodecs  # Pillow keeps only 8 of the 16 bits

        return np.asarray(imagecodecs.png_decode(path.read_bytes())), "YXS", ()
    if image.mode in ("1", "L", "I", "F") or image.mode.startswith("I;16"):
        array = np.array(image)
        fits = image.mode == "I" and array.size and array.min() >= 0 and array.max() < 65536
        return array.astype(np.uint16 if fits else array.dtype.newbyteorder("="), copy=False), "YX", ()
    if image.mode in ("LA", "RGB", "RGBA", "RGBX"):
        return np.array(image), "YXS", ()
    raise FileFormatError(
        f"{path.name} has colours of mode {image.mode}; expected grey, RGB or a palette. Save it as grey "
        "TIFF or PNG."
    )


def _bit_depth(path: Path) -> int:
    """Return the bits per sample that a PNG states in its header."""
    with open(path, "rb") as file:
        return file.read(25)[24]
