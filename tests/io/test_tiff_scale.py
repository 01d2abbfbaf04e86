"""Pixel size of 75 files: what the file states x the axes it has. Unknown is unknown, never a guess."""

import math

import numpy as np
import pytest
import tifffile

from napari_microgen import read

AXES = {"YX": (6, 8), "ZYX": (3, 6, 8), "YXS": (6, 8, 3), "TYX": (3, 6, 8), "CYX": (3, 6, 8)}

FEI = (
    "[Scan]\r\nPixelWidth=1.86e-008\r\nPixelHeight=1.86e-008\r\n[Image]\r\nResolutionX=8\r\nResolutionY=5\r\n"
)
ZEISS = "\r\n0\r\nAP_WD\r\nWD =  5.1 mm\r\nAP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = 18.6 nm\r\n"
TESCAN = (
    b"\x00\x01\xff[MAIN]\r\nDevice=MIRA3\r\nPixelSizeX=1.86E-8\r\nPixelSizeY=1.86E-8\r\nImageStripSize=1\r\n"
)


def pixels(axes):
    return np.random.default_rng(0).integers(0, 255, AXES[axes]).astype(np.uint8)


def tagged(path, axes, **tags):
    """Write a file as a microscope or a general program would, with standard or private tags."""
    data = pixels(axes)
    kind = "rgb" if axes == "YXS" else "minisblack"
    tifffile.imwrite(path, data, photometric=kind, metadata={"axes": axes}, **tags)


def imagej(path, axes, *, unit=None, per_unit=None, spacing=None):
    metadata = {"axes": axes} | ({"unit": unit} if unit else {}) | ({"spacing": spacing} if spacing else {})
    resolution = (per_unit, per_unit) if per_unit else None
    tifffile.imwrite(path, pixels(axes), imagej=True, metadata=metadata, resolution=resolution)


def rational(tag, numerator, denominator):
    return (tag, 5, 1, (numerator, denominator), True)


def resolution(path, axes, x, unit):
    """Write raw resolution rationals, which tifffile would refuse or mend."""
    data = pixels(axes)
    kind = "rgb" if axes == "YXS" else "minisblack"
    tifffile.imwrite(
        path, data, photometric=kind, metadata={"axes": axes}, resolution=(7, 7), resolutionunit=unit
    )
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tif:
        for page in tif.pages:
            for tag in (282, 283):
                place = page.tags[tag].valueoffset
                content[place : place + 8] = int(x[0]).to_bytes(4, "little") + int(x[1]).to_bytes(4, "little")
    path.write_bytes(content)


NANOMETRE, MICROMETRE, UNKNOWN = (18.6, "nm"), (0.0186, "um"), (None, None)
PER_CM = 1 / 1.86e-6
CASES = {
    "none": (lambda p, a: tagged(p, a), UNKNOWN),
    "zero": (lambda p, a: resolution(p, a, (0, 1), "CENTIMETER"), UNKNOWN),
    "nan": (lambda p, a: resolution(p, a, (0, 0), "CENTIMETER"), UNKNOWN),
    "inf": (lambda p, a: resolution(p, a, (1, 0), "CENTIMETER"), UNKNOWN),
    "negative": (
        lambda p, a: tagged(p, a, extratags=[(34682, 2, None, FEI.replace("=1", "=-1"), True)]),
        UNKNOWN,
    ),
    "72 dpi": (lambda p, a: tagged(p, a, resolution=(72, 72), resolutionunit="INCH"), UNKNOWN),
    "96 dpi in cm": (
        lambda p, a: tagged(p, a, resolution=(37.795, 37.795), resolutionunit="CENTIMETER"),
        UNKNOWN,
    ),
    "centimetre": (
        lambda p, a: tagged(p, a, resolution=(PER_CM, PER_CM), resolutionunit="CENTIMETER"),
        NANOMETRE,
    ),
    "inch": (lambda p, a: tagged(p, a, resolution=(25400, 25400), resolutionunit="INCH"), (1.0, "um")),
    "ImageJ micron": (
        lambda p, a: imagej(p, a, unit="micron", per_unit=1 / 0.0186, spacing=0.025),
        MICROMETRE,
    ),
    "ImageJ um": (lambda p, a: imagej(p, a, unit="um", per_unit=1 / 0.0186), MICROMETRE),
    "ImageJ escaped": (lambda p, a: imagej(p, a, unit="\\u00B5m", per_unit=1 / 0.0186), MICROMETRE),
    "ImageJ pixel": (lambda p, a: imagej(p, a, unit="pixel", per_unit=1.0, spacing=2.0), UNKNOWN),
    "FEI": (lambda p, a: tagged(p, a, extratags=[(34682, 2, None, FEI, True)]), NANOMETRE),
    "Zeiss": (lambda p, a: tagged(p, a, extratags=[(34118, 2, None, ZEISS, True)]), NANOMETRE),
    "TESCAN": (lambda p, a: tagged(p, a, extratags=[(50431, 1, len(TESCAN), TESCAN, True)]), NANOMETRE),
}


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("case", CASES)
def test_80_files_read_as_tabled(case, axes, tmp_path):
    write, (edge, unit) = CASES[case]
    path = tmp_path / "file.tif"
    write(path, axes)
    volume = read(path)
    _, row, column = volume.voxel_size_zyx
    assert volume.axes == axes
    assert volume.unit == unit
    for found in (row, column):
        assert found is None if edge is None else found == pytest.approx(edge, rel=1e-6)


