"""The whole comparison from files: Python, command, page, JSON."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile

from napari_microgen.cli import main
from napari_microgen.compare.operation import compare
from napari_microgen.errors import MicrogenError, ParameterError, ShapeMismatchError, TableError
from napari_microgen.progress import finish

VOID = {"meta", "link", "img", "br"}


def write_set(folder, random, draw, temperatures, each, um=0.02):
    """Write images named by their condition, two patches to a micrograph, and their table."""
    folder.mkdir(parents=True)
    lines = ["file,temperature [C],micrograph,part"]
    for t in temperatures:
        for k, image in enumerate(draw(random, each, density=t / 10)):
            name = f"{folder.name}_{t}_{k:03d}.tif"
            options = {"resolution": (1e4 / um, 1e4 / um), "resolutionunit": "CENTIMETER"}
            tifffile.imwrite(folder / name, image, **options)
            lines.append(f"{name},{t},m{t}_{k // 2},{'test' if k // 2 % 2 else 'train'}")
    (folder.parent / f"{folder.name}.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, precipitates):
    root = tmp_path_factory.mktemp("compare")
    random = np.random.default_rng(0)
    write_set(root / "real", random, precipitates, (100, 200, 300), 36)
    write_set(root / "synthetic", random, precipitates, (100, 200, 300), 18)
    write_set(root / "coarse", random, precipitates, (100, 200, 300), 8, um=0.03)
    return root


@pytest.fixture(scope="module")
def arguments(folder):
    return {
        "real": folder / "real",
        "synthetic": folder / "synthetic",
        "conditions": folder / "real.csv",
        "synthetic_conditions": folder / "synthetic.csv",
        "held_out": ("part=test",),
        "columns": ("temperature",),
        "repeats": 6,
    }


@pytest.fixture(scope="module")
def result(folder, arguments):
    out = folder / "out"
    ticks, steps = [], compare.steps(**arguments, out=out)
    while True:
        try:
            ticks.append(next(steps))
        except StopIteration as end:
            return end.value, out, ticks


def test_the_json_is_the_result_and_has_the_keys_others_read(result):
    content, out, _ = result
    written = json.loads((out / "report.json").read_text())
    assert written == {k: v for k, v in json.loads(json.dumps(content)).items() if k != "files"}
    assert content["files"] == ["report.html", "report.json", "images.csv"]
    metrics = content["metrics"]
    assert {"value", "floor", "baseline"} <= set(metrics["relative_density.wasserstein"])
    for name in (
        "descriptors.auc",
        "persistence_image.auc",
        "coverage",
        "relative_density.r2",
        "memorisation.auc",
    ):
        assert metrics[name]["value"] is not None, name
        assert metrics[name]["floor"] is not None, name
    assert metrics["relative_density.r2"]["baseline"] is not None
    assert content["trust"] in ("yes", "partly", "no", "undecided")
    assert content["verdict"][0].startswith("This generator")
    assert content["memorises"] is False
    assert [row["support"] for row in content["conditions"]] == ["seen"] * 3
    assert content["pixel_size_um"] == pytest.approx(0.02)
    assert content["images"]["sides"]["real"] == {"images": 54, "groups": 27, "conditions": 3}


def test_ticks_go_forward_to_the_end(result):
    shares = [tick.step / tick.total for tick in result[2]]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_the_same_seed_gives_the_same_bytes(result, arguments, tmp_path):
    compare(**arguments, out=tmp_path / "again")
    for name in ("report.json", "report.html", "images.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (result[1] / name).read_bytes()


def test_a_report_to_be_passed_on_holds_no_real_image(result, arguments, tmp_path):
    """Every picture made of real pixels is gone, and the numbers are the same."""
    compare(**arguments, out=tmp_path / "open", real_pictures=False)
    whole, bare = ((folder / "report.html").read_text() for folder in (result[1], tmp_path / "open"))
    addresses = re.compile(r'src="(data:image/png[^"]+)"')
    left = set(addresses.findall(bare))
    assert left < set(addresses.findall(whole))
    assert len(left) == 3 + 3, "one sheet of synthetic images per condition, three persistence images"
    assert "Real images are left out" in bare
    numbers = [json.loads((f / "report.json").read_text())["metrics"] for f in (result[1], tmp_path / "open")]
    assert numbers[0] == numbers[1]


def test_phase_maps_against_grey_images_are_pointed_out(tmp_path, precipitates):
    random = np.random.default_rng(0)
    np.save(tmp_path / "real.npy", precipitates(random, 12))
    np.save(tmp_path / "synthetic.npy", 255 * (precipitates(random, 12) > 100).astype(np.uint8))
    how = {"repeats": 2, "planes": "each"}
    found = compare(tmp_path / "real.npy", tmp_path / "synthetic.npy", out=tmp_path / "out", **how)
    assert any("the synthetic images hold two grey values only" in note for note in found["notes"])
    again = compare(tmp_path / "real.npy", tmp_path / "real.npy", out=tmp_path / "same", **how)
    assert not any("two grey values" in note for note in again["notes"])


def test_a_refused_comparison_leaves_no_folder(tmp_path, arguments):
    with pytest.raises(MicrogenError):
        compare(**(arguments | {"synthetic": tmp_path / "nothing"}), out=tmp_path / "report")
    assert list(tmp_path.iterdir()) == []


class Page(HTMLParser):
    """Checks that tags are closed in order, and collects what a page refers to."""

    def __init__(self):
        super().__init__()
        self.open, self.addresses, self.words, self.tags = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for key, value in attrs if key in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_stands_alone(result):
    text = (result[1] / "report.html").read_text()
    page = Page()
    page.feed(text)
    assert page.open == []
    assert all(address.startswith("data:") for address in page.addresses)
    assert "script" not in page.tags
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", text)
    assert "@media print" in text
    for drawing in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ElementTree.fromstring(drawing)
    assert len(re.findall("<svg", text)) > 20


def test_the_first_lines_of_the_page_are_the_verdict(result):
    content, out, _ = result
    page = Page()
    page.feed((out / "report.html").read_text())
    words = [" ".join(w.split()) for w in page.words if w.strip()]
    first = words.index(content["verdict"][0])
    assert first < 4  # after the title, the style and the heading
    assert [w for w in words if w in content["verdict"]][: len(content["verdict"])] == content["verdict"]


def test_the_command_gives_the_same_report_and_a_recipe(result, arguments, tmp_path, capsys):
    words = ["compare", str(arguments["real"]), str(arguments["synthetic"]), "--out", str(tmp_path / "out")]
    words += ["--conditions", str(arguments["conditions"]), "--held-out", "part=test"]
    words += ["--synthetic-conditions", str(arguments["synthetic_conditions"])]
    words += ["--columns", "temperature", "--repeats", "6"]
    assert main([*words, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["metrics"] == json.loads(json.dumps(result[0]["metrics"]))
    assert (tmp_path / "out" / "report.html").read_bytes() == (result[1] / "report.html").read_bytes()
    recipe = json.loads((tmp_path / "out" / "recipe.json").read_text())
    assert recipe["operation"] == "compare"
    assert recipe["parameters"]["held_out"] == ["part=test"]


def test_people_read_the_verdict(result, arguments, tmp_path, capsys):
    words = ["compare", str(arguments["real"]), str(arguments["synthetic"]), "--out", str(tmp_path / "out")]
    assert main([*words, "--repeats", "2", "--copies", "8", "--count", "24", "--quiet"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(("This generator", "Too few"))
    assert "Memorisation was not tested" in text


def test_different_pixel_sizes_are_an_error(folder, tmp_path, capsys):
    with pytest.raises(ShapeMismatchError, match=r"0\.02 um, the synthetic images 0\.03 um"):
        compare(folder / "real", folder / "coarse", out=tmp_path / "out")
    words = ["compare", str(folder / "real"), str(folder / "coarse"), "--out", str(tmp_path / "out")]
    assert main(words) == 2
    assert "pixel size" in capsys.readouterr().err
    assert not list(Path(tmp_path).glob("out/report*"))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"held_out": ("part=nothing",)}, MicrogenError, "part"),
        ({"held_out": ("temperature=100:300",)}, TableError, "some must be held out and some not"),
        ({"conditions": None, "synthetic_conditions": None}, ParameterError, "--conditions"),
        ({"threshold": 1.5}, ParameterError, "share of white"),
        ({"repeats": 1}, ParameterError, "at least 8, 8 and 2"),
        ({"group": "library"}, TableError, "library"),
        ({"patch": 100}, ParameterError, "16 to 64"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(arguments, tmp_path, change, error, words):
    with pytest.raises(error, match=words):
        compare(**arguments | change, out=tmp_path / "out")
    assert not list(Path(tmp_path).glob("out/report*"))


def test_conditions_without_real_images_are_refused(folder, arguments, tmp_path):
    other = folder / "other.csv"
    text = arguments["synthetic_conditions"].read_text()
    other.write_text(re.sub(r",(\d)00,m", r",\g<1>50,m", text))
    with pytest.raises(TableError, match="nothing to compare"):
        compare(**arguments | {"synthetic_conditions": other}, out=tmp_path / "out")


def test_stopping_leaves_no_report(arguments, tmp_path):
    steps = compare.steps(**arguments, out=tmp_path / "out")
    for _ in zip(range(12), steps, strict=False):
        pass
    steps.close()
    assert not (tmp_path / "out").exists()


def test_other_models_and_training_sets_have_their_place(folder, arguments, tmp_path):
    """The real images serve as training set and as the other model's images: a copy is no worse than real."""
    given = arguments | {
        "held_out": (),
        "training": folder / "synthetic",
        "training_conditions": folder / "synthetic.csv",
        "paper": folder / "synthetic",
        "paper_conditions": folder / "synthetic.csv",
    }
    content = finish(compare.steps(**given, out=tmp_path / "out"))
    entry = content["metrics"]["descriptors.auc"]["baselines"]
    assert entry["paper_model"] is not None
    assert entry["nearest_condition_copy"] is not None
    # The synthetic images are the training images: copies, all of them.
    assert content["memorises"] is True
    assert content["trust"] == "no"
