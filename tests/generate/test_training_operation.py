"""``train METHOD`` has the shared options and its own, and all that reads a signature sees both."""

import inspect
import typing
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest

from napari_microgen.errors import ParameterError
from napari_microgen.generate import catalogue
from napari_microgen.generate.options import TrainingOptions
from napari_microgen.generate.training_operation import SHARED, training_operation
from napari_microgen.operations import OPERATIONS
from napari_microgen.parameters import describe
from napari_microgen.progress import Progress, finish

METHODS = sorted(catalogue.titles())
PRESETS = {"cgan": ("thin-film", "porous"), "vae": ("thin-film", "grains")}
VARIANTS = [(method, preset) for method in METHODS for preset in PRESETS.get(method, (None,))]
OWN_HELP = ("steps", "patch_size", "batch_size")
"""Shared options that each method explains with its own number."""
GIVEN = {"images": Path("images"), "conditions": Path("table.csv"), "out": Path("model")}
LEFT_OUT = {"steps": "100", "patch_size": "64", "batch_size": "8"}


def operation(method):
    return OPERATIONS[f"train {method}"].load()


@training_operation(**LEFT_OUT)
def train_nothing(options: TrainingOptions, *, width: float = 2.0):
    """Train nothing.

    Parameters
    ----------
    width : float
        Of nothing.
    """
    yield Progress(0)
    return options, width


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_the_shared_options_around_its_own(method):
    function = operation(method)
    found = inspect.signature(function).parameters
    own = [name for name in found if name not in SHARED]
    assert list(found) == ["images", "conditions", "out", *own, *list(SHARED)[3:]]
    assert {name: found[name] for name in SHARED} == dict(SHARED)
    hints = typing.get_type_hints(function)
    assert {name: hints[name] for name in found} == {name: p.annotation for name, p in found.items()}
    assert inspect.signature(function.steps) == inspect.signature(function)
    assert [p.name for p in describe(function).parameters if not p.help] == []


@pytest.mark.parametrize("method", METHODS)
def test_settings_start_from_the_defaults_of_the_operation(method):
    settings = {f.name: f.default for f in fields(catalogue.load(method).config_class)}
    names = {"ddpm": {"noise_steps": "steps"}}.get(method, {})
    decided_later = ("auto", "preset", None)
    found = {
        names.get(p.name, p.name): p.default
        for p in describe(operation(method)).parameters
        if p.name not in SHARED and p.default not in decided_later
    }
    assert {name: settings[name] for name in found if name in settings} == {
        name: default for name, default in found.items() if name in settings
    }


@pytest.mark.parametrize("method", METHODS)
def test_the_shared_help_is_that_of_the_options(method):
    first = {p.name: p for p in describe(operation(METHODS[0])).parameters}
    found = {p.name: p for p in describe(operation(method)).parameters}
    assert {n: found[n] for n in SHARED if n not in OWN_HELP} == {
        n: first[n] for n in SHARED if n not in OWN_HELP
    }
    document = inspect.getdoc(operation(method))
    assert document.index("\nParameters\n") < document.index("\nReturns\n") < document.index("\nRaises\n")


@pytest.mark.parametrize(("method", "preset"), VARIANTS)
def test_the_help_names_the_numbers_that_are_taken(method, preset, monkeypatch):
    caught = []
    module = import_module(catalogue.load(method).__module__)

    def fit(recipe, options):
        yield Progress(0)
        caught.append(recipe)

    monkeypatch.setattr(module, "fit", fit)
    operation(method)(**GIVEN, **({"preset": preset} if preset else {}))
    (recipe,) = caught
    helps = {p.name: p.help for p in describe(operation(method)).parameters}
    for name in OWN_HELP:
        said = helps[name].partition("Left out: ")[2].rstrip(".").split(", ")
        by_preset = {text.partition(" for ")[2]: text.split()[0] for text in said}
        by_device = {text.partition(" on a ")[2]: text.split()[0] for text in said}
        for device, spoken in (("cpu", "processor"), ("cuda", "GPU")):
            taken = {"steps": recipe.steps, "batch_size": recipe.batch, "patch_size": lambda _: recipe.size}
            stated = by_preset.get(preset) or by_device.get(spoken) or by_device[""]
            assert taken[name](device) == int(stated), (name, device)


def test_options_arrive_whatever_their_order():
    options, width = finish(train_nothing(width=3.0, seed=4, **GIVEN))
    assert (options, width) == (TrainingOptions(seed=4, **GIVEN), 3.0)
    assert finish(train_nothing(**GIVEN)) == (TrainingOptions(**GIVEN), 2.0)


def test_an_unknown_keyword_is_named():
    with pytest.raises(TypeError, match=r"train_nothing.*'widht'"):
        finish(train_nothing(**GIVEN, widht=3.0))
    with pytest.raises(TypeError, match=r"train_edm.*'vicinty'"):
        operation("edm")(**GIVEN, vicinty=0.1)


def test_a_missing_option_is_named():
    with pytest.raises(TypeError, match="'conditions'"):
        finish(train_nothing(images=Path("images"), out=Path("model")))


@pytest.mark.parametrize(("name", "value"), [("batch_size", 0), ("patch_size", 4097), ("seed", -1)])
def test_a_number_out_of_its_range_is_refused(name, value):
    with pytest.raises(ParameterError, match=name):
        finish(train_nothing(**GIVEN, **{name: value}))


def test_an_option_that_every_training_has_is_refused_when_a_method_is_defined():
    def train_twice(options, *, width=1, seed=3):
        yield Progress(0)

    with pytest.raises(TypeError, match="train_twice: every training has seed already"):
        training_operation(**LEFT_OUT)(train_twice)
