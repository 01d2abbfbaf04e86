"""What `find` and `validate` say to people, on results of generators whose images are formulas."""

import numpy as np
import pytest

from napari_microgen.cli.execution import summary
from napari_microgen.zones import inverse
from napari_microgen.zones.answer_summary import table
from napari_microgen.zones.inverse import find
from napari_microgen.zones.residuals import Residuals

SMALL = {"points": 8, "draws": 3, "count": 12, "candidates": 2, "experiments": 1, "device": "cpu"}


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Return what searches with models instead of folders, and says it to people."""

    def run(models, **options):
        read = iter(models)
        monkeypatch.setattr(inverse, "read_generator", lambda _: next(read))
        content = find(tmp_path, ensemble=(tmp_path,) * (len(models) - 1), **(SMALL | options))
        return content, summary(content)

    return run


def rows_of(text, head):
    """Return the lines of a table below its heads."""
    lines = text.splitlines()
    first = next(n for n, line in enumerate(lines) if line.split("  ")[0] == head)
    block = lines[first : lines.index("", first) if "" in lines[first:] else None]
    return [line for line in block[1:] if line[:1].isdigit()]


def test_candidates_are_a_table_with_units_support_and_errors(asked, analytic):
    content, text = asked([analytic()], target=("mean_grey=0.5+-0.02",))
    assert "{" not in text
    assert text.startswith("wanted: mean_grey = 0.5 +- 0.02\n")
    assert "[C]" in text
    best = content["candidates"][0]
    line = rows_of(text, "rank")[0]
    for part in (f"{best['misfit']:.2f}", f"{best['conditions']['heat']:.4g}", best["support"]["flag"]):
        assert part in line
    grey = best["descriptors"]["mean_grey"]
    assert f"{grey['value']:.4g} ± {grey['standard_error']:.2g}" in text
    assert "no interval: no residuals of conditions left out were given" in text
    (experiment,) = content["experiments"]
    assert f"{100 * experiment['reduction']:.0f} %" in rows_of(text, "try")[0]
    settings = f"--set heat={best['conditions']['heat']:.6g} flux={best['conditions']['flux']:.6g}"
    assert settings in text
    assert "microgen validate" in text


def test_intervals_stand_in_brackets_and_what_is_fixed_is_said_once(asked, analytic, tmp_path):
    kept = Residuals(
        ("mean_grey",), ("1",), tuple("abcdefghi"), np.full((9, 1), 0.03), np.zeros(9), ("gap",) * 9
    )
    kept.write(tmp_path / "residuals.json")
    content, text = asked(
        [analytic(bias=-0.02), analytic(bias=0.02)],
        target=("mean_grey=0.5+-0.02",),
        set=["flux=10"],
        residuals=tmp_path / "residuals.json",
        experiments=0,
    )
    assert "the same in all: flux 10" in text
    assert "flux" not in text.splitlines()[5]
    grey = content["candidates"][0]["descriptors"]["mean_grey"]
    low, high = (grey["value"] + side * grey["conformal_half_width"] for side in (-1, 1))
    assert f"{grey['value']:.4g} ({low:.4g} to {high:.4g}), models ± {grey['between_models_sd']:.2g}" in text
    assert "with a chance of 90 %" in text
    assert "experiment" not in text
    assert "microgen validate" not in text


def test_a_class_is_told_with_its_probability(asked, analytic, trained):
    content, text = asked([analytic("stripes", size=64)], class_="coarse", classifier=trained[0])
    best = content["candidates"][0]["probabilities"]["coarse"]
    assert f"coarse {best['mean']:.2f} ± {best['sd']:.2f}" in text
    assert "structure: its mean probability" in text


def test_a_guess_is_called_one(asked, analytic):
    held = [(heat, flux) for heat in (75.0, 100.0) for flux in (0.0, 10.0, 20.0, 30.0, 40.0)]
    content, text = asked([analytic(without=held)], target=("mean_grey=0.8+-0.01",), extrapolate=True)
    flags = [entry["support"]["flag"] for entry in content["candidates"]]
    assert "extrapolated" in flags
    assert [flag in line for flag, line in zip(flags, rows_of(text, "rank"), strict=False)] == [True, True]
    assert "extrapolated: a guess" in text
    assert f"note: {flags.count('extrapolated')} candidates lie outside" in text


def test_columns_are_as_wide_as_their_widest_entry():
    lines = table(["", "a", "words"], [["x", "12345", "one two"], ["long", "1", "three"]])
    assert lines == ["          a  words", "x     12345  one two", "long      1  three"]
