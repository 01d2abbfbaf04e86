"""Data bars: drawn frames with a known bar, frames without one, and a real one."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from napari_microgen.errors import AxesError
from napari_microgen.io.data_bar import DataBar, find_data_bar, propose_data_bar

LAYOUTS = ("framed", "white", "black", "grid", "grey", "light", "one line", "boxes")


def sample(kind: str, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A micrograph without a bar, float grey values before clipping."""
    field = ndimage.gaussian_filter(rng.standard_normal(shape), rng.uniform(2, 12))
    field /= field.std()
    noise = rng.normal(0, rng.uniform(2, 8), shape)
    row = np.arange(shape[0])[:, None] / shape[0]
    if kind == "normal":
        return 120 + 35 * field + noise
    if kind == "two-phase":
        return np.where(field > rng.uniform(-0.5, 0.5), 180, 50) + noise
    if kind == "dark":
        return rng.uniform(1, 12) + 4 * field + noise
    if kind == "saturated":
        return 250 + 40 * field + noise
    if kind == "vacuum":  # nothing but clipped noise over part of the frame, with a rough border
        surface = rng.uniform(0.1, 0.3) + 0.02 * ndimage.gaussian_filter1d(rng.standard_normal(shape[1]), 5)
        image = np.where(row < surface[None, :], -5.0, 120 + 30 * field) + noise
        return image if rng.random() < 0.5 else image[::-1]
    if kind == "layers":
        layers = np.where((row * rng.integers(4, 12)).astype(int) % 2, 200, 20)
        return layers + 2 * field + noise / 2
    image = np.where(
        row > rng.uniform(0.75, 0.9), 255.0, 90 + 30 * field + noise
    )  # a saturated straight film
    specks = ndimage.binary_dilation(rng.random(shape) < 2e-4, iterations=int(rng.integers(3, 9)))
    return np.where(specks, 60 + noise, image)


