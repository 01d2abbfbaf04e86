"""Tables of process conditions from CSV: what each column is, units, and every bad cell at once."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..conditions import Condition, ConditionTable
from ..conditions.condition import Transform
from ..errors import ConditionsError, TableError, UnitError
from .condition_rows import matching_rows
from .header_units import convert
from .number_style import is_missing
from .table_csv import CsvTable, read_table, write_table

IMAGE_NAMES = ("file", "file name", "filename", "image", "image name", "image file", "path", "name")
LIBRARY_NAMES = ("library", "sample", "sample id", "sample key", "specimen", "specimen id")
MICROGRAPH_NAMES = ("micrograph", "micrograph id")
PIXEL_NAMES = ("pixel size",)
"""Heads under which these columns are found, unless others are stated; ``_`` counts as a blank."""
OUTCOME_NAMES = ("split", "set", "fold", "label", "class", "structure")
"""Heads of columns that are no conditions unless they are named as such."""

MOST_LABELS = 50
"""A column of text with more different texts than this is taken for remarks, unless it is named."""
SHOWN = 12
"""Problems of one kind that a message lists in full."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a user may say about a table of conditions; what is left out is found and shown."""

    columns: Sequence[str] | None = None
    """Columns that are conditions; all that are nothing else if left out (see `OUTCOME_NAMES`)."""
    image: str | None = None
    """Column with the names of the images."""
    libraries: str | None = None
    """Column with the sample or library of each image."""
    micrograph: str | None = None
    """Column with the micrograph each image was taken from."""
    categorical: Sequence[str] = ()
    """Columns whose numbers are labels."""
    log: Sequence[str] = ()
    """Conditions on a logarithmic scale (above 0)."""
    log1p: Sequence[str] = ()
    """Conditions on the scale log(1 + x)."""
    units: Mapping[str, str] | None = None
    """Unit to convert a column to."""
    where: Sequence[str] = ()
    """Rows to keep: ``NAME=VALUE``, ``NAME=LOW:HIGH`` or ``NAME!=VALUE``, all of them."""
    pixel_size: str | None = None
    """Column with the pixel size of each image, with a length unit in its head."""
    magnification: str | None = None
    """Column with the magnification, such as ``1964X``, for rows without a pixel size."""
    pixel_at_1x: float | None = None
    """Pixel size at a magnification of 1, in um, to turn magnifications into pixel sizes."""
    delimiter: str | None = None
    """Sign between columns."""
    decimal: str | None = None
    """Decimal sign."""


def read_conditions(path: Path | str, reading: Reading | None = None, **options: Any) -> ConditionTable:
    """Read a table of process conditions, one row per image.

    Parameters
    ----------
    path : Path or str
        CSV with one head line; units in the head, such as ``temperature [C]``.
    reading : Reading, optional
        What is known about the table.
    **options
        Fields of `Reading`, in place of the object.

    Returns
    -------
    ConditionTable
        With ``facts``: encoding, delimiter, decimal sign, what each column was taken for, pixel
        sizes, duplicates, rows left out.

    Raises
    ------
    ConditionsError
        If cells are no numbers, names are missing or the same, or units do not fit; all of
        them are listed.
    TableError
        If the table itself cannot be read (see `read_table`).
    """
    reading = Reading(**options) if reading is None else reading
    csv = read_table(path, delimiter=reading.delimiter, decimal=reading.decimal)
    return conditions_of(csv, reading)


def write_conditions(path: Path | str, table: ConditionTable) -> None:
    """Write a table of conditions as CSV that `read_conditions` reads again.

    Parameters
    ----------
    path : Path or str
        Where; the file appears whole or not at all.
    table : ConditionTable
        Columns: ``file``, ``library`` and ``micrograph`` where they are known, the conditions with
        their units, ``pixel size``.
    """
    cells: dict[str, Sequence[Any]] = {"file": list(table.images)}
    units = {c.name: c.unit for c in table.conditions if c.unit is not None}
    if table.libraries:
        cells["library"] = list(table.libraries)
    if table.micrographs != table.images:
        cells["micrograph"] = list(table.micrographs)
    cells |= {c.name: column.tolist() for c, column in zip(table.conditions, table.columns, strict=True)}
    if table.pixel_sizes is not None:
        cells["pixel size"] = table.pixel_sizes.tolist()
        units["pixel size"] = table.pixel_unit
    write_table(path, cells, units)


