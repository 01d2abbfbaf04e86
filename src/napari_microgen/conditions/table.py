"""A table of process conditions: one row per image, columns with unit, kind and transform."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from ..errors import TableError
from .condition import (
    Condition,
    Transform,
    holds_text,
    label_column,
    number_column,
    plain_value,
    require_values,
    value_text,
)

if TYPE_CHECKING:
    from .binning import Bins
    from .scaling import Scaler
    from .support import Support

By = Literal["image", "micrograph", "library", "condition"]


@dataclass(frozen=True, eq=False)
class ConditionTable:
    """Process conditions, one row per image.

    Examples
    --------
    >>> table = ConditionTable.from_columns(
    ...     {"temperature": [800, 900, 900], "time": [1, 10, 100], "cooling": ["water", "air", "air"]},
    ...     units={"temperature": "C", "time": "h"},
    ...     transforms={"time": "log"},
    ... )
    >>> table.names, table["cooling"].tolist()
    (('temperature', 'time', 'cooling'), ['water', 'air', 'air'])
    >>> table.scaled().round(2).tolist()
    [[0.0, 0.0, 0.0, 1.0], [1.0, 0.5, 1.0, 0.0], [1.0, 1.0, 1.0, 0.0]]
    """

    conditions: tuple[Condition, ...]
    """What each column means."""
    columns: tuple[np.ndarray, ...]
    """Values: float64 with NaN where missing, or text with ``""`` where missing; shape (rows,)."""
    images: tuple[str, ...]
    """Name of the image of each row."""
    micrographs: tuple[str, ...] = ()
    """Micrograph each image was taken from; the image itself if left empty."""
    libraries: tuple[str, ...] = ()
    """Sample or library each image belongs to; empty if unknown."""
    pixel_sizes: np.ndarray | None = None
    """Pixel edge of each image in `pixel_unit`, NaN where unknown; None if none is known."""
    pixel_unit: str = "um"
    """Length unit of the pixel sizes."""
    facts: dict[str, Any] = field(default_factory=dict)
    """How the table was read, as plain values to show."""

    def __post_init__(self) -> None:
        if not self.micrographs:
            object.__setattr__(self, "micrographs", self.images)
        names = [condition.name for condition in self.conditions]
        double = sorted({name for name in names if names.count(name) > 1})
        if double:
            raise TableError(f"Two conditions are named {', '.join(double)}; give each its own name.")
        if len(self.columns) != len(names):
            raise TableError(f"There are {len(self.columns)} columns for {len(names)} conditions.")
        lengths = {
            "micrographs": self.micrographs,
            "libraries": self.libraries or self.images,
            "pixel sizes": self.images if self.pixel_sizes is None else self.pixel_sizes,
            **dict(zip(names, self.columns, strict=True)),
        }
        for what, values in lengths.items():
            if len(values) != len(self.images):
                raise TableError(
                    f"{what} has {len(values)} values for {len(self.images)} images; give one per image."
                )
        for condition, column in zip(self.conditions, self.columns, strict=True):
            require_values(condition, column, self.images)

    @classmethod
    def from_columns(
        cls,
        columns: Mapping[str, Sequence[Any] | np.ndarray],
        *,
        images: Sequence[str] | None = None,
        units: Mapping[str, str] | None = None,
        categorical: Sequence[str] | None = None,
        transforms: Mapping[str, Transform] | None = None,
        micrographs: Sequence[str] = (),
        libraries: Sequence[str] = (),
        pixel_sizes: Sequence[float] | np.ndarray | None = None,
        pixel_unit: str = "um",
    ) -> Self:
        """Return a table of columns.

        Parameters
        ----------
        columns : mapping of str to sequence
            Values by name; None, NaN or ``""`` where missing.
        images : sequence of str, optional
            Name of the image of each row; ``row 1``, ``row 2`` ... if left out.
        units : mapping of str to str, optional
            Unit by name.
        categorical : sequence of str, optional
            Names of columns of labels; those that hold text if left out.
        transforms : mapping of str to {"identity", "log", "log1p"}, optional
            Scale by name.
        micrographs, libraries : sequence of str, optional
            Where each image comes from.
        pixel_sizes : sequence of float, optional
            Pixel edge of each image, in ``pixel_unit``.
        pixel_unit : str
            Its length unit.

        Raises
        ------
        TableError
            If lengths differ, a name is unknown or a value does not fit its kind or scale.
        """
        units, transforms = dict(units or {}), dict(transforms or {})
        unknown = sorted({*units, *transforms, *(categorical or ())} - set(columns))
        if unknown:
            raise TableError(f"There is no column {', '.join(unknown)}; there are {', '.join(columns)}.")
        conditions, arrays = [], []
        for name, values in columns.items():
            labels = name in categorical if categorical is not None else holds_text(values)
            conditions.append(
                Condition(
                    name,
                    units.get(name),
                    "categorical" if labels else "continuous",
                    transforms.get(name, "identity"),
                )
            )
            arrays.append(label_column(values) if labels else number_column(name, values))
        rows = len(arrays[0]) if arrays else 0
        return cls(
            tuple(conditions),
            tuple(arrays),
            tuple(images) if images is not None else tuple(f"row {row}" for row in range(1, rows + 1)),
            tuple(micrographs),
            tuple(libraries),
            None if pixel_sizes is None else np.asarray(pixel_sizes, float),
            pixel_unit,
        )

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]], **options: Any) -> Self:
        """Return a table of rows; see `from_columns` for the options.

        Examples
        --------
        >>> table = ConditionTable.from_rows([{"T": 20.0}, {"T": None}], images=["a.tif", "b.tif"])
        >>> table["T"].tolist(), table.images
        ([20.0, nan], ('a.tif', 'b.tif'))
        """
        names = list(dict.fromkeys(name for row in rows for name in row))
        return cls.from_columns({name: [row.get(name) for row in rows] for name in names}, **options)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the conditions."""
        return tuple(condition.name for condition in self.conditions)

    def condition(self, name: str) -> Condition:
        """Return what a column means.

        Raises
        ------
        TableError
            If there is none of that name.
        """
        return self.conditions[self._place(name)]

    def __getitem__(self, name: str) -> np.ndarray:
        """Return the values of a condition: numbers with NaN, or text with ``""``, where missing."""
        return self.columns[self._place(name)]

    def row(self, index: int) -> dict[str, float | str | None]:
        """Return the conditions of one image; None where missing."""
        return {
            c.name: plain_value(column[index])
            for c, column in zip(self.conditions, self.columns, strict=True)
        }

    def rows(self) -> Iterator[dict[str, float | str | None]]:
        """Give the conditions of every image in order."""
        return (self.row(index) for index in range(len(self)))

    def select(self, rows: Any = None, names: Sequence[str] | None = None) -> Self:
        """Return some rows (indices or a mask) and some conditions.

        Examples
        --------
        >>> table = ConditionTable.from_columns({"T": [20, 30, 40], "p": [1, 2, 3]})
        >>> table.select([2, 0], ["T"])["T"].tolist()
        [40.0, 20.0]
        """
        index = np.arange(len(self))[slice(None) if rows is None else np.asarray(rows)]
        places = [self._place(name) for name in (self.names if names is None else names)]
        sizes = self.pixel_sizes
        return replace(
            self,
            conditions=tuple(self.conditions[place] for place in places),
            columns=tuple(self.columns[place][index] for place in places),
            images=_picked(self.images, index),
            micrographs=_picked(self.micrographs, index),
            libraries=_picked(self.libraries, index),
            pixel_sizes=None if sizes is None else sizes[index],
        )

    def declared(self, name: str, **changes: Any) -> Self:
        """Return the table with another unit or transform declared for a column.

        Examples
        --------
        >>> table = ConditionTable.from_columns({"time": [1, 10]}).declared("time", unit="h", transform="log")
        >>> table.condition("time").label, table.condition("time").transform
        ('time [h]', 'log')
        """
        place = self._place(name)
        if changes.get("kind", self.conditions[place].kind) != self.conditions[place].kind:
            raise TableError(f"The kind of {name} is fixed by its values; read the table again instead.")
        changed = replace(self.conditions[place], **changes)
        return replace(self, conditions=(*self.conditions[:place], changed, *self.conditions[place + 1 :]))

    @cached_property
    def complete(self) -> np.ndarray:
        """Mask of the rows in which no condition is missing."""
        mask = np.ones(len(self), bool)
        for column in self.columns:
            mask &= column != "" if column.dtype.kind == "U" else ~np.isnan(column)
        return mask

    def groups(self, by: By = "condition") -> tuple[np.ndarray, tuple[str, ...]]:
        """Return which rows belong together.

        Parameters
        ----------
        by : {"image", "micrograph", "library", "condition"}
            What they share.

        Returns
        -------
        group : ndarray of int, shape (rows,)
            Number of the group of each row, in order of appearance.
        names : tuple of str
            Name of each group.

        Raises
        ------
        TableError
            If the libraries are not known.
        """
        if by == "library" and not self.libraries:
            raise TableError(
                "The table does not say which library or sample an image belongs to. Name that column "
                "(libraries=...) when reading the table, or split by micrograph or condition."
            )
        labels = {
            "image": lambda: self.images,
            "micrograph": lambda: self.micrographs,
            "library": lambda: self.libraries,
            "condition": lambda: tuple(self._described(row) for row in range(len(self))),
        }
        if by not in labels:
            raise TableError(f"{by!r} is no way to group images; there are {', '.join(labels)}.")
        place: dict[str, int] = {}
        group = np.array([place.setdefault(name, len(place)) for name in labels[by]()], int)
        return group, tuple(place)

    def distinct(self) -> Self:
        """Return the first row of each distinct condition."""
        group, names = self.groups("condition")
        return self.select(np.unique(group, return_index=True)[1] if names else [])

    def scaler(self, kind: Literal["minmax", "standard"] = "minmax") -> "Scaler":
        """Return a `Scaler` fitted to this table."""
        from .scaling import Scaler

        return Scaler.fit(self, kind)

    def scaled(self, kind: Literal["minmax", "standard"] = "minmax") -> np.ndarray:
        """Return the rows as a network takes them, shape (rows, width), float32; see `Scaler.encode`."""
        return self.scaler(kind).encode(self)

    def bins(self, name: str, n: int = 3, of: Literal["range", "quantile"] = "range") -> "Bins":
        """Return `Bins` of a continuous condition; thirds of the range if left out."""
        from .binning import Bins

        return Bins.fit(self, name, n, of)

    def split(self, by: By = "micrograph", **options: Any) -> dict[str, np.ndarray]:
        """Return the rows of each part of a split; see `napari_microgen.conditions.split`."""
        from .splits import split

        return split(self, by, **options)

    def support(self) -> "Support":
        """Return the `Support` that the conditions of this table give."""
        from .support import Support

        return Support.fit(self)

    def content_hash(self) -> str:
        """Return the sha256 of conditions and image names."""
        content = {
            "conditions": [asdict(condition) for condition in self.conditions],
            "images": self.images,
            "rows": list(self.rows()),
        }
        return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def _place(self, name: str) -> int:
        if name not in self.names:
            raise TableError(f"There is no condition {name!r}; there are {', '.join(self.names)}.")
        return self.names.index(name)

    def _described(self, row: int) -> str:
        return ", ".join(f"{name}={value_text(value)}" for name, value in self.row(row).items())


def _picked(values: tuple[str, ...], index: np.ndarray) -> tuple[str, ...]:
    return tuple(values[i] for i in index) if values else ()
