"""The words ``microgen`` understands, built from the table of operations."""

import argparse
import re
from pathlib import Path
from typing import Any, NoReturn

from .. import __version__
from ..errors import ParameterError
from ..operations import OPERATIONS, Operation
from ..parameters import Description, Parameter, describe
from .values import option_name, parse

READING_OPTIONS = ("voxel_size", "unit", "axes", "channel", "allow_partial")
_METAVARS = {"image": "IN", "path": "IN", "labels": "LABELS", "prediction": "PRED", "truth": "TRUTH"}


class Parser(argparse.ArgumentParser):
    """An argument parser that reports bad words as one clear error."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage."""
        ours = re.fullmatch(r"argument .+?: (--.+)", message, re.DOTALL)  # it names the option again
        text = ours[1] if ours else f"{message[0].upper()}{message[1:]}."
        raise ParameterError(f"{text} See: {self.prog} --help")


def overview() -> str:
    """Return the text of ``microgen --help`` without importing any operation."""
    lines = ["usage: microgen COMMAND [options]", "", "commands:"]
    width = max(map(len, OPERATIONS)) + 2
    lines += [f"  {operation.id:<{width}}{operation.title}" for operation in OPERATIONS.values()]
    lines += [
        f"  {'replay':<{width}}Run a recorded recipe again and compare the bytes",
        "",
        "microgen COMMAND --help explains a command. Every command takes --json (one JSON object on",
        f"standard output). Version {__version__}.",
    ]
    return "\n".join(lines)


def command_of(words: list[str]) -> tuple[Operation, list[str]]:
    """Split the command line into the operation and the rest.

    Raises
    ------
    ParameterError
        If the first words name no operation.
    """
    for count in (2, 1):
        operation = OPERATIONS.get(" ".join(words[:count]))
        if operation is not None and len(words) >= count:
            return operation, words[count:]
    kinds = [key.split()[1] for key in OPERATIONS if key.split()[0] == words[0] and " " in key]
    if kinds:
        found = f"{words[1]!r}" if len(words) > 1 else "nothing"
        raise ParameterError(f"microgen {words[0]} needs one of {', '.join(kinds)}; found {found}.")
    raise ParameterError(f"{words[0]!r} is not a command. See: microgen --help")


def build(operation: Operation) -> tuple[Parser, Description]:
    """Return the parser of one operation and what it was built from."""
    description = describe(operation.load())
    parser = Parser(prog=f"microgen {operation.id}", allow_abbrev=False, add_help=True)
    parser.description = f"{description.summary} {description.text}".strip()
    many = takes_many(description)
    for parameter in description.parameters:
        _add(parser, parameter, many=many)
    taken = {parameter.name for parameter in description.parameters}
    if any(parameter.is_volume for parameter in description.parameters):
        _add_reading(parser, taken)
    if description.returns_volume and not any(p.is_volume for p in description.parameters):
        parser.add_argument(
            "--out", type=Path, required=True, help="where to write it: .tif, .ome.tif, .zarr, .npy or .png"
        )
    elif description.returns_volume:
        parser.add_argument(
            "OUT", type=Path, help="where to write the result: .tif, .ome.tif, .zarr, .npy or .png"
        )
    elif "out" not in taken:
        parser.add_argument(
            "--out", type=Path, help="where to write the result: .csv or .json, or .xlsx for a table"
        )
    add_common(parser)
    return parser, description


def takes_many(description: Description) -> bool:
    """Return whether a command takes several files: one input, a table as the result."""
    return (
        description.returns_table and sum(parameter.positional for parameter in description.parameters) == 1
    )


