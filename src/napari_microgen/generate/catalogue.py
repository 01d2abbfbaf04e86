"""Which generators there are: the files in ``methods``, found without importing them."""

import ast
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelFileError

if TYPE_CHECKING:
    from .contract import Generator

FOLDER = Path(__file__).with_name("methods")


@cache
def titles() -> Mapping[str, str]:
    """Return the first line of each generator's file by the name of the generator.

    Examples
    --------
    >>> "edm" in titles(), "acwgan-gp" in titles()
    (True, True)
    """
    files = sorted(path for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))
    return {path.stem.replace("_", "-"): _title(path) for path in files}


def load(name: str) -> "type[Generator[Any]]":
    """Import a generator and return its class.

    Parameters
    ----------
    name : str
        A key of `titles`.

    Raises
    ------
    ModelFileError
        If there is no such generator; nothing is imported then.
    """
    if name not in titles():
        raise ModelFileError(f"{str(name)[:60]!r} is no generator; there are {', '.join(titles())}.")
    module = import_module(f"{__package__}.methods.{name.replace('-', '_')}")
    return module.GENERATOR  # type: ignore[no-any-return]


def operation_function(name: str) -> str:
    """Return where the operation that trains a generator lives, as ``module:function``."""
    stem = name.replace("-", "_")
    return f"generate.methods.{stem}:train_{stem}"


def _title(path: Path) -> str:
    document = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    title = document.split("\n", 1)[0].partition(":")[0].rstrip(".")
    return title if title[:2].isupper() else title[:1].lower() + title[1:]
