"""A generator on real micrographs of heat-treated steel: the pixel size, the conditions and their support."""

import pytest

from napari_microgen.errors import UnknownVoxelSizeError
from napari_microgen.generate.methods.edm import train_edm
from napari_microgen.generate.operation import generate


def train(folder, out, **options):
    return train_edm(
        images=folder / "images",
        conditions=folder / "conditions.csv",
        out=out,
        columns=("anneal_temperature", "anneal_time"),
        log=("anneal_time",),
        extra_images="leave out",
        profile="tiny",
        steps=2,
        batch_size=4,
        patch_size=32,
        preview_seconds=0.0,
        threads=1,
        device="cpu",
        **options,
    )


def test_steel_at_one_magnification(real_data, tmp_path):
    steel = real_data("uhcs")
    where = ("pixel_size=0.194", "detector=SE", "cool_method=Q", "anneal_temperature!=900")
    made = train(steel, tmp_path / "model", where=where)
    assert made["images"] >= 50
    assert made["pixel_size"] == pytest.approx(0.194, abs=0.001)
    assert made["unit"] == "um"
    image = generate(tmp_path / "model", set=["anneal_temperature=900", "anneal_time=5"])
    assert image.voxel_size == pytest.approx((0.194, 0.194), abs=0.001)
    assert image.facts["support"]["flag"] in ("interpolated", "gap")
    far = generate(tmp_path / "model", set=["anneal_temperature=1200", "anneal_time=5"])
    assert far.facts["support"]["flag"] == "extrapolated"


def test_magnification_is_not_taken_for_a_treatment(real_data, tmp_path):
    steel = real_data("uhcs")
    with pytest.raises(UnknownVoxelSizeError, match="--pixel-size"):
        train(steel, tmp_path / "model", where=("pixel_size=0.07:0.2", "detector=SE"))
    made = train(steel, tmp_path / "model", where=("pixel_size=0.07:0.2", "detector=SE"), pixel_size=0.194)
    assert made["pixel_size"] == pytest.approx(0.194)
