"""Whether a TIFF file holds all that it declares: no plane is lost silently.

Image libraries that meet a cut file show the planes they still find and say nothing.
This check looks at the chain of directories, at the place of every strip and tile, and
at the number of planes that the description promises.
"""

import json
import math
import re
from dataclasses import dataclass
from xml.etree import ElementTree

from ..errors import CorruptFileError
from .tiff_structure import Page, Structure, product

UNCOMPRESSED = (1,)
DEFLATE = (8, 32946)
PACKBITS = (32773,)
LARGEST_RATIO = {**dict.fromkeys(DEFLATE, 1040), **dict.fromkeys(PACKBITS, 66)}
"""How many bytes one stored byte can at most become, where the method has such a limit."""
MAX_SIDE = 2**31
SLACK = 4096


@dataclass(frozen=True)
class Finding:
    """What the check found."""

    problems: tuple[str, ...]
    """Everything that is wrong; empty for a whole file."""
    whole_pages: int
    """Pages, counted from the first, that are there in full."""
    contiguous_planes: int | None
    """Planes that lie one after another behind a single directory (ImageJ), or None."""


def check(structure: Structure) -> Finding:
    """Compare what a TIFF file declares with what it holds."""
    problems = [structure.broken] if structure.broken else []
    lost = [(page.index, page.lost[0]) for page in structure.pages if page.lost]
    if lost:
        index, tag = lost[0]
        problems.append(f"directory {index} has an entry {tag} whose values lie beyond the end of the file")
    whole = len(structure.pages)
    for page in structure.pages:
        problem = page_problem(structure, page)
        if problem:
            problems.append(f"plane {page.index} {problem}")
            whole = min(whole, page.index)
            break
    expected, source = declared_planes(structure)
    contiguous = None
    if expected is not None and len(structure.pages) < expected:
        if len(structure.pages) == 1 and source != "OME":
            contiguous = contiguous_planes(structure, structure.pages[0], expected)
        if (contiguous or len(structure.pages)) < expected:
            problems.append(
                f"{contiguous or len(structure.pages)} planes are there of {expected} declared ({source})"
            )
    return Finding(tuple(problems), whole, contiguous)


def require_whole(structure: Structure, *, allow_partial: bool) -> tuple[Finding, tuple[str, ...]]:
    """Refuse a TIFF file that holds less than it declares, or note it if partial reading is allowed.

    Raises
    ------
    CorruptFileError
        If anything is missing and ``allow_partial`` is False, or if nothing is there.
    """
    finding = check(structure)
    if not finding.problems:
        return finding, ()
    text = "; ".join(finding.problems[:3])
    if not allow_partial:
        raise CorruptFileError(
            f"{structure.path.name} is cut or damaged: {text}. Fetch it again, or read what is there with "
            f"--allow-partial."
        )
    if finding.whole_pages == 0:
        raise CorruptFileError(f"{structure.path.name} is cut or damaged: {text}. Not one plane is whole.")
    return finding, (f"read in part, the file is cut or damaged: {text}",)


def plane_bits(page: Page) -> tuple[int, int, int, int]:
    """Return width, height, samples per pixel and bits per sample of a page."""
    bits = max(page.numbers.get(258, (1,)), default=1)
    return page.number(256, 0), page.number(257, 0), page.number(277, 1), bits