def conditions_of(csv: CsvTable, reading: Reading, found: Sequence[str] = ()) -> ConditionTable:
    """Return the conditions in a table that was read; see `read_conditions`.

    Problems ``found`` before are raised together with those of the cells.
    """
    roles = _Roles.of(csv, reading)
    rows = matching_rows(csv, reading.where)
    problems = [*found, *_name_problems(csv, roles.image, rows)]
    conditions, columns = [], []
    for name in roles.conditions:
        condition, column, bad = _column(csv, name, rows, reading)
        problems += bad
        conditions.append(condition)
        columns.append(column)
    sizes, bad = _pixel_sizes(csv, roles, rows, reading)
    raise_problems(csv.source, problems + bad)
    table = ConditionTable(
        tuple(conditions),
        tuple(columns),
        _cells(csv, roles.image, rows) or tuple(f"row {csv.lines[row]}" for row in rows),
        _cells(csv, roles.micrograph, rows),
        _cells(csv, roles.libraries, rows),
        sizes,
        facts=csv.described() | roles.facts() | _facts(csv, rows, reading),
    )
    for name, transform in _transforms(reading).items():
        table = table.declared(name, transform=transform)
    return table


def found_roles(csv: CsvTable, reading: Reading) -> dict[str, Any]:
    """Return which column is what, to show before the cells are read.

    Returns
    -------
    dict
        ``conditions`` and ``columns_left_out`` (names), ``image``, ``library``, ``micrograph`` and
        ``pixel_size`` (a name or None).

    Raises
    ------
    TableError
        If a stated column is not there, or nothing is a condition.
    """
    return _Roles.of(csv, reading).facts()


def raise_problems(source: str, problems: Sequence[str]) -> None:
    """Raise one error that lists all problems, if there are any."""
    if problems:
        listed = "; ".join(f"({number}) {text}" for number, text in enumerate(problems, 1))
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ConditionsError(f"{source} has {count}: {listed}", tuple(problems))


