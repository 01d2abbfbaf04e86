"""Pixel size and instrument settings as the makers of electron microscopes write them."""

from pathlib import Path

from ..opened import Scale
from ..tiff_structure import Page, Structure
from . import fei, fibics, hitachi, jeol, tescan, zeiss

LARGEST_TAG = 4 * 1024**2
LARGEST_SIDE_FILE = 256 * 1024


def scale_from_tags(structure: Structure, page: Page, shape: tuple[int, int]) -> Scale | None:
    """Return what a microscope's own TIFF tags say, or None if there are none.

    Parameters
    ----------
    structure : Structure
        The file.
    page : Page
        Its first picture.
    shape : (int, int)
        Rows and columns of the picture.
    """
    for maker in (fei, zeiss, tescan, fibics):
        for tag in maker.TAGS:
            if tag in page.places and page.places[tag][1] <= LARGEST_TAG:
                found = maker.from_tag(structure.raw(page, tag) or b"", shape)
                if found is not None:
                    return found
    return None


def scale_from_side_file(path: Path, shape: tuple[int, int]) -> Scale | None:
    """Return what a text file beside the picture says, or None if there is none that fits."""
    for maker in (tescan, jeol, hitachi):
        for name in maker.side_names(path):
            side = path.with_name(name)
            if side == path or not side.is_file() or side.stat().st_size > LARGEST_SIDE_FILE:
                continue
            found = maker.from_text(_decoded(side.read_bytes()), shape)
            if found is not None:
                return found
    return None


def _decoded(raw: bytes) -> str:
    """Return text whatever its encoding: makers write UTF-8, UTF-16 with a mark, or an 8-bit code page."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