def plane_bytes(page: Page) -> int:
    """Return the bytes of one uncompressed plane, rows padded to whole bytes."""
    width, height, samples, bits = plane_bits(page)
    return height * ((width * samples * bits + 7) // 8) * page.number(32997, 1)


def page_problem(structure: Structure, page: Page) -> str | None:
    """Return what is wrong with one page, or None."""
    width, height, samples, bits = plane_bits(page)
    if not (0 < width < MAX_SIDE and 0 < height < MAX_SIDE and 0 < samples <= 65535 and 0 < bits <= 128):
        return f"declares a size of {height} x {width} with {samples} samples of {bits} bits"
    tiled = 324 in page.numbers or 322 in page.numbers
    offsets = page.numbers.get(324 if tiled else 273, ())
    counts = page.numbers.get(325 if tiled else 279, ())
    needed = _pieces(page, tiled)
    if needed is None:
        return "has strips or tiles of size 0"
    word = "tiles" if tiled else "strips"
    compressed = page.number(259, 1) not in UNCOMPRESSED
    if not counts and not compressed and needed == 1 and len(offsets) == 1:
        counts = (plane_bytes(page),)
    if len(offsets) < needed or len(counts) < needed:
        return f"has {min(len(offsets), len(counts))} {word} of {needed}"
    for offset, count in zip(offsets[:needed], counts[:needed], strict=True):
        if count == 0 or offset < 8:
            return f"lacks one of its {word}"
        if offset + count > structure.size:
            return f"ends at byte {offset + count} of {structure.size}"
    stored = sum(counts[:needed])
    return _too_few_bytes(page, stored, compressed)


def _too_few_bytes(page: Page, stored: int, compressed: bool) -> str | None:
    whole = plane_bytes(page)
    if not compressed:
        return None if stored >= whole else f"holds {stored} bytes of {whole}"
    ratio = LARGEST_RATIO.get(page.number(259, 1))
    if ratio and whole > ratio * stored + SLACK:
        return f"claims {whole} bytes, which {stored} compressed bytes cannot become"
    return None


def _pieces(page: Page, tiled: bool) -> int | None:
    """Return how many strips or tiles a page needs."""
    width, height, samples, _ = plane_bits(page)
    separate = samples if page.number(284, 1) == 2 else 1
    depth = page.number(32997, 1)
    if tiled:
        across, down = page.number(322, 0), page.number(323, 0)
        if across <= 0 or down <= 0:
            return None
        return math.ceil(width / across) * math.ceil(height / down) * separate * depth
    rows = min(page.number(278, height), height)
    return None if rows <= 0 else math.ceil(height / rows) * separate * depth


def contiguous_planes(structure: Structure, page: Page, expected: int) -> int | None:
    """Return how many whole planes lie one after another from the first strip on."""
    if page.number(259, 1) not in UNCOMPRESSED or 273 not in page.numbers:
        return None
    size = plane_bytes(page)
    return min(expected, (structure.size - page.numbers[273][0]) // size) if size else None


def declared_planes(structure: Structure) -> tuple[int | None, str]:
    """Return how many planes the description promises, and which kind of description says so."""
    page = structure.pages[0]
    text = structure.text(page, 270) or ""
    if text.startswith("ImageJ="):
        found = re.search(r"^images=(\d{1,9})\s*$", text, re.MULTILINE)
        return (int(found.group(1)) if found else None), "ImageJ"
    if text.startswith(('{"shape":', "shape=(")):
        shape = _stated_shape(text)
        width, height, samples, _ = plane_bits(page)
        per_page = width * height * samples * page.number(32997, 1)
        return (product(shape) // per_page if shape and per_page else None), "tifffile shape"
    if "<OME" in text[:2000] and "http://www.openmicroscopy.org" in text[:4000]:
        return _ome_planes(text), "OME"
    return None, ""


def _stated_shape(text: str) -> list[int] | None:
    try:
        shape = (
            json.loads(text)["shape"]
            if text[0] == "{"
            else [int(n) for n in re.findall(r"\d+", text.split(")")[0])]
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return shape if isinstance(shape, list) and all(type(n) is int and n >= 0 for n in shape) else None


def _ome_planes(text: str) -> int | None:
    """Return the number of planes of all images of an OME-XML description."""
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  (entities are not expanded beyond expat's own limits)
    except (ElementTree.ParseError, ValueError):
        return None
    total = 0
    for pixels in root.iter():
        if not pixels.tag.endswith("}Pixels"):
            continue
        try:
            c, z, t = (int(pixels.get(f"Size{letter}", "1")) for letter in "CZT")
            channel = next((e for e in pixels.iter() if e.tag.endswith("}Channel")), None)
            samples = int(channel.get("SamplesPerPixel", "1")) if channel is not None else 1
        except ValueError:
            return None
        total += max(c // max(samples, 1), 1) * z * t
    return total or None
