"""A map that is served line by line: newest view first, nothing outdated, the same images as by command."""

import io
import json
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from napari_microgen.errors import ParameterError
from napari_microgen.generate import model as models
from napari_microgen.zones.cell_record import decoded
from napari_microgen.zones.cells import make_cells
from napari_microgen.zones.serving import Newest, Service, View, hear

ROWS = [{"heat": heat, "flux": 20.0} for heat in (10.0, 50.0, 90.0)]


class Ear(io.StringIO):
    """Takes what is said and tells when something has come."""

    def __init__(self):
        super().__init__()
        self.said, self._changed = [], threading.Condition()

    def write(self, text):
        with self._changed:
            self.said.append(json.loads(text))
            self._changed.notify_all()
        return len(text)

    def wait(self, kind, count=1):
        with self._changed:
            enough = self._changed.wait_for(lambda: len(self.all(kind)) >= count, timeout=60)
        assert enough, f"{kind} never came: {self.said}"
        return self.all(kind)

    def all(self, kind):
        return [message[kind] for message in self.said if kind in message]


@pytest.fixture
def serve(analytic, monkeypatch, tmp_path):
    """Start a service in a thread; ends it after the test."""
    started = []

    def start(size=16, **options):
        model = analytic(size=size)
        monkeypatch.setattr(models, "read_generator", lambda _: model)
        ear, newest = Ear(), Newest()
        service = Service("model", ear, newest, "cpu", tmp_path / "cache", 2, **options)
        thread = threading.Thread(target=service.work)
        thread.start()
        started.append((newest, thread))
        return model, ear, newest

    yield start
    for newest, thread in started:
        newest.end()
        thread.join(10)
        assert not thread.is_alive()


def view(**changes):
    return View.of({"number": 1, "rows": ROWS, "keys": ["a", "b", "c"], "count": 3} | changes)


def test_cells_come_with_what_is_said_of_them(serve):
    model, ear, newest = serve()
    assert ear.wait("ready")[0]["method"] == "analytic"
    newest.put(view(send=2, descriptors=("mean_grey",)))
    ear.wait("done")
    cells = {cell["key"]: cell for cell in ear.all("cell")}
    assert set(cells) == {"a", "b", "c"}
    direct = make_cells(model, ROWS, count=3)
    for key, same in zip("abc", direct, strict=True):
        np.testing.assert_array_equal(decoded(cells[key]), same.images[:2])
        assert cells[key]["preview"] is False
        assert cells[key]["support"]["flag"] == same.flag
    assert cells["c"]["descriptors"]["mean_grey"]["value"] == pytest.approx(0.2 + 0.6 * 0.9, abs=0.05)
    assert cells["a"]["conditions"]["heat"] == {"value": 10.0, "unit": "C"}
    assert cells["b"]["nearest"]["difference"] == ""


def test_quick_images_come_first_and_are_marked(serve):
    _, ear, newest = serve()
    newest.put(view(preview=2))
    ear.wait("done")
    assert [cell["preview"] for cell in ear.all("cell")] == [True] * 3 + [False] * 3


def test_a_newer_view_replaces_the_one_under_way(serve):
    _, ear, newest = serve(size=64)
    many = [{"heat": h / 10, "flux": 1.0} for h in range(900)]
    newest.put(view(rows=many, keys=list(map(str, range(900))), count=20, number=1))
    ear.wait("cell")
    start = time.monotonic()
    newest.put(view(number=2))
    assert ear.wait("done")[0]["number"] == 2
    assert time.monotonic() - start < 10
    numbers = [cell["number"] for cell in ear.all("cell")]
    assert numbers == sorted(numbers), "nothing outdated comes later"
    assert numbers.count(1) < 900


def test_what_was_seen_once_comes_from_the_cache(serve):
    _, ear, newest = serve()
    newest.put(view())
    ear.wait("done")
    newest.put(view(number=2, rows=ROWS[::-1]))
    ear.wait("done", 2)
    by_key = {(cell["number"], cell["key"]): cell["data"] for cell in ear.all("cell")}
    assert by_key[1, "a"] == by_key[2, "c"]


def test_what_cannot_be_met_is_refused_and_the_next_view_is_answered(serve):
    _, ear, newest = serve()
    newest.put(view(descriptors=("beauty",)))
    assert "beauty cannot be measured" in ear.wait("refused")[0]["message"]
    newest.put(view(number=2, classifier="nowhere"))
    assert "nowhere does not exist" in ear.wait("refused", 2)[1]["message"]
    newest.put(view(number=3))
    assert ear.wait("done")[0]["number"] == 3


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"number": 1},
        {"number": "x", "rows": []},
        {"number": 1, "rows": [1]},
        {"number": 1, "rows": ROWS, "keys": ["a"]},
        {"number": 1, "rows": ROWS, "send": 5},
        {"number": 1, "rows": ROWS, "speed": 5},
        [],
    ],
)
def test_what_is_no_view_is_refused(content):
    with pytest.raises(ParameterError):
        View.of(content)


def test_lines_are_heard_until_one_makes_no_sense():
    newest = Newest()
    hear(
        [
            json.dumps({"view": {"number": 1, "rows": ROWS}}),
            json.dumps({"view": {"number": 2, "rows": ROWS}}),
        ],
        newest,
    )
    assert newest.take().number == 2
    hear([json.dumps({"view": {}})], newest)
    assert isinstance(newest.take(), ParameterError)
    hear(["no json", json.dumps({"view": {"number": 3, "rows": ROWS}})], newest)
    assert not newest.outdated


def test_the_process_ends_with_its_input_and_says_why_it_cannot_start(tmp_path):
    words = [sys.executable, "-m", "napari_microgen.zones.serving", str(tmp_path / "nothing"), "cpu"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        said = json.loads(process.stdout.readline())
        assert "does not exist" in said["error"]["message"]
        assert process.wait(60) == 2