def bar(layout: str, rows: int, columns: int, rng: np.random.Generator) -> np.ndarray:
    """A data bar like those of common instruments, uint8."""
    paper, ink = {
        "framed": (255, 0),
        "white": (255, 0),
        "black": (0, 255),
        "grid": (0, 255),
        "grey": (64, 240),
        "light": (210, 10),
        "one line": (0, 230),
        "boxes": (255, 0),
    }[layout]
    picture = Image.new("L", (columns, rows), paper)
    draw = ImageDraw.Draw(picture)
    lines = 1 if layout == "one line" or rows < 40 else 2
    size = max(7, int(0.6 * rows / lines))
    font = ImageFont.load_default(size)
    for line in range(lines):
        top = int((line + 0.12) * rows / lines)
        x = int(rng.integers(4, columns // 12))
        while x < columns * 0.85:
            word = rng.choice(
                ["HV 5.00 kV", "WD 4.2 mm", "Mag 50 000 x", "Signal A = InLens", "det TLD", "2 um"]
            )
            draw.text((x, top), str(word), fill=ink, font=font)
            x += int(draw.textlength(str(word), font=font)) + int(rng.integers(columns // 30, columns // 8))
    bottom = rows - max(3, rows // 12)
    draw.line((columns * 0.88, bottom, columns * 0.97, bottom), fill=ink, width=2)
    if layout in ("framed", "boxes"):
        draw.rectangle((0, 0, columns - 1, rows - 1), outline=ink)
    if layout in ("grid", "boxes"):
        for x in np.linspace(0, columns, 7)[1:-1]:
            draw.line((x, 0, x, rows), fill=ink)
    if layout == "grid":
        draw.line((0, 0, columns, 0), fill=ink)
    return np.asarray(picture)


def with_bar(image: np.ndarray, strip: np.ndarray, edge: str) -> np.ndarray:
    frame = image.copy()
    if edge == "bottom":
        frame[-len(strip) :] = strip
    else:
        frame[: len(strip)] = strip
    return frame


KINDS = ("normal", "two-phase", "dark", "saturated", "vacuum", "layers", "film")


def frame(index: int) -> tuple[np.ndarray, DataBar | None]:
    """Frame ``index`` of a fixed series: 7 of 10 have a bar, 2 of 7 samples are nearly black or clipped."""
    rng = np.random.default_rng(1000 + index)
    shape = (int(rng.integers(400, 800)), int(rng.integers(500, 1024)))
    image = np.clip(np.rint(sample(KINDS[index % 7], shape, rng)), 0, 255).astype(np.uint8)
    if index % 10 >= 7:
        return image, None
    rows = int(rng.uniform(0.05, 0.15) * shape[0])
    edge = "bottom" if index % 10 < 5 else "top"
    layout = (
        "grid" if KINDS[index % 7] == "film" else LAYOUTS[index % 8]
    )  # white on white has no border to find
    strip = bar(layout, rows, shape[1], rng)
    return with_bar(image, strip, edge), DataBar(rows, edge)


def test_200_frames_are_told_within_two_rows():
    wrong, false = [], []
    for index in range(200):
        image, truth = frame(index)
        found = find_data_bar(image)
        if truth is None:
            if found is not None:
                false.append((index, found))
        elif found is None or found.edge != truth.edge or abs(found.rows - truth.rows) > 2:
            wrong.append((index, truth, found))
    assert not false
    assert len(wrong) <= 4, wrong  # 98 % of 200


def test_60_frames_without_a_bar_are_left_alone():
    frames = [frame(7 + 10 * k + extra)[0] for k in range(20, 40) for extra in range(3)]
    assert len(frames) == 60
    assert [propose_data_bar(image) for image in frames] == [0] * 60


@pytest.mark.parametrize("layout", LAYOUTS)
def test_eight_layouts(layout):
    rng = np.random.default_rng(3)
    image = np.clip(sample("two-phase", (768, 1024), rng), 0, 255).astype(np.uint8)
    assert find_data_bar(with_bar(image, bar(layout, 60, 1024, rng), "bottom")) == DataBar(60, "bottom")


def test_grey_depth_and_sign_do_not_matter():
    image, truth = frame(0)
    assert find_data_bar(image.astype(np.uint16) * 257) == truth
    assert find_data_bar(image / 255.0) == truth
    assert find_data_bar(image[:, ::-1]) == truth
    flipped = find_data_bar(image[::-1])
    assert flipped is not None
    assert flipped.rows == truth.rows
    assert {flipped.edge, truth.edge} == {"bottom", "top"}


def test_stray_rows_below_the_bar_belong_to_it():
    rng = np.random.default_rng(5)
    image = np.clip(sample("normal", (500, 640), rng), 0, 255).astype(np.uint8)
    frame = image.copy()
    frame[-51:-1] = bar("framed", 50, 640, rng)
    assert find_data_bar(frame) == DataBar(51, "bottom")


def test_no_bar_in_degenerate_images():
    assert propose_data_bar(np.zeros((100, 100), np.uint8)) == 0
    assert propose_data_bar(np.full((100, 100), np.nan)) == 0
    assert propose_data_bar(np.arange(100, dtype=np.uint8).reshape(10, 10)) == 0
    black_margin = np.random.default_rng(0).integers(50, 200, (200, 300), dtype=np.uint8)
    black_margin[-30:] = 0
    assert propose_data_bar(black_margin) == 0


def test_a_stack_is_refused():
    with pytest.raises(AxesError, match="one grey plane"):
        find_data_bar(np.zeros((3, 50, 50)))


def test_crop_keeps_what_is_not_bar():
    rows = np.arange(10)
    assert list(rows[DataBar(3, "bottom").crop(10)]) == list(range(7))
    assert list(rows[DataBar(3, "top").crop(10)]) == list(range(3, 10))


def test_most_bars_survive_jpeg_and_none_appears():
    frames = [frame(index) for index in range(0, 120, 3)]
    found = []
    for image, _ in frames:
        stream = BytesIO()
        Image.fromarray(image).save(stream, "JPEG", quality=85)
        found.append(find_data_bar(np.asarray(Image.open(stream))))
    pairs = [(bar, truth) for bar, (_, truth) in zip(found, frames, strict=True)]
    assert [bar for bar, truth in pairs if truth is None and bar is not None] == []
    right = [bar and bar.edge == t.edge and abs(bar.rows - t.rows) <= 2 for bar, t in pairs if t]
    assert np.mean([bool(r) for r in right]) >= 0.9
