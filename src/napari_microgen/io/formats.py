"""Which opener a path needs, told by its content rather than by its name."""

from pathlib import Path

from ..errors import CorruptFileError, FileFormatError, InputNotFoundError, MicrogenError
from .opened import Opened

TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
RASTER_MAGIC = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"BM": "BMP"}
NPY_MAGIC = b"\x93NUMPY"
IMAGE_SUFFIXES = (".tif", ".tiff", ".btf", ".tf8", ".png", ".jpg", ".jpeg", ".bmp", ".npy")
"""Ends of the names of files that hold one image."""
KNOWN = "TIFF, PNG, JPEG, BMP, NPY, a folder of slices, or OME-Zarr (.zarr)"


def open_any(path: Path, *, kind: str, allow_partial: bool) -> Opened:
    """Open whatever is at ``path``; see `napari_microgen.io.reading.read`."""
    if path.is_dir():
        from .omezarr import is_zarr, open_zarr

        if is_zarr(path):
            return open_zarr(path, allow_partial=allow_partial)
        from .folder import open_folder

        return open_folder(path, kind=kind, allow_partial=allow_partial)
    if not path.is_file():
        raise FileFormatError(f"{path} is a device or a pipe, not a file. Save the image first: {KNOWN}.")
    return open_file(path, kind=kind, allow_partial=allow_partial)


def open_file(path: Path, *, kind: str, allow_partial: bool) -> Opened:
    """Open one image file by what its first bytes say.

    Raises
    ------
    FileFormatError
        If it is none of the known kinds.
    CorruptFileError
        If it is empty or its reader fails.
    InputNotFoundError
        If it cannot be opened at all.
    """
    magic = kind_of_content(path)
    try:
        if magic == "TIFF":
            from .tiff import open_tiff

            return open_tiff(path, kind=kind, allow_partial=allow_partial)
        if magic == "NPY":
            from .npy import open_npy

            return open_npy(path)
        from .raster import open_raster

        return open_raster(path, magic, kind=kind)
    except MicrogenError:
        raise
    except PermissionError as error:
        raise InputNotFoundError(
            f"{path} may not be read: {error.strerror}. Ask for permission or copy it."
        ) from error
    except Exception as error:  # image libraries raise whatever a damaged byte leads them to
        raise CorruptFileError(
            f"{path.name} is damaged: its {magic} content cannot be read ({type(error).__name__}: {error}). "
            f"Fetch it again from where it came from."
        ) from error


def kind_of_content(path: Path) -> str:
    """Return ``"TIFF"``, ``"PNG"``, ``"JPEG"``, ``"BMP"`` or ``"NPY"`` from the first bytes of a file.

    Raises
    ------
    CorruptFileError
        If the file is empty.
    FileFormatError
        If it is none of these.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(16)
    except OSError as error:
        raise InputNotFoundError(f"{path} cannot be opened: {error.strerror or error}.") from error
    if not head:
        raise CorruptFileError(f"{path.name} is empty (0 bytes). Fetch it again from where it came from.")
    if head[:4] in TIFF_MAGIC:
        return "TIFF"
    if head.startswith(NPY_MAGIC):
        return "NPY"
    for magic, name in RASTER_MAGIC.items():
        if head.startswith(magic):
            return name
    if len(head) < 8 and any(magic.startswith(head) for magic in (*TIFF_MAGIC, *RASTER_MAGIC, NPY_MAGIC)):
        raise CorruptFileError(
            f"{path.name} is cut: it ends after {len(head)} bytes. Fetch it again from where it came from."
        )
    raise FileFormatError(
        f"{path.name} is not an image of a known kind: it starts with {head[:8]!r}. Expected {KNOWN}; export "
        "it as TIFF from the program that wrote it."
    )