def listed(names: Sequence[str]) -> str:
    """Return names for a message, the first ones if there are many."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


@dataclass(frozen=True)
class _Roles:
    """Which column is what."""

    conditions: tuple[str, ...]
    image: str | None
    libraries: str | None
    micrograph: str | None
    pixel_size: str | None
    left_out: tuple[str, ...]

    @classmethod
    def of(cls, csv: CsvTable, reading: Reading) -> "_Roles":
        stated = [
            reading.image,
            reading.libraries,
            reading.micrograph,
            reading.pixel_size,
            reading.magnification,
        ]
        stated += [
            *(reading.columns or ()),
            *reading.categorical,
            *(reading.units or {}),
            *_transforms(reading),
        ]
        absent = sorted({name for name in stated if name is not None and name not in csv})
        if absent:
            raise TableError(
                f"{csv.source} has no column {', '.join(absent)}; its columns are {', '.join(csv.names)}."
            )
        taken = set(reading.columns or ())
        image = reading.image or image_column(csv, taken)
        libraries = reading.libraries or _found(csv, LIBRARY_NAMES, taken)
        micrograph = reading.micrograph or _found(csv, MICROGRAPH_NAMES, taken)
        pixel_size = reading.pixel_size or _found(csv, PIXEL_NAMES, taken)
        special = {image, libraries, micrograph, pixel_size, reading.magnification}
        rest = [name for name in csv.names if name not in special]
        chosen = tuple(rest if reading.columns is None else reading.columns)
        if reading.columns is None:
            chosen = tuple(name for name in chosen if _is_condition(csv, name, reading))
        if not chosen:
            raise TableError(f"{csv.source} holds no conditions; its columns are {', '.join(csv.names)}.")
        left_out = tuple(name for name in rest if name not in chosen)
        return cls(chosen, image, libraries, micrograph, pixel_size, left_out)

    def facts(self) -> dict[str, Any]:
        return {
            "conditions": list(self.conditions),
            "image": self.image,
            "library": self.libraries,
            "micrograph": self.micrograph,
            "pixel_size": self.pixel_size,
            "columns_left_out": list(self.left_out),
        }


def image_column(csv: CsvTable, taken: Collection[str] = ()) -> str | None:
    """Return the column with the names of the images, told by its head; None if there is none."""
    return _found(csv, IMAGE_NAMES, taken)


def _found(csv: CsvTable, names: Sequence[str], taken: Collection[str]) -> str | None:
    """Return the column that is called like the first of these names there is."""
    known = {_plain(name): name for name in reversed(csv.names) if name not in taken}
    return next((known[name] for name in names if name in known), None)


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").lower().split())


def _is_condition(csv: CsvTable, name: str, reading: Reading) -> bool:
    cells = {cell for cell in csv[name].cells if not is_missing(cell)}
    numbers = sum(csv.style.parse(cell) is not None for cell in cells)
    if _plain(name) in OUTCOME_NAMES:
        return name in reading.categorical
    return name in reading.categorical or 2 * numbers > len(cells) or 0 < len(cells) <= MOST_LABELS


def _transforms(reading: Reading) -> dict[str, Transform]:
    return {**dict.fromkeys(reading.log, "log"), **dict.fromkeys(reading.log1p, "log1p")}


def _name_problems(csv: CsvTable, image: str | None, rows: np.ndarray) -> list[str]:
    """Return what is wrong with the names of the images: none, or one twice."""
    if image is None:
        return []
    cells = csv[image].cells
    first: dict[str, int] = {}
    problems = [f"line {csv.lines[row]} names no image in column {image!r}" for row in rows if not cells[row]]
    for row in rows:
        before = first.setdefault(cells[row], row)
        if before != row and cells[row]:
            problems.append(f"{cells[row]} stands in lines {csv.lines[before]} and {csv.lines[row]}")
    return problems


def _column(
    csv: CsvTable, name: str, rows: np.ndarray, reading: Reading
) -> tuple[Condition, np.ndarray, list[str]]:
    cells, unit = csv[name].cells, csv[name].unit
    texts = [cells[row] for row in rows]
    known = [text for text in texts if not is_missing(text)]
    numbers = sum(csv.style.parse(text) is not None for text in known)
    if name in reading.categorical or (known and 2 * numbers <= len(known)):
        labels = np.array(["" if is_missing(text) else text for text in texts], dtype=np.str_)
        return Condition(name, unit, "categorical"), labels, []
    values, problems = np.full(len(texts), np.nan), []
    for place, (row, text) in enumerate(zip(rows, texts, strict=True)):
        value = None if is_missing(text) else csv.style.parse(text)
        if value is not None:
            values[place] = value
        elif not is_missing(text):
            problems.append(f"line {csv.lines[row]}, column {name!r} holds {text!r}, which is not a number")
    low = {"log": 0.0, "log1p": -1.0}.get(_transforms(reading).get(name, ""))
    if low is not None:
        problems += [
            f"line {csv.lines[row]}, column {name!r} holds {text!r}; "
            f"its logarithmic scale needs numbers above {low:g}"
            for row, text, value in zip(rows, texts, values, strict=True)
            if value <= low
        ]
        values[values <= low] = np.nan
    wanted = (reading.units or {}).get(name)
    try:
        values = values if wanted is None else _converted(values, unit or "1", wanted)
    except UnitError as error:
        problems.append(f"column {name!r}: {error}")
    return Condition(name, wanted or unit), values, problems


def _converted(values: np.ndarray, unit: str, wanted: str) -> np.ndarray:
    """Return values in another unit; in a table of conditions h is an hour, and C next to K a temperature."""
    one, other = (_SHORT.get(text.strip(), text) for text in (unit, wanted))
    if {one, other} & _KELVIN or {one, other} <= {"C", "F"}:
        one, other = (_DEGREES.get(text, text) for text in (one, other))
    return np.asarray(convert(values, one, other), float)


_SHORT = {"h": "hour"}
_DEGREES = {"C": "degC", "F": "degF"}
_KELVIN = {"K", "°C", "degC", "°F", "degF"}


def _pixel_sizes(
    csv: CsvTable, roles: _Roles, rows: np.ndarray, reading: Reading
) -> tuple[np.ndarray | None, list[str]]:
    """Return pixel edges in um, from their column and from magnifications."""
    sizes, problems = np.full(len(rows), np.nan), []
    if roles.pixel_size is not None:
        unit = csv[roles.pixel_size].unit
        try:
            sizes = np.asarray(convert(csv.numbers(roles.pixel_size)[rows], unit or "1", "um"), float)
        except (UnitError, TableError) as error:
            problems.append(f"column {roles.pixel_size!r}: {error}")
    if reading.magnification is not None and reading.pixel_at_1x is not None:
        cells = csv[reading.magnification].cells
        times = np.array([_magnification(cells[row], csv) for row in rows])
        sizes = np.where(np.isnan(sizes), reading.pixel_at_1x / times, sizes)
    problems += [
        f"line {csv.lines[row]}: a pixel size of {size:g} um is no length"
        for row, size in zip(rows, sizes, strict=True)
        if size <= 0
    ]
    return (None if np.isnan(sizes).all() else sizes), problems


def _magnification(text: str, csv: CsvTable) -> float:
    """Return the number in ``1964X``, ``x 5k`` or ``5,000 x``; NaN if there is none."""
    match = re.fullmatch(r"[x×]?\s*(?P<number>.*?\d)\s*(?P<kilo>k?)\s*[x×]?", text.strip(), re.IGNORECASE)
    value = csv.style.parse(match["number"]) if match else None
    if match is None or value is None or value <= 0:
        return np.nan
    return value * (1000 if match["kilo"] else 1)


def _cells(csv: CsvTable, name: str | None, rows: np.ndarray) -> tuple[str, ...]:
    return () if name is None else tuple(csv[name].cells[row] for row in rows)


def _facts(csv: CsvTable, rows: np.ndarray, reading: Reading) -> dict[str, Any]:
    kept = set(rows.tolist())
    repeated = [csv.lines[row] for row, other in csv.duplicates().items() if {row, other} <= kept]
    return {"rows_kept": len(rows), "where": list(reading.where), "lines_repeating_another": repeated}
