"""Triangle meshes and line networks as binary PLY files, which ParaView, MeshLab and Blender open.

References
----------
G. Turk, "The PLY polygon file format", Stanford University, 1994.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import CorruptFileError, FileFormatError, InputNotFoundError
from .atomic import atomic_path

_TYPES = {
    "float": "<f4", "float32": "<f4", "double": "<f8", "float64": "<f8",
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1",
    "short": "<i2", "int16": "<i2", "ushort": "<u2", "uint16": "<u2",
    "int": "<i4", "int32": "<i4", "uint": "<u4", "uint32": "<u4",
}  # fmt: skip
_NAMES = {"<f4": "float", "<f8": "double", "|u1": "uchar", "|i1": "char", "<i4": "int", "<u4": "uint"}
_LONGEST_HEADER = 65536


@dataclass(frozen=True, kw_only=True)
class Ply:
    """What a PLY file holds: places with values, and triangles or lines between them."""

    places: np.ndarray
    """Float32, shape (n, 3), columns x, y, z."""
    faces: np.ndarray
    """Triangles as rows of ``places``, int32, shape (m, 3)."""
    edges: np.ndarray
    """Lines, int32, shape (k, 2)."""
    values: dict[str, np.ndarray] = field(default_factory=dict)
    """Further numbers of each place, each of shape (n,)."""
    comments: tuple[str, ...] = ()
    """Remarks in the header, such as the unit."""


def write_ply(
    path: Path | str,
    places: np.ndarray,
    *,
    faces: np.ndarray | None = None,
    edges: np.ndarray | None = None,
    values: dict[str, np.ndarray] | None = None,
    comments: Sequence[str] = (),
) -> Path:
    """Write places with values, and triangles or lines between them, as binary PLY.

    Parameters
    ----------
    path : Path or str
        Where to.
    places : ndarray, shape (n, 3)
        Columns x, y, z.
    faces : ndarray of int, shape (m, 3), optional
        Triangles.
    edges : ndarray of int, shape (k, 2), optional
        Lines.
    values : dict of str to ndarray, each of shape (n,), optional
        Numbers of each place, by name.
    comments : sequence of str
        Lines for the header; say the unit here.

    Raises
    ------
    SaveError
        If it cannot be written; what had the name before is untouched.
    """
    path = Path(path)
    vertex = _table(dict(zip("xyz", np.asarray(places, "<f4").T, strict=True)) | (values or {}), len(places))
    head = ["ply", "format binary_little_endian 1.0", *(f"comment {' '.join(c.split())}" for c in comments)]
    head += [f"element vertex {len(vertex)}"]
    head += [f"property {_NAMES[vertex.dtype[n].str]} {n}" for n in vertex.dtype.names or ()]
    bodies = [vertex]
    if faces is not None:
        head += [f"element face {len(faces)}", "property list uchar int vertex_indices"]
        table = np.empty(len(faces), [("n", "u1"), ("corners", "<i4", (3,))])
        table["n"], table["corners"] = 3, faces
        bodies.append(table)
    if edges is not None:
        head += [f"element edge {len(edges)}", "property int vertex1", "property int vertex2"]
        bodies.append(np.ascontiguousarray(edges, "<i4"))
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        file.write("\n".join([*head, "end_header", ""]).encode("ascii"))
        for body in bodies:
            file.write(body.data if body.size else b"")
    return path


def _table(columns: dict[str, np.ndarray], length: int) -> np.ndarray:
    kinds = {name: np.asarray(column).dtype.newbyteorder("<") for name, column in columns.items()}
    table = np.empty(length, [(name, kind if kind.str in _NAMES else "<f4") for name, kind in kinds.items()])
    for name, column in columns.items():
        table[name] = column
    return table


def read_ply(path: Path | str) -> Ply:
    """Read a binary PLY file of triangles or lines.

    Raises
    ------
    InputNotFoundError
        If there is no such file.
    FileFormatError
        If it is not a binary little-endian PLY of places, triangles and lines.
    CorruptFileError
        If it is cut, or an index points nowhere.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputNotFoundError(f"{path} does not exist. Check the name.") from None
    end = content.find(b"end_header\n", 0, _LONGEST_HEADER)
    if not content.startswith(b"ply\n") or end < 0:
        raise FileFormatError(f"{path.name} is not a PLY file.")
    lines = content[:end].decode("ascii", "replace").splitlines()
    if "format binary_little_endian 1.0" not in lines:
        raise FileFormatError(f"{path.name} is a PLY of another kind; expected binary_little_endian 1.0.")
    elements = _elements(lines, path.name)
    at, tables = end + len(b"end_header\n"), {}
    for name, count, kind in elements:
        size = count * kind.itemsize
        if len(content) - at < size:
            raise CorruptFileError(f"{path.name} is cut: {name} {count} need {size} bytes from byte {at} on.")
        tables[name] = np.frombuffer(content, kind, count, at)
        at += size
    return _assembled(tables, tuple(x[8:] for x in lines if x.startswith("comment ")), path.name)


def _elements(lines: list[str], name: str) -> list[tuple[str, int, np.dtype]]:
    """Return the elements of a header: name, count and the type of one record."""
    found: list[tuple[str, int, list[tuple[str, ...]]]] = []
    for words in (line.split() for line in lines):
        if words[:1] == ["element"] and len(words) == 3 and words[2].isdecimal():
            found.append((words[1], int(words[2]), []))
        elif words[:1] == ["property"] and found:
            kinds = [_TYPES.get(word) for word in words[1:-1] if word != "list"]
            if None in kinds or len(kinds) != (2 if words[1] == "list" else 1):
                raise FileFormatError(f"{name}: the property {' '.join(words[1:])!r} is not understood.")
            if words[1] == "list":  # triangles: three indices each, checked when they are read
                found[-1][2].extend([("n", str(kinds[0])), ("corners", f"(3,){kinds[1]}")])
            else:
                found[-1][2].append((words[-1], str(kinds[0])))
    try:
        return [(element, count, np.dtype(fields)) for element, count, fields in found]
    except (ValueError, TypeError) as error:
        raise FileFormatError(f"{name}: the header is not understood ({error}).") from None


def _assembled(tables: dict[str, np.ndarray], comments: tuple[str, ...], name: str) -> Ply:
    vertex = tables.get("vertex")
    if vertex is None or not {"x", "y", "z"} <= set(vertex.dtype.names or ()):
        raise FileFormatError(f"{name} holds no places x, y, z.")
    faces, edges = np.empty((0, 3), np.int32), np.empty((0, 2), np.int32)
    if "face" in tables:
        if "corners" not in (tables["face"].dtype.names or ()) or (tables["face"]["n"] != 3).any():
            raise FileFormatError(f"{name} holds faces that are not triangles.")
        faces = tables["face"]["corners"].astype(np.int32)
    if "edge" in tables:
        edges = np.stack([tables["edge"][end] for end in ("vertex1", "vertex2")], 1).astype(np.int32)
    for links in (faces, edges):
        if links.size and not (links.min() >= 0 and links.max() < len(vertex)):
            raise CorruptFileError(f"{name}: an index points outside its {len(vertex)} places.")
    values = {n: vertex[n].copy() for n in vertex.dtype.names or () if n not in ("x", "y", "z")}
    places = np.stack([vertex[axis] for axis in "xyz"], 1).astype(np.float32)
    return Ply(places=places, faces=faces, edges=edges, values=values, comments=comments)
