"""Which quantities there are: read off the files of this folder without importing them."""

import ast
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import ParameterError

_FIELDS = ("NAMES", "NEEDS_LENGTH", "DIMENSIONS", "BYTES_PER_VOXEL", "UNDEFINED_WHEN")


@dataclass(frozen=True)
class Quantity:
    """One file of this folder that measures something."""

    module: str
    """Name of the file without its ending."""
    names: tuple[str, ...]
    """Feature names it gives."""
    needs_length: bool
    """True if it is undefined without a voxel size."""
    dimensions: tuple[int, ...]
    """2, 3 or both."""
    bytes_per_voxel: float
    """Memory it takes beside its input."""
    undefined_when: str
    """When it has no value, in words."""
    derived_from: tuple[str, ...] = ()
    """Features it follows from; its ``derive`` needs no image."""

    def load(self) -> ModuleType:
        """Import the file."""
        return import_module(f"{__package__}.{self.module}")


@cache
def quantities() -> tuple[Quantity, ...]:
    """Return every quantity, in the order of the file names."""
    found = (_read(path) for path in sorted(Path(__file__).parent.glob("*.py")))
    return tuple(quantity for quantity in found if quantity is not None)


def chosen(names: tuple[str, ...], dimension: int) -> tuple[Quantity, ...]:
    """Return the quantities that give the features called ``names`` ("all" for each that fits).

    Raises
    ------
    ParameterError
        If a name is unknown.
    """
    everything = quantities()
    if "all" in names:
        return tuple(q for q in everything if dimension in q.dimensions)
    picked: list[Quantity] = []
    for name in names:
        match = [q for q in everything if name in q.names or name.split(".")[0] in q.names]
        if not match:
            known = sorted({n for q in everything for n in q.names})
            raise ParameterError(f"{name!r} is not a quantity; there are all, {', '.join(known)}.")
        picked += [q for q in match if q not in picked]
    return tuple(picked)


def _read(path: Path) -> Quantity | None:
    constants: dict[str, Any] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        for target in targets:
            if isinstance(target, ast.Name) and target.id in (*_FIELDS, "DERIVED_FROM"):
                constants[target.id] = ast.literal_eval(node.value)  # type: ignore[attr-defined]
    if "NAMES" not in constants:
        return None
    values = {name.lower(): constants[name] for name in _FIELDS}
    return Quantity(module=path.stem, **values, derived_from=constants.get("DERIVED_FROM", ()))
