"""Images matched to the rows of a table of conditions, all that does not match listed at once."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from ..conditions import ConditionTable
from ..errors import InputNotFoundError, TableError
from .condition_rows import matching_rows
from .conditions import Reading, conditions_of, image_column, listed
from .formats import IMAGE_SUFFIXES
from .table_csv import CsvTable, read_table

STORE = ".zarr"
"""End of the name of a folder that is a store: one image, or a stack whose planes share a row."""


@dataclass(frozen=True, eq=False)
class ConditionedImages:
    """Image files with the conditions they were made under."""

    table: ConditionTable
    """One row per image."""
    paths: tuple[Path, ...]
    """File of each row."""

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def facts(self) -> dict[str, Any]:
        """How table and images were read."""
        return self.table.facts

    def select(self, rows: Any) -> "ConditionedImages":
        """Return some rows with their files."""
        table = self.table.select(rows)
        place = dict(zip(self.table.images, self.paths, strict=True))
        return ConditionedImages(table, tuple(place[image] for image in table.images))


def read_condition_images(
    images: Path | str,
    conditions: Path | str,
    reading: Reading | None = None,
    *,
    extra: Literal["refuse", "leave out"] = "refuse",
    **options: Any,
) -> ConditionedImages:
    """Read a table of conditions and find the image of each row.

    A row names its image by path, file name or file name without its ending; case does not
    matter where only one file fits.

    Parameters
    ----------
    images : Path or str
        Folder with the images, subfolders included.
    conditions : Path or str
        CSV with one row per image.
    reading : Reading, optional
        What is known about the table.
    extra : {"refuse", "leave out"}
        What to do with image files that no row names; refused, so that none is forgotten.
    **options
        Fields of `Reading`, in place of the object.

    Returns
    -------
    ConditionedImages
        The table, in its order, and the file of each row.

    Raises
    ------
    ConditionsError
        If anything does not fit: rows without image, images without row, names that fit several
        files, files named twice, cells that are no numbers. All problems are listed.
    InputNotFoundError
        If the folder is not there or holds no images.
    """
    reading = Reading(**options) if reading is None else reading
    csv = read_table(conditions, delimiter=reading.delimiter, decimal=reading.decimal)
    root, files = Path(images), image_files(images)
    column = reading.image or image_column(csv) or _best_fit(csv, files, root)
    everything = csv[column].cells
    names = [everything[row] for row in matching_rows(csv, reading.where)]
    found, problems = match_images([name for name in names if name], files, root)
    if extra == "refuse":
        problems += _unnamed(files, everything, root)
    table = conditions_of(csv, replace(reading, image=column), problems)
    unused = len(files) - len(set(found.values()))
    facts = table.facts | {"images": str(images), "image_files": len(files), "image_files_not_used": unused}
    return ConditionedImages(replace(table, facts=facts), tuple(found[name] for name in table.images))


def image_files(folder: Path | str) -> list[Path]:
    """Return the image files and stores (``.zarr``) in a folder and below it, sorted; hidden ones left out.

    Raises
    ------
    InputNotFoundError
        If there is no such folder, or no image in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputNotFoundError(f"{folder} is not a folder; give the folder that holds the images.")
    files: list[Path] = []
    for root, folders, names in os.walk(folder):
        stores = {name for name in folders if name.lower().endswith(STORE)}
        files += (Path(root, name) for name in stores if not name.startswith("."))
        folders[:] = [name for name in folders if name not in stores and not name.startswith(".")]
        files += (
            path
            for path in (Path(root, name) for name in names if not name.startswith("."))
            if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()
        )
    if not files:
        raise InputNotFoundError(f"{folder} holds no images; expected {', '.join((*IMAGE_SUFFIXES, STORE))}.")
    return sorted(files)


def match_images(
    names: Sequence[str], files: Sequence[Path], root: Path
) -> tuple[dict[str, Path], list[str]]:
    """Find the file each name means.

    Parameters
    ----------
    names : sequence of str
        Paths, file names, or file names without ending.
    files : sequence of Path
        The files there are.
    root : Path
        Folder they were found in.

    Returns
    -------
    found : dict of Path
        By name.
    problems : list of str
        Names without a file, with several, and files that two names mean.
    """
    levels = _levels(files)
    found: dict[str, Path] = {}
    absent: list[str] = []
    problems: list[str] = []
    for name in dict.fromkeys(names):
        fitting = _fitting(name, levels, root)
        if len(fitting) == 1:
            found[name] = fitting[0]
        elif fitting:
            paths = listed([path.relative_to(root).as_posix() for path in fitting])
            problems.append(f"{name!r} could be {paths}; give the path")
        else:
            absent.append(name)
    if absent:
        problems.insert(0, f"{len(absent)} of {len(set(names))} images are not in {root}: {listed(absent)}")
    owners: dict[Path, str] = {}
    for name, path in found.items():
        if path in owners:
            problems.append(f"{owners[path]!r} and {name!r} are both {path.relative_to(root).as_posix()}")
        owners[path] = name
    return found, problems


Levels = tuple[tuple[Callable[[str], str], dict[str, list[Path]]], ...]


def _levels(files: Sequence[Path]) -> Levels:
    """Index the files by name, by name whatever its case, and by both without the ending."""
    keys: tuple[Callable[[str], str], ...] = (
        lambda name: name,
        str.casefold,
        _stem,
        lambda name: _stem(name).casefold(),
    )
    levels = []
    for key in keys:
        index: dict[str, list[Path]] = {}
        for path in files:
            index.setdefault(key(path.name), []).append(path)
        levels.append((key, index))
    return tuple(levels)


def _stem(name: str) -> str:
    head, dot, ending = name.rpartition(".")
    return head if dot and f".{ending.lower()}" in (*IMAGE_SUFFIXES, STORE) else name


def _fitting(name: str, levels: Levels, root: Path) -> list[Path]:
    """Return the files of a name, narrowed by its folders where it gives some."""
    wanted = PurePosixPath(name.replace("\\", "/"))
    for key, index in levels:
        fitting = index.get(key(wanted.name), [])
        if len(fitting) > 1:
            folders = [path.relative_to(root).parts[:-1] for path in fitting]
            given = [part for part in wanted.parts[:-1] if part not in (".", "/")]
            narrowed = [
                path
                for path, own in zip(fitting, folders, strict=True)
                if list(own[max(0, len(own) - len(given)) :]) == given[max(0, len(given) - len(own)) :]
            ]
            exact = [path for path, own in zip(fitting, folders, strict=True) if list(own) == given]
            fitting = exact or narrowed or fitting
        if fitting:
            return fitting
    return []


def _unnamed(files: Sequence[Path], names: Sequence[str], root: Path) -> list[str]:
    """Return the problem that images stand in no row, if some do."""
    named = set(match_images([name for name in names if name], files, root)[0].values())
    left = [path.relative_to(root).as_posix() for path in files if path not in named]
    if not left:
        return []
    return [f"{len(left)} of {len(files)} image files stand in no row: {listed(left)}"]


def _best_fit(csv: CsvTable, files: Sequence[Path], root: Path) -> str:
    """Return the column whose cells name most files."""
    fits = {name: len(match_images([c for c in csv[name].cells if c], files, root)[0]) for name in csv.names}
    best = max(fits, key=lambda name: fits[name])
    if not fits[best]:
        raise TableError(
            f"No column of {csv.source} names images of {root}: its columns are {', '.join(csv.names)}; "
            f"an image there is {files[0].name}. State the column (image=...)."
        )
    return best