def test_plane_distance_of_imagej_is_read_and_is_unknown_without_spacing(tmp_path):
    CASES["ImageJ micron"][0](tmp_path / "a.tif", "ZYX")
    CASES["ImageJ um"][0](tmp_path / "b.tif", "ZYX")
    assert read(tmp_path / "a.tif").voxel_size_zyx[0] == 0.025
    assert read(tmp_path / "b.tif").voxel_size_zyx[0] is None


def test_what_is_no_length_is_named_in_a_note(tmp_path):
    CASES["nan"][0](tmp_path / "a.tif", "YX")
    CASES["72 dpi"][0](tmp_path / "b.tif", "YX")
    CASES["negative"][0](tmp_path / "c.tif", "YX")
    assert any("nan" in note and "left unknown" in note for note in read(tmp_path / "a.tif").notes)
    assert any("printer" in note for note in read(tmp_path / "b.tif").notes)
    assert any("-18.6 nm" in note for note in read(tmp_path / "c.tif").notes)


def test_the_data_bar_is_read_from_fei_and_tescan(tmp_path):
    for case in ("FEI", "TESCAN"):
        CASES[case][0](tmp_path / "a.tif", "YX")
        assert read(tmp_path / "a.tif").metadata["data_bar_rows"] == 1


@pytest.mark.parametrize(
    ("unit", "stated", "edge"),
    [
        ("nm", "nm", 18.6),
        ("µm", "um", 18.6),
        ("Å", "angstrom", 18.6),
        ("pixel", None, None),
        (None, "um", 18.6),
    ],
)
def test_ome_units(unit, stated, edge, tmp_path):
    path = tmp_path / "a.ome.tif"
    sizes = {"PhysicalSizeX": 18.6, "PhysicalSizeY": 18.6, "PhysicalSizeZ": 25.0}
    units = {f"{key}Unit": unit for key in sizes} if unit else {}
    tifffile.imwrite(
        path, pixels("ZYX"), ome=True, photometric="minisblack", metadata={"axes": "ZYX"} | sizes | units
    )
    volume = read(path)
    assert volume.unit == stated
    assert volume.voxel_size == (None if edge is None else (25.0, edge, edge))


def test_ome_units_that_differ_by_axis_are_brought_to_one(tmp_path):
    path = tmp_path / "a.ome.tif"
    sizes = {
        "PhysicalSizeX": 18.6,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeZ": 0.025,
        "PhysicalSizeZUnit": "µm",
    }
    tifffile.imwrite(
        path, pixels("ZYX"), ome=True, photometric="minisblack", metadata={"axes": "ZYX"} | sizes
    )
    volume = read(path)
    assert volume.unit == "nm"
    assert volume.voxel_size == (25.0, None, 18.6)


@pytest.mark.parametrize("value", [math.nan, math.inf, -5.0, 0.0])
def test_ome_sizes_that_are_no_length_are_unknown(value, tmp_path):
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(
        path, pixels("YX"), ome=True, photometric="minisblack", metadata={"PhysicalSizeX": value}
    )
    assert read(path).voxel_size is None
