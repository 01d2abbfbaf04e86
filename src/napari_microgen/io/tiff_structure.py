"""The skeleton of a TIFF file, read by us before any image library touches the file.

Sources: TIFF 6.0 (Adobe, 1992), BigTIFF (AWare Systems, 2007).
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ..errors import CorruptFileError

TYPES = {
    1: (1, "B"), 2: (1, "s"), 3: (2, "H"), 4: (4, "I"), 5: (8, "II"), 6: (1, "b"), 7: (1, "s"), 8: (2, "h"),
    9: (4, "i"), 10: (8, "ii"), 11: (4, "f"), 12: (8, "d"), 13: (4, "I"), 16: (8, "Q"), 17: (8, "q"),
    18: (8, "Q"),
}  # fmt: skip
"""TIFF value type to its bytes and struct code."""
MAX_TAGS = 4096
MAX_PAGES = 2_000_000
_WANTED = {254, 256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 322, 323, 324, 325, 339, 32997}


@dataclass(frozen=True)
class Page:
    """One image file directory: what the file says of one picture."""

    index: int
    offset: int
    numbers: dict[int, tuple[int, ...]] = field(repr=False)
    """Tag to its whole-number values, for the tags the plane check needs."""
    places: dict[int, tuple[int, int, int]] = field(repr=False)
    """Tag to (type, count, offset of its values)."""
    lost: tuple[int, ...] = ()
    """Tags, none needed for the pixels, whose values lie beyond the end of the file."""

    def number(self, tag: int, default: int) -> int:
        """Return the first value of a tag."""
        values = self.numbers.get(tag)
        return values[0] if values else default


@dataclass(frozen=True)
class Structure:
    """All directories of a TIFF file that hang together."""

    path: Path
    size: int
    order: str
    """``"<"`` or ``">"``."""
    pages: tuple[Page, ...]
    broken: str | None
    """What ended the chain of directories before its end; None if it is whole."""

    def text(self, page: Page, tag: int) -> str | None:
        """Return the text of a tag, or None."""
        raw = self.raw(page, tag)
        return None if raw is None else raw.split(b"\0", 1)[0].decode("utf-8", "replace")

    def raw(self, page: Page, tag: int) -> bytes | None:
        """Return the bytes of a tag's values, or None."""
        if tag not in page.places:
            return None
        kind, count, offset = page.places[tag]
        with open(self.path, "rb") as file:
            file.seek(offset)
            return file.read(TYPES[kind][0] * count)

    def values(self, page: Page, tag: int) -> tuple[float, ...]:
        """Return the numbers of a tag; rationals as quotients (NaN for 0/0, inf for n/0)."""
        raw = self.raw(page, tag)
        if raw is None:
            return ()
        kind, count, _ = page.places[tag]
        code = TYPES[kind][1]
        if code == "s":
            return ()
        plain = struct.unpack(f"{self.order}{count * len(code)}{code[0]}", raw)
        if len(code) == 1:
            return plain
        return tuple(_quotient(a, b) for a, b in zip(plain[::2], plain[1::2], strict=True))


def _quotient(a: int, b: int) -> float:
    if b:
        return a / b
    return float("nan") if a == 0 else float("inf")


def read_structure(path: Path) -> Structure:
    """Walk the directories of a TIFF file.

    Raises
    ------
    CorruptFileError
        If not even the first directory is readable.
    """
    size = path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(16)
        order = "<" if head[:2] == b"II" else ">"
        if len(head) < 8:
            raise CorruptFileError(
                f"{path.name} ends after {len(head)} bytes, inside the TIFF header. Fetch it again."
            )
        version = struct.unpack(order + "H", head[2:4])[0]
        big = version == 43
        if big and len(head) < 16:
            raise CorruptFileError(
                f"{path.name} ends after {len(head)} bytes, inside the TIFF header. Fetch it again."
            )
        start = struct.unpack(order + ("Q" if big else "I"), head[8:16] if big else head[4:8])[0]
        pages, broken = _walk(file, size, order, big, start)
    if not pages:
        raise CorruptFileError(
            f"{path.name} is cut or damaged: {broken or 'it holds no picture'} ({size} bytes). Fetch it "
            "again."
        )
    return Structure(path, size, order, tuple(pages), broken)


def _walk(file: BinaryIO, size: int, order: str, big: bool, start: int) -> tuple[list[Page], str | None]:
    pages: list[Page] = []
    seen: set[int] = set()
    offset = start
    while offset:
        where = f"directory {len(pages)}"
        if offset in seen:
            return pages, f"{where} leads back to an earlier one"
        if len(pages) >= MAX_PAGES:
            return pages, f"it has more than {MAX_PAGES} directories"
        seen.add(offset)
        try:
            page, offset = _read_page(file, size, order, big, offset, len(pages))
        except _BrokenError as error:
            return pages, f"{where} {error}"
        pages.append(page)
    return pages, None


class _BrokenError(Exception):
    """A directory does not hang together."""


def _read_page(file: BinaryIO, size: int, order: str, big: bool, offset: int, index: int) -> tuple[Page, int]:
    count_bytes, entry_bytes, value_bytes = (8, 20, 8) if big else (2, 12, 4)
    if offset + count_bytes > size:
        raise _BrokenError(f"is said to start at byte {offset}, beyond the end of the file")
    file.seek(offset)
    count = struct.unpack(order + ("Q" if big else "H"), file.read(count_bytes))[0]
    if not 0 < count <= MAX_TAGS:
        raise _BrokenError(f"has {count} entries")
    body = file.read(count * entry_bytes + value_bytes)
    if len(body) < count * entry_bytes + value_bytes:
        raise _BrokenError("ends beyond the end of the file")
    places: dict[int, tuple[int, int, int]] = {}
    lost: list[int] = []
    for k in range(count):
        at = k * entry_bytes
        tag, kind, n = struct.unpack_from(order + ("HHQ" if big else "HHI"), body, at)
        if kind not in TYPES or tag in places:
            continue
        length = TYPES[kind][0] * n
        inline = at + entry_bytes - value_bytes
        place = offset + count_bytes + inline
        if length > value_bytes:
            place = struct.unpack_from(order + ("Q" if big else "I"), body, inline)[0]
        if place + length > size:
            if tag in _WANTED:
                raise _BrokenError(f"has an entry {tag} whose values lie beyond the end of the file")
            lost.append(tag)
            continue
        places[tag] = (kind, n, place)
    following = struct.unpack_from(order + ("Q" if big else "I"), body, count * entry_bytes)[0]
    return Page(index, offset, _numbers(file, order, places), places, tuple(lost)), following


def _numbers(
    file: BinaryIO, order: str, places: dict[int, tuple[int, int, int]]
) -> dict[int, tuple[int, ...]]:
    numbers: dict[int, tuple[int, ...]] = {}
    for tag in _WANTED & places.keys():
        kind, count, place = places[tag]
        width, code = TYPES[kind]
        if len(code) > 1 or code in "sfd":
            continue
        file.seek(place)
        numbers[tag] = struct.unpack(f"{order}{count}{code}", file.read(width * count))
    return numbers


def product(lengths: Sequence[int]) -> int:
    """Return the product of whole numbers without overflow."""
    total = 1
    for length in lengths:
        total *= int(length)
    return total
