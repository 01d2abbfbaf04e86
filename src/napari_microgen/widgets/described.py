"""What an operation asks for; of a heavy one it is read off its source, since importing it loads torch."""

import ast
import inspect
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from ..features import FeatureTable
from ..generate.options import TrainingOptions
from ..generate.training_operation import training_operation
from ..operations import OPERATIONS
from ..parameters import Description, describe
from ..progress import Steps
from ..volume import Volume

_TYPES: dict[str, Any] = {
    "Any": Any,
    "FeatureTable": FeatureTable,
    "Path": Path,
    "Steps": Steps,
    "TrainingOptions": TrainingOptions,
    "Volume": Volume,
    "bool": bool,
    "dict": dict,
    "float": float,
    "int": int,
    "list": list,
    "str": str,
    "tuple": tuple,
}
_DECORATORS: dict[str, Any] = {"training_operation": training_operation}
"""Those that change what an operation asks for."""


@cache
def described(identifier: str) -> Description:
    """Return the description of an operation without importing torch into the window."""
    operation = OPERATIONS[identifier]
    if not operation.heavy:
        return describe(operation.load())
    module, _, name = operation.function.partition(":")
    spec = find_spec(f"napari_microgen.{module}")
    if spec is None or spec.origin is None:
        raise ImportError(f"The source of {operation.function} is not there.")
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    (node,) = (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name)
    return describe(_stand_in(node))


def _stand_in(node: ast.FunctionDef) -> Any:
    """Return a function with the signature and the docstring of another one's source."""

    def stand_in() -> None:
        raise NotImplementedError("This describes an operation; run it by the command line.")

    by_place = [*node.args.posonlyargs, *node.args.args]
    gaps = [None] * (len(by_place) - len(node.args.defaults))
    kinds = inspect.Parameter
    parameters = [
        _parameter(argument, default, kinds.POSITIONAL_OR_KEYWORD)
        for argument, default in zip(by_place, [*gaps, *node.args.defaults], strict=True)
    ] + [
        _parameter(argument, default, kinds.KEYWORD_ONLY)
        for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    ]
    stand_in.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        parameters, return_annotation=_type(node.returns)
    )
    stand_in.__doc__ = ast.get_docstring(node)
    made: Any = stand_in
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call):
            words = {word.arg: ast.literal_eval(word.value) for word in decorator.keywords if word.arg}
            made = _DECORATORS[ast.unparse(decorator.func)](**words)(made)
    return made


def _parameter(argument: ast.arg, default: ast.expr | None, kind: Any) -> inspect.Parameter:
    value = inspect.Parameter.empty if default is None else _value(default)
    return inspect.Parameter(argument.arg, kind, default=value, annotation=_type(argument.annotation))


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Path":
        return Path(*(ast.literal_eval(argument) for argument in node.args))
    return ast.literal_eval(node)


def _type(node: ast.expr | None) -> Any:
    """Return the type an annotation stands for."""
    if isinstance(node, ast.Name):
        return _TYPES[node.id]
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.BinOp):
        return _type(node.left) | _type(node.right)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if node.value.id == "Literal":
            return Literal[tuple(ast.literal_eval(part) for part in parts)]
        return _TYPES[node.value.id][tuple(_type(part) for part in parts)]
    raise TypeError(f"The annotation {ast.unparse(node) if node else None} is not known here.")
