"""Check and write what all simulators take and give."""

from functools import partial
from pathlib import Path

from ..errors import ParameterError
from ..features import FeatureTable
from ..io.atomic import require_writable
from ..io.writing import write, write_table
from ..progress import Steps, waited
from ..volume import Volume


def require_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return a shape of three axes.

    Raises
    ------
    ParameterError
        If an axis is missing or shorter than 1.
    """
    if len(shape) != 3 or min(shape) < 1:
        raise ParameterError(f"The shape is {tuple(shape)}; give planes, rows and columns, each at least 1.")
    return int(shape[0]), int(shape[1]), int(shape[2])


def write_simulation(out: Path, volumes: dict[str, Volume], truth: FeatureTable) -> Steps[list[str]]:
    """Write volumes as ``NAME.tif`` and the truth as ``truth.csv``; return the names of the files.

    Raises
    ------
    SaveError
        If the folder cannot be written.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    require_writable(out)
    files = []
    for index, (name, volume) in enumerate(volumes.items()):
        path = out / f"{name}.tif"
        work = partial(write, volume, path)
        yield from waited(work, index, len(volumes) + 1, f"writing {path.name}")
        files.append(path.name)
    write_table(truth, out / "truth.csv")
    return [*files, "truth.csv"]
