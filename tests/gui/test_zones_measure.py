"""Choosing what is measured: uncertainties are offered with it, and residuals must be of the same."""

import numpy as np
import pytest

from napari_microgen.widgets.zones_judged import SHOWN
from napari_microgen.widgets.zones_measure import Chosen, MeasureChoice
from napari_microgen.zones.residuals import Residuals


@pytest.fixture
def choice(qtbot):
    choice = MeasureChoice()
    qtbot.addWidget(choice)
    return choice


def choose(box, data):
    box.setCurrentIndex(box.findData(data))


def residuals(path, name="feret_diameter", **how):
    Residuals((name,), ("nm",), ("T 1",), np.ones((1, 1)), np.ones(1), ("gap",), how=how).write(path)
    return path


def test_nothing_is_measured_at_first(choice):
    assert choice.chosen() == Chosen()
    assert choice.row.isHidden()
    assert choice.form.isHidden()


def test_what_is_chosen_is_told_at_once(choice, qtbot):
    with qtbot.waitSignal(choice.changed):
        choose(choice.descriptor, "feret_diameter")
    assert not choice.row.isHidden()
    assert [choice.shown.itemData(n) for n in range(choice.shown.count())] == list(SHOWN)
    with qtbot.waitSignal(choice.changed):
        choose(choice.shown, "latent_sd")
    assert choice.chosen() == Chosen("feret_diameter", "latent_sd")


def test_residuals_bring_their_threshold_and_are_read_once(choice, tmp_path, monkeypatch):
    file = residuals(tmp_path / "errors.json", threshold=0.41)
    choose(choice.descriptor, "feret_diameter")
    choice.form.set_values({"residuals": str(file)})
    found = choice.chosen()
    assert found == Chosen("feret_diameter", "value", str(file), 0.41)
    monkeypatch.setattr(Residuals, "read", None)
    assert choice.chosen() == found


def test_residuals_of_something_else_are_refused_in_words(choice, tmp_path):
    choose(choice.descriptor, "mean_grey")
    choice.form.set_values({"residuals": str(residuals(tmp_path / "errors.json"))})
    with pytest.raises(ValueError, match="no residuals of mean grey, only of feret diameter"):
        choice.chosen()
    (tmp_path / "errors.json").write_text("{}")
    with pytest.raises(ValueError, match="holds no residuals"):
        choice.chosen()
