"""A process that stays answers line by line, says why it ends, and ends with its input."""

import io
import json
import subprocess
import sys

import pytest

from napari_microgen.generate.json_lines import messages, say

CHILD = """
import sys, time
from napari_microgen.errors import ParameterError
from napari_microgen.generate.json_lines import messages, say, talk
heard = []

def hear(lines):
    heard.extend(messages(lines))

def work(out):
    print("this is for people")
    while not heard:
        time.sleep(0.01)
    say(out, "answer", heard[0])
    if "bad" in heard[0]:
        raise ParameterError("It is bad.")
    time.sleep(60)

sys.exit(talk(hear, work))
"""


def child():
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen([sys.executable, "-c", CHILD], text=True, **pipes)


@pytest.mark.parametrize("end", ["no json", "[1]", '{"quit": true}'])
def test_nothing_is_heard_after_the_end(end):
    assert list(messages(['{"a": 1}', end, '{"a": 2}'])) == [{"a": 1}]


def test_a_message_is_one_line_and_a_closed_stream_is_told():
    out = io.StringIO()
    assert say(out, "answer", {"text": "two\nlines"})
    assert out.getvalue().count("\n") == 1
    assert json.loads(out.getvalue()) == {"answer": {"text": "two\nlines"}}
    out.close()
    assert not say(out, "answer", {})


def test_an_error_is_the_last_answer():
    with child() as process:
        process.stdin.write('{"bad": 1}\n')
        process.stdin.flush()
        lines = [json.loads(line) for line in process.stdout]
        assert process.wait(20) == 2
        assert process.stderr.read() == "this is for people\n"
    assert lines == [
        {"answer": {"bad": 1}},
        {"error": {"type": "ParameterError", "message": "It is bad."}},
    ]


def test_it_ends_with_its_input():
    with child() as process:
        out, _ = process.communicate('{"good": 1}\n', timeout=20)
        assert process.returncode == 0
    assert out in ("", '{"answer": {"good": 1}}\n')
