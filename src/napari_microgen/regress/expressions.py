"""Formulas of features, such as ``-ln(tau) / ln(D)``: arithmetic only, with units.

A formula is read into a syntax tree and walked node by node; nothing in it is ever run
as a program.
"""

import ast
import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from ..errors import FormulaError
from ..io.header_units import pint_unit, unit_text

MAX_LENGTH = 200
"""Characters a formula may have."""


@dataclass(frozen=True)
class _Bare:
    """Unit of a number written in the formula: it takes on the unit of what it is added to."""


_BARE = _Bare()
_Value = tuple[np.ndarray, Any]
"""Numbers and their unit: a pint unit, `_BARE`, or None if unknown."""

_FUNCTIONS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "ln": np.log,
    "log10": np.log10,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "abs": np.abs,
}
_OPERATORS: Mapping[type, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
ALLOWED = f"numbers, names of columns, + - * / ** ( ) and the functions {', '.join(_FUNCTIONS)}"
"""What a formula may hold, in words."""


@dataclass(frozen=True)
class Expression:
    """A formula that was checked."""

    text: str
    """As it was written."""
    names: tuple[str, ...]
    """Columns it needs, in order of appearance."""
    tree: ast.expr
    """Its syntax tree."""

    def evaluate(
        self, columns: Mapping[str, np.ndarray], units: Mapping[str, str | None]
    ) -> tuple[np.ndarray, str | None]:
        """Compute the formula row by row.

        Parameters
        ----------
        columns : mapping of str to ndarray, shape (rows,)
            The columns it needs.
        units : mapping of str to str or None
            Their units; None if unknown.

        Returns
        -------
        values : ndarray of float64, shape (rows,)
            NaN where the formula has no finite value, or passes through none.
        unit : str or None
            Unit of the values, ``"1"`` if dimensionless (lengths in different units are
            brought together); None if a unit is unknown.

        Raises
        ------
        FormulaError
            If unlike units are added, or a function is given something with a unit.
        """
        with np.errstate(all="ignore"):
            values, unit = _walk(self.tree, self, columns, units)
        if unit is None:
            return values, None
        if unit is _BARE or unit.dimensionless:
            return _plain(values, unit), "1"
        return values, unit_text(unit)


def parse_expression(text: str) -> Expression:
    """Read and check a formula.

    Parameters
    ----------
    text : str
        Arithmetic on names of columns. A name that is no plain word stands in quotes:
        ``'strut diameter' / 2``. Names may hold dots.

    Raises
    ------
    FormulaError
        If it is not arithmetic; the message names what is not allowed.

    Examples
    --------
    >>> formula = parse_expression("-ln(tau) / ln(D)")
    >>> formula.names
    ('tau', 'D')
    >>> columns = {"tau": np.array([2.0]), "D": np.array([0.5])}
    >>> values, unit = formula.evaluate(columns, {"tau": "1", "D": "1"})
    >>> values.tolist(), unit
    ([1.0], '1')
    """
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"A formula may have {MAX_LENGTH} characters; this one has {len(text)}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise FormulaError(f"{text!r} is not a formula. A formula holds {ALLOWED}.") from None
    names: dict[str, None] = {}
    _check(tree, text, names)
    return Expression(text.strip(), tuple(names), tree)


def _check(node: ast.expr, text: str, names: dict[str, None]) -> None:
    name = _name_of(node)
    if name is not None:
        names[name] = None
    elif isinstance(node, ast.Constant) and _is_number(node.value):
        _number(node.value, text)
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        _check(node.left, text, names)
        _check(node.right, text, names)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        _check(node.operand, text, names)
    elif isinstance(node, ast.Call) and _function_of(node) is not None:
        _check(node.args[0], text, names)
    else:
        _refuse(node, text)


def _refuse(node: ast.expr, text: str) -> NoReturn:
    part = (ast.get_source_segment(text.strip(), node) or type(node).__name__)[:40]
    hint = f"A formula holds {ALLOWED}."
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor):
        hint = "Write a power as **."
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        hint = f"There are the functions {', '.join(_FUNCTIONS)}, each of one argument."
    raise FormulaError(f"{part!r} is not allowed in the formula {text!r}. {hint}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Any, text: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise FormulaError(f"A number in the formula {text!r} is too large.")
    return number


def _name_of(node: ast.expr) -> str | None:
    """Return the column a node names: a word, words joined by dots, or a quoted text."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
        return f"{_name_of(node.value)}.{node.attr}"
    return None


def _function_of(node: ast.Call) -> str | None:
    plain = isinstance(node.func, ast.Name) and len(node.args) == 1 and not node.keywords
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    return name if plain and name in _FUNCTIONS and not isinstance(node.args[0], ast.Starred) else None


def _walk(
    node: ast.expr, formula: Expression, columns: Mapping[str, np.ndarray], units: Mapping[str, str | None]
) -> _Value:
    name = _name_of(node)
    if name is not None:
        return np.asarray(columns[name], float), _known(units.get(name))
    if isinstance(node, ast.Constant):
        return np.array(_number(node.value, formula.text)), _BARE
    if isinstance(node, ast.UnaryOp):
        values, unit = _walk(node.operand, formula, columns, units)
        return (-values if isinstance(node.op, ast.USub) else values), unit
    if isinstance(node, ast.Call):
        return _called(node, _walk(node.args[0], formula, columns, units), formula)
    assert isinstance(node, ast.BinOp)
    left = _walk(node.left, formula, columns, units)
    right = _walk(node.right, formula, columns, units)
    return _combined(node.op, left, right, formula)


def _known(unit: str | None) -> Any:
    """Return a unit for arithmetic; None for labels and for scales with an offset, such as °C."""
    found = None if unit is None else pint_unit(unit)
    if found is None or any(part.startswith(("degree_C", "degree_F")) for part in found._units):
        return None
    return found


def _called(node: ast.Call, argument: _Value, formula: Expression) -> _Value:
    name = _function_of(node) or ""
    values, unit = argument
    if name == "abs":
        return np.abs(values), unit
    if name == "sqrt":
        return _finite(np.sqrt(values)), unit if unit is None or unit is _BARE else unit**0.5
    if unit is None:
        return _finite(_FUNCTIONS[name](values)), None
    if unit is not _BARE and not unit.dimensionless:
        raise FormulaError(
            f"{name}(...) in the formula {formula.text!r} is given something in {unit_text(unit)}; it needs "
            f"a number without a unit. Divide by a quantity of the same kind first."
        )
    return _finite(_FUNCTIONS[name](_plain(values, unit))), _BARE


def _combined(operator: ast.operator, left: _Value, right: _Value, formula: Expression) -> _Value:
    (a, first), (b, second) = left, right
    result = _OPERATORS[type(operator)]
    if isinstance(operator, ast.Add | ast.Sub):
        if first is _BARE or second is _BARE:
            return _finite(result(a, b)), second if first is _BARE else first
        if first is None or second is None:
            return _finite(result(a, b)), None
        if first.dimensionality != second.dimensionality:
            raise FormulaError(
                f"The formula {formula.text!r} adds {unit_text(first)} and {unit_text(second)}, which do not "
                f"measure the same thing."
            )
        return _finite(result(a, b * _factor(second, first))), first
    if isinstance(operator, ast.Pow):
        return _power(left, right, formula)
    values = _finite(result(a, b))
    if first is None or second is None:
        return values, None
    if first is _BARE and second is _BARE:
        return values, _BARE
    one = pint_unit("1")
    first, second = (one if unit is _BARE else unit for unit in (first, second))
    return values, first * second if isinstance(operator, ast.Mult) else first / second


def _power(left: _Value, right: _Value, formula: Expression) -> _Value:
    (a, first), (b, second) = left, right
    if second is not None and second is not _BARE and not second.dimensionless:
        raise FormulaError(f"A power in the formula {formula.text!r} has a unit; it must be a plain number.")
    exponent = _plain(b, second) if second is not None else b
    values = _finite(np.power(a, exponent))
    if first is None or second is None or first is _BARE:
        return values, None if first is None or second is None else _BARE
    if first.dimensionless:
        return _finite(np.power(_plain(a, first), exponent)), _BARE
    if exponent.ndim:
        raise FormulaError(f"The formula {formula.text!r} raises {unit_text(first)} to a power that varies.")
    return values, first ** float(exponent)


def _plain(values: np.ndarray, unit: Any) -> np.ndarray:
    """Return dimensionless values as plain numbers: um/nm becomes 1000."""
    return values if unit is _BARE else values * _factor(unit, pint_unit("1"))


def _factor(unit: Any, to: Any) -> float:
    return float(f"{unit._REGISTRY.convert(1.0, unit, to):.14g}")


def _finite(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, np.nan)