def first_input(description: Description, options: argparse.Namespace) -> list[Path | None]:
    """Return the files a command was given as its input; a single one is put back as itself."""
    if not takes_many(description):
        return [None]
    name = next(parameter.name for parameter in description.parameters if parameter.positional)
    files: list[Path | None] = getattr(options, name)
    if len(files) == 1 and not options.scheduler:
        setattr(options, name, files[0])
    return files


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the options every command has."""
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    group.add_argument("--quiet", action="store_true", help="no progress on standard error")
    group.add_argument("--progress-json", action="store_true", help="progress and errors as JSON lines")
    group.add_argument("--watch-stdin", action="store_true", help="stop on the line 'cancel' or end of input")
    group.add_argument("--debug", action="store_true", help="show the traceback of an error")


def _add(parser: argparse.ArgumentParser, parameter: Parameter, *, many: bool) -> None:
    text = _help(parameter)
    if parameter.positional:
        metavar = _METAVARS.get(parameter.name, parameter.name.upper())
        if many:
            text += " Several files give one table with a row for each file and quantity."
            parser.add_argument(parameter.name, metavar=metavar, type=Path, nargs="+", help=text)
            parser.add_argument(
                "--scheduler", metavar="ADDRESS", help="dask.distributed scheduler, tcp://HOST:PORT"
            )
            return
        parser.add_argument(parameter.name, metavar=metavar, type=Path, help=text)
        return
    name = f"--{option_name(parameter)}"
    common: dict[str, Any] = {"dest": parameter.name, "default": parameter.default, "help": text}
    if parameter.type is bool and not parameter.optional:
        parser.add_argument(name, action=argparse.BooleanOptionalAction, **common)
        return
    if parameter.required:
        common["required"] = True
    if parameter.is_volume:
        parser.add_argument(name, type=Path, metavar="FILE", **common)
    elif parameter.item_types == (Path,):
        common["default"] = None if parameter.required else parameter.default
        parser.add_argument(name, nargs="+", action="extend", type=Path, metavar="FILE", **common)
    elif parameter.type == list[str]:
        common["default"] = None if parameter.required else parameter.default
        parser.add_argument(name, nargs="+", action="extend", metavar="NAME=VALUE", **common)
    else:
        parser.add_argument(name, type=_reader(parameter), metavar=_metavar(parameter), **common)


def _reader(parameter: Parameter) -> Any:
    def read(text: str) -> Any:
        try:
            return parse(parameter, text)
        except ParameterError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def _metavar(parameter: Parameter) -> str:
    if parameter.choices:
        return "{" + ",".join(str(choice) for choice in parameter.choices) + "}"
    if parameter.item_types:
        return (
            "A,B,..."
            if parameter.item_types[-1] is Ellipsis
            else ",".join("ABCDEFGH"[: len(parameter.item_types)])
        )
    return parameter.name.upper()


def _help(parameter: Parameter) -> str:
    text = parameter.help.replace("%", "%%")
    if parameter.required or parameter.default is None or parameter.positional:
        return text
    default = parameter.default
    shown = ",".join(map(str, default)) if isinstance(default, tuple | list) else default
    return f"{text} (default: {shown})"


def _add_reading(parser: argparse.ArgumentParser, taken: set[str]) -> None:
    group = parser.add_argument_group("what the file does not say")
    entries: dict[str, dict[str, Any]] = {
        "voxel_size": {"metavar": "Z,Y,X", "help": "voxel edges along plane, row, column; with --unit"},
        "unit": {"metavar": "UNIT", "help": "length unit of --voxel-size: nm, um, mm ..."},
        "axes": {"metavar": "AXES", "help": "what the dimensions are, such as ZYX"},
        "channel": {"metavar": "N", "type": int, "help": "channel of a colour or multi-channel file, from 0"},
        "allow_partial": {"action": "store_true", "help": "read what is left of a cut file"},
    }
    for name in READING_OPTIONS:
        if name not in taken:
            group.add_argument(f"--{name.replace('_', '-')}", dest=f"reading_{name}", **entries[name])


def reading_arguments(options: argparse.Namespace) -> dict[str, Any]:
    """Return the reading options that were given, as arguments of ``io.reading.read``."""
    found = {name: getattr(options, f"reading_{name}", None) for name in READING_OPTIONS}
    given = {name: value for name, value in found.items() if value not in (None, False)}
    if "voxel_size" in given:
        given["voxel_size"] = _voxel_size(given["voxel_size"])
        if "unit" not in given:
            raise ParameterError(
                "--voxel-size needs --unit, for example --voxel-size 25,18.6,18.6 --unit nm."
            )
    elif "unit" in given:
        raise ParameterError(f"--unit {given['unit']} was given without --voxel-size Z,Y,X.")
    return given


def _voxel_size(text: str) -> tuple[float | None, ...]:
    try:
        edges = tuple(None if part.strip().lower() == "none" else float(part) for part in text.split(","))
    except ValueError:
        edges = ()
    if len(edges) not in (1, 2, 3):
        raise ParameterError(
            f"--voxel-size got {text!r}; expected edges along plane, row and column, such as 25,18.6,18.6 "
            f"(one number for cubic voxels)."
        )
    return edges * 3 if len(edges) == 1 else edges
