"""A loaded generator answers requests: what is outdated is dropped, what is urgent goes first."""

import base64
import io
import json

import numpy as np
import pytest

from napari_microgen.errors import ParameterError
from napari_microgen.generate.images import make_images
from napari_microgen.generate.model import read_generator
from napari_microgen.generate.serving import TOGETHER, Request, Service, Waiting, hear
from napari_microgen.progress import finish

ROW = {"temperature": 750.0, "material": "A"}


def request(key, number=0, rows=1, **options):
    return Request(key, number, (ROW,) * rows, **options)


def ask(key, number, rows=(ROW,), **options):
    return json.dumps({"ask": {"key": key, "number": number, "rows": list(rows)} | options})


def test_a_newer_request_replaces_the_one_that_waits():
    waiting = Waiting()
    for number in range(5):
        waiting.add(request("live", number))
    assert [r.number for r in waiting.take()] == [4]


def test_a_newer_request_breaks_off_the_older_one_unless_that_is_urgent():
    for urgent in (False, True):
        waiting = Waiting()
        waiting.add(request("live", 1, urgent=urgent))
        (under_way,) = waiting.take()
        waiting.add(request("live", 2, urgent=urgent))
        assert waiting.wanted(under_way) == urgent


def test_what_is_urgent_goes_first_and_what_it_interrupts_is_not_forgotten():
    waiting = Waiting()
    for number in range(3):
        waiting.add(request(f"cell {number}", number))
    taken = waiting.take()
    waiting.add(request("first", 9, urgent=True))
    assert waiting.pressing()
    waiting.put_back(taken)
    assert [waiting.take()[0].number for _ in range(4)] == [9, 0, 1, 2]


def test_what_was_replaced_or_dropped_meanwhile_does_not_come_back():
    waiting = Waiting()
    waiting.add(request("a", 1))
    waiting.add(request("b", 2))
    first, second = waiting.take(), waiting.take()
    waiting.under_way = first + second
    waiting.add(request("a", 3))
    waiting.drop({"b"})
    waiting.put_back(first + second)
    assert [r.number for r in waiting.requests] == [3]


@pytest.mark.parametrize("shared", [{"same_noise": True}, {"numbers": (7,)}])
def test_requests_that_are_alike_are_answered_together(shared):
    waiting = Waiting()
    for number in range(TOGETHER + 3):
        waiting.add(request(f"cell {number}", number, **shared))
    waiting.add(request("other", 99, seed=1, **shared))
    assert [len(waiting.take()) for _ in range(3)] == [TOGETHER, 3, 1]


def test_requests_with_their_own_noise_are_answered_one_by_one():
    waiting = Waiting()
    waiting.add(request("a", 1))
    waiting.add(request("b", 2))
    assert len(waiting.take()) == 1


@pytest.mark.parametrize("content", [{}, {"key": "a"}, {"key": "a", "number": 1, "rows": []}, [], 3])
def test_what_is_no_request_is_refused(content):
    with pytest.raises(ParameterError):
        Request.of(content)


def test_the_end_of_the_lines_is_the_end():
    waiting = Waiting()
    hear([ask("a", 1), '{"drop": ["a"]}', ask("b", 2), ask("c", 3), '{"quit": true}', ask("d", 4)], waiting)
    assert [r.number for r in waiting.requests] == [2, 3]
    waiting.end()
    assert waiting.take() == []


@pytest.fixture
def served(models):
    """Return a function that answers lines with the tiny edm and returns the messages."""

    def serve(*lines):
        out, waiting = io.StringIO(), Waiting()
        service = Service(str(models("edm")), out, waiting, "cpu")
        hear(lines, waiting)
        expected = len(waiting.requests)
        taken = waiting.take

        def take_while_there_is():
            return taken() if waiting.requests else []

        waiting.take = take_while_there_is
        service.work()
        assert expected
        return [json.loads(line) for line in out.getvalue().splitlines()]

    return serve


def images_of(message):
    answer = message["answer"]
    return np.frombuffer(base64.b64decode(answer["data"]), answer["dtype"]).reshape(answer["shape"])


def test_answers_are_the_images_the_library_makes(served, models):
    rows = [ROW, ROW | {"temperature": 850.0}]
    ready, answer = served(ask("live", 5, rows, seed=3))
    assert ready["ready"]["evaluations"] is True
    assert ready["ready"]["size"] == 16
    ours = finish(make_images(read_generator(models("edm")), rows, seed=3)).images
    assert answer["answer"]["number"] == 5
    np.testing.assert_array_equal(images_of(answer), ours)


def test_images_answered_together_are_those_made_alone(served):
    lines = [
        ask(f"cell {n}", n, [ROW | {"temperature": 700.0 + 50 * n}], seed=2, numbers=[n]) for n in range(3)
    ]
    together = served(*lines)[1:]
    alone = [served(line)[1] for line in lines]
    for one, other in zip(together, alone, strict=True):
        difference = images_of(one).astype(int) - images_of(other)
        assert np.abs(difference).max() <= 1, "batches may round differently"


def test_a_request_that_cannot_be_met_is_refused_and_the_next_one_answered(served):
    _, refused, answer = served(ask("odd", 1, [{"pressure": 3}]), ask("live", 2))
    assert refused["refused"]["key"] == "odd"
    assert "pressure" in refused["refused"]["message"]
    assert answer["answer"]["number"] == 2
