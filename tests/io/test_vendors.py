"""Pixel size, data bar and settings as eight makers write them, on files made in their layout."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_microgen import read

FEI = """[User]\r\nDate=06/10/2026\r\n[System]\r\nSystemType=Helios G4\r\n[Beam]\r\nHV=2000\r\n[EBeam]\r\n
HV=2000\r\nBeamCurrent=1e-010\r\n[Scan]\r\nPixelWidth=4.8828e-009\r\nPixelHeight=6.1964e-009\r\n
[Image]\r\nResolutionX=64\r\nResolutionY=50\r\n[Detectors]\r\nNumber=1\r\nName=TLD\r\n[PrivateFei]\r\nDatabarHeight=10\r\n"""
PHENOM = """<?xml version="1.0"?><FeiImage><databarHeight>10</databarHeight>
<pixelWidth unit="nm">12.5</pixelWidth><pixelHeight unit="nm">12.5</pixelHeight>
<acquisition><detector>BSD</detector></acquisition></FeiImage>"""
THERMO = """<Metadata xmlns="http://example.org/a"><Optics><AccelerationVoltage>5000</AccelerationVoltage></Optics>
<BinaryResult><PixelSize><X unit="m">2.5E-8</X><Y unit="m">2.4E-8</Y></PixelSize></BinaryResult></Metadata>"""
ZEISS = (
    "0\r\n0\r\n1.1e-9\r\nAP_WD\r\nWD =  5.1 mm\r\nAP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = {}\r\n"
    "AP_ACTUALKV\r\nEHT =  3.00 kV\r\nDP_DETECTOR_CHANNEL\r\nSignal A = InLens\r\n"
)
TESCAN = (
    "[MAIN]\r\nDevice=AMBER X\r\nImageStripSize=10\r\nMagnification=20000\r\nPixelSizeX=5.0E-9\r\n"
    "PixelSizeY=5.5E-9\r\n[SEM]\r\nHV=2000.0\r\nDetector=Mix\r\n"
)
JEOL = (
    "$CM_FORMAT JEOL-SEM\r\n$CM_INSTRUMENT JSM-7800F\r\n$CM_ACCEL_VOLT 5.00\r\n"
    "$CM_FULL_SIZE 64 50\r\n$CM_MAG 10000\r\n$$SM_MICRON_BAR 20\r\n$$SM_MICRON_MARKER 1um\r\n"
)
HITACHI = (
    "[SemImageFile]\r\nInstructName=SU8200\r\nDataSize=64x50\r\nPixelSize=24.80469\r\n"
    "Magnification=4000\r\nAcceleratingVoltage=5000 Volt\r\n"
)
ATLAS = (
    '<?xml version="1.0"?><Fibics version="1.0"><Image><Width>64</Width><Height>60</Height></Image>'
    '<Scan><FOV_X units="um">0.64</FOV_X><FOV_Y units="um">0.6</FOV_Y>{}</Scan></Fibics>'
)
VECTORS = "<Ux>0.003</Ux><Uy>0.004</Uy><Vx>-0.004</Vx><Vy>0.003</Vy>"
PICTURE = np.random.default_rng(0).integers(0, 255, (60, 64)).astype(np.uint8)


def tagged(tmp_path, tag, content):
    raw = content if isinstance(content, bytes) else content.encode("latin-1")
    tifffile.imwrite(tmp_path / "a.tif", PICTURE, extratags=[(tag, 1, len(raw), raw, True)])
    return read(tmp_path / "a.tif")


def beside(tmp_path, name, content, picture="a.tif"):
    if picture.endswith(".tif"):
        tifffile.imwrite(tmp_path / picture, PICTURE)
    else:
        Image.fromarray(PICTURE).save(tmp_path / picture)
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(tmp_path / picture)


@pytest.mark.parametrize(
    ("tag", "content", "size", "unit", "bar", "vendor"),
    [
        (34682, FEI, (6.1964, 4.8828), "nm", 10, "FEI"),
        (34680, FEI, (6.1964, 4.8828), "nm", 10, "FEI"),
        (34683, PHENOM, (12.5, 12.5), "nm", 10, "Thermo Fisher"),
        (34683, THERMO, (24.0, 25.0), "nm", None, "Thermo Fisher"),
        (34118, ZEISS.format("5.582 nm"), (5.582, 5.582), "nm", None, "Zeiss"),
        (34118, ZEISS.format("558.2 pm"), (558.2, 558.2), "pm", None, "Zeiss"),
        (34118, ZEISS.format("1.25 µm"), (1.25, 1.25), "um", None, "Zeiss"),
        (50431, b"\x00\x01\x80TESCAN\x00" + TESCAN.encode(), (5.5, 5.0), "nm", 10, "TESCAN"),
        (51023, ATLAS.format(VECTORS), (0.005, 0.005), "um", None, "Fibics"),
        (51023, ATLAS.format(""), (0.01, 0.01), "um", None, "Fibics"),
    ],
)
def test_tags_of_makers(tag, content, size, unit, bar, vendor, tmp_path):
    volume = tagged(tmp_path, tag, content)
    assert volume.voxel_size == pytest.approx(size, rel=1e-9)
    assert volume.unit == unit
    assert volume.metadata["vendor"] == vendor
    assert volume.metadata.get("data_bar_rows") == bar


@pytest.mark.parametrize(
    ("name", "content", "picture", "size", "unit", "vendor"),
    [
        ("a.hdr", TESCAN, "a.tif", (5.5, 5.0), "nm", "TESCAN"),
        ("a-tif.hdr", TESCAN, "a.tif", (5.5, 5.0), "nm", "TESCAN"),
        ("a-png.hdr", TESCAN, "a.png", (5.5, 5.0), "nm", "TESCAN"),
        ("a.txt", JEOL, "a.tif", (0.05, 0.05), "um", "JEOL"),
        ("a.txt", JEOL.replace("$$", "$"), "a.bmp", (0.05, 0.05), "um", "JEOL"),
        ("a.txt", HITACHI, "a.tif", (24.80469, 24.80469), "nm", "Hitachi"),
        ("a.txt", HITACHI.encode("utf-16"), "a.jpg", (24.80469, 24.80469), "nm", "Hitachi"),
        (
            "a.txt",
            ("SampleName=Kühlkörper\r\n" + HITACHI).encode("latin-1"),
            "a.tif",
            (24.80469,) * 2,
            "nm",
            "Hitachi",
        ),
    ],
)
def test_texts_beside_the_picture(name, content, picture, size, unit, vendor, tmp_path):
    volume = beside(tmp_path, name, content, picture)
    assert volume.voxel_size == pytest.approx(size, rel=1e-9)
    assert volume.unit == unit
    assert volume.metadata["vendor"] == vendor
    assert volume.metadata["data_bar_rows"] == 10


def test_settings_are_kept(tmp_path):
    settings = tagged(tmp_path, 34682, FEI).metadata["instrument"]
    assert settings == {
        "voltage [V]": "2000",
        "current [A]": "1e-010",
        "detector": "TLD",
        "instrument": "Helios G4",
    }
    assert tagged(tmp_path, 34118, ZEISS.format("1 nm")).metadata["instrument"]["detector"] == "InLens"


@pytest.mark.parametrize(
    ("tag", "content"),
    [
        (34682, ""),
        (34682, "[Scan]\r\nPixelWidth=\r\nPixelHeight=wide\r\n"),
        (34683, "<Metadata><PixelSize>"),
        (34683, "<Metadata><other/></Metadata>"),
        (34118, "\x00\x01\x02"),
        (34118, ZEISS.format("5.582 bananas")),
        (50431, b"\xff" * 40),
        (50431, b"[MAIN]\r\nPixelSizeX=0\r\nPixelSizeY=nan\r\n"),
        (51023, "<Fibics><Ux>wide</Ux></Fibics>"),
        (51023, '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]><Fibics>&c;&c;&c;</Fibics>'),
    ],
)
def test_damaged_tags_leave_the_size_unknown(tag, content, tmp_path):
    assert tagged(tmp_path, tag, content).voxel_size is None


def test_a_billion_laughs_is_no_joke_and_no_harm(tmp_path):
    """Entities that unfold without end are stopped by the XML parser; the size is then unknown."""
    entities = "".join(f'<!ENTITY l{k} "{f"&l{k - 1};" * 10}">' for k in range(1, 10))
    text = f'<!DOCTYPE x [<!ENTITY l0 "lol">{entities}]><Fibics><Ux>&l9;</Ux></Fibics>'
    assert tagged(tmp_path, 51023, text).voxel_size is None


def test_a_tag_for_another_picture_size_is_not_believed(tmp_path):
    resized = FEI.replace("ResolutionX=64", "ResolutionX=1024")
    volume = tagged(tmp_path, 34682, resized)
    assert volume.voxel_size is None
    assert any("1024 columns, not 64" in note for note in volume.notes)
    volume = beside(tmp_path, "a.txt", JEOL.replace("64 50", "1280 960"))
    assert volume.voxel_size is None
    assert any("1280 columns" in note for note in volume.notes)


def test_a_text_of_something_else_is_passed_over(tmp_path):
    for text in ("temperature 970 C", "", "[MAIN", "$ 5", "x" * 300_000):
        assert beside(tmp_path, "a.txt", text).voxel_size is None


def test_a_field_of_view_stands_in_for_a_missing_pixel_size(tmp_path):
    text = "[Scan]\nHorFieldsize=6.4e-7\nVerFieldsize=5e-7\n[Image]\nResolutionX=64\nResolutionY=50\n"
    assert tagged(tmp_path, 34682, text).voxel_size == pytest.approx((10.0, 10.0))
