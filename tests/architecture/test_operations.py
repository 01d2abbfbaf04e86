"""Every operation tells the fronts all they need: types they can parse and help for each parameter."""

import typing
from pathlib import Path

import pytest

from napari_microgen.features import FeatureTable
from napari_microgen.operations import OPERATIONS
from napari_microgen.parameters import describe
from napari_microgen.volume import Volume

PLAIN = (str, int, float, bool, Path, Volume)


def parseable(kind):
    if isinstance(kind, tuple):
        return all(parseable(k) for k in kind)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return all(isinstance(value, str | int) for value in inner)
    if origin in (tuple, list):
        return all(k in (str, int, float, Path) for k in inner if k is not Ellipsis)
    return kind in PLAIN


@pytest.mark.parametrize("identifier", OPERATIONS)
def test_parameters_have_types_and_help(identifier):
    description = describe(OPERATIONS[identifier].load())
    assert description.summary.endswith(".")
    assert description.returns in (Volume, FeatureTable, dict)
    for parameter in description.parameters:
        assert parseable(parameter.type), f"{parameter.name}: {parameter.type}"
        assert parameter.help.endswith((".", ")")), f"{identifier}: {parameter.name} is not explained"


@pytest.mark.parametrize("identifier", OPERATIONS)
def test_defaults_have_the_declared_type(identifier):
    for parameter in describe(OPERATIONS[identifier].load()).parameters:
        if parameter.required or parameter.default is None:
            assert parameter.required or parameter.optional, parameter.name
        elif parameter.choices:
            assert parameter.default in parameter.choices
        elif parameter.item_types:
            assert isinstance(parameter.default, tuple | list)
        else:
            kinds = parameter.type if isinstance(parameter.type, tuple) else (parameter.type,)
            plain = tuple(float if kind is int else kind for kind in kinds)
            value = float(parameter.default) if isinstance(parameter.default, int) else parameter.default
            assert isinstance(value, plain) or isinstance(parameter.default, kinds), parameter.name
