"""A box to choose a model from: what is typed is read after a pause, and only the last of it counts."""

import threading

import pytest

from napari_microgen.errors import InputNotFoundError
from napari_microgen.widgets.card_choice import CardChoice


class Choice(CardChoice):
    """Notes what it is shown."""

    def __init__(self, read):
        super().__init__("Model", "what it is for", ["film", "steel"], "none", read)
        self.shown = []

    def show_card(self, card, problem):
        super().show_card(card, problem)
        self.shown.append((card, problem))


def test_shipped_models_are_offered_and_none_is_chosen(qtbot):
    choice = Choice(str.upper)
    qtbot.addWidget(choice)
    assert [choice.box.itemText(n) for n in range(choice.box.count())] == ["builtin:film", "builtin:steel"]
    assert (choice.wanted(), choice.problem(), choice.reading) == ("", None, False)
    choice.look()
    assert not choice.reading, "there is nothing to read"


def test_what_is_typed_is_read_once_after_the_last_key(qtbot):
    read = []
    choice = Choice(lambda text: read.append(text) or text)
    qtbot.addWidget(choice)
    for text in ("m", "mo", "/model"):
        choice.box.setEditText(text)
        assert choice.reading
    qtbot.waitUntil(lambda: choice.shown != [])
    assert read == ["/model"]
    assert choice.shown == [("/model", None)]
    assert not choice.reading


def test_a_home_folder_is_meant_by_its_short_name_but_not_in_a_shipped_one(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    choice = Choice(str)
    qtbot.addWidget(choice)
    choice.box.setEditText(" ~/model ")
    assert choice.wanted() == str(tmp_path / "model")
    choice.box.setEditText("builtin:~")
    assert choice.wanted() == "builtin:~"


@pytest.mark.parametrize("error", [InputNotFoundError("there is none"), OSError("disk gone")])
def test_what_cannot_be_read_is_a_problem_in_words(qtbot, error):
    def fail(_text):
        raise error

    choice = Choice(fail)
    qtbot.addWidget(choice)
    choice.open_model("/nowhere")
    qtbot.waitUntil(lambda: choice.shown != [])
    assert choice.shown == [(None, str(error))]
    assert choice.problem() == str(error)


def test_a_model_that_is_opened_is_offered_again_and_read_each_time(qtbot):
    read = []
    choice = Choice(lambda text: read.append(text) or text)
    qtbot.addWidget(choice)
    for times in (1, 2):
        choice.open_model("/model")
        qtbot.waitUntil(lambda times=times: len(choice.shown) == times)
    assert read == ["/model", "/model"]
    assert choice.box.count() == 3


def test_a_closing_window_is_told_nothing_any_more(qtbot):
    begun, go = threading.Event(), threading.Event()

    def slow(text):
        begun.set()
        go.wait(10)
        return text

    choice = Choice(slow)
    qtbot.addWidget(choice)
    choice.open_model("/model")
    assert begun.wait(10)
    go.set()
    choice.forget()
    qtbot.wait(20)
    assert choice.shown == []
