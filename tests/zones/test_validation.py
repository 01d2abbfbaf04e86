"""Residuals of generators whose errors are known, at conditions they have not seen."""

import numpy as np
import pytest

from napari_microgen.cli.execution import summary
from napari_microgen.errors import ParameterError, SaveError, TableError
from napari_microgen.io.writing import write
from napari_microgen.volume import Volume
from napari_microgen.zones import validation
from napari_microgen.zones.cells import make_cells
from napari_microgen.zones.residuals import Residuals
from napari_microgen.zones.validation import validate

HELD = [(25.0, 10.0), (50.0, 20.0), (75.0, 30.0), (100.0, 40.0)]


@pytest.fixture(scope="module")
def real(tmp_path_factory, analytic):
    """Return folder and table of real images: two of each of six conditions, four of them held out."""
    folder = tmp_path_factory.mktemp("real")
    lines = ["file,heat [C],flux"]
    for heat, flux in [*HELD, (0.0, 0.0), (50.0, 0.0)]:
        (cell,) = make_cells(analytic(), [{"heat": heat, "flux": flux}], count=2 * 16, seed=7, workers=1)
        for half in range(2):
            sixteen = cell.images[16 * half : 16 * half + 16].reshape(4, 4, 16, 16)
            whole = sixteen.transpose(0, 2, 1, 3).reshape(64, 64)
            name = f"r{heat:g}_{flux:g}_{half}.tif"
            write(Volume(whole, "YX", voxel_size=(2.0, 2.0), unit="nm"), folder / name)
            lines.append(f"{name},{heat:g},{flux:g}")
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def asked(real, tmp_path, monkeypatch):
    """Return what runs the operation with models instead of folders."""

    def run(models, **options):
        read = iter(models)
        monkeypatch.setattr(validation, "read_generator", lambda _: next(read))
        options = {"descriptor": ("mean_grey", "grey_deviation"), "count": 40} | options
        return validate(
            model=tmp_path, folds=(tmp_path,) * (len(models) - 1), images=real, conditions=real / "table.csv",
            device="cpu", **({"out": tmp_path / "r.json"} | options),
        )  # fmt: skip

    return run


def test_the_bias_of_a_generator_is_its_residual(asked, analytic, tmp_path):
    result = asked([analytic(bias=0.05, without=HELD)])
    assert result["conditions"] == 4
    assert "2 conditions were in the training" in result["notes"][0]
    grey = result["descriptors"]["mean_grey"]
    assert grey["bias"] == pytest.approx(0.05, abs=0.01)
    assert "4 conditions were left out; 9 are needed" in grey["reason"]
    assert result["descriptors"]["grey_deviation"]["mean_absolute_error"] < 0.01
    assert result["cells"][0]["real_patches"] == 32
    kept = Residuals.read(tmp_path / "r.json")
    np.testing.assert_allclose(kept.values[:, 0].mean(), grey["bias"])
    assert kept.flags[-1] == "extrapolated"  # the corner, once it is left out
    assert kept.flags[1] != "extrapolated"


def test_people_are_told_how_far_off_it_is_and_why_there_is_no_width(asked, analytic, tmp_path):
    result = asked([analytic(bias=0.05, without=HELD)])
    text = summary(result)
    assert text.startswith("4 conditions that were not in the training")
    assert "{" not in text
    grey = result["descriptors"]["mean_grey"]
    (line,) = [line for line in text.splitlines() if line.startswith("mean grey")]
    assert f"{grey['bias']:+.3g}" in line
    worst = max(result["cells"], key=lambda c: abs(np.subtract(*c["descriptors"]["mean_grey"].values())))
    assert worst["condition"] in line
    assert "no half-width: 4 conditions were left out; 9 are needed" in text
    assert "--residuals" not in text
    assert str(tmp_path / "r.json") in text


def test_each_condition_is_judged_by_the_models_that_have_not_seen_it(asked, analytic):
    folds = [analytic(bias=bias, without=HELD[2 * n : 2 * n + 2]) for n, bias in enumerate((0.04, -0.04))]
    result = asked(folds)
    off = [c["descriptors"]["mean_grey"] for c in result["cells"]]
    signs = [round(25 * (e["generated"] - e["real"])) for e in off]
    assert signs == [1, 1, -1, -1]


def test_a_model_that_has_seen_everything_cannot_be_judged(asked, analytic):
    with pytest.raises(TableError, match="Hold some out"):
        asked([analytic()])


def test_bad_numbers_are_refused(asked, analytic):
    with pytest.raises(ParameterError, match="count"):
        asked([analytic()], count=1)
    with pytest.raises(ParameterError, match="cannot be measured"):
        asked([analytic(without=HELD)], descriptor=("hardness",))


def test_nothing_is_made_for_a_file_that_cannot_be_written(asked, analytic, tmp_path):
    (tmp_path / "file").write_text("a file, no folder")
    with pytest.raises(SaveError, match="file"):
        asked([analytic(without=HELD)], out=tmp_path / "file" / "r.json")
