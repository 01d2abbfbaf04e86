"""Random clicks on the real Segment dock: whatever is pressed, a few things always hold."""

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from .conftest import two_phases

PAGES = ("Phase map", "Annotate", "Compare")
MOST_LAYERS = 14


class Clicks(RuleBasedStateMachine):
    """A user who clicks without looking."""

    bench = None

    def __init__(self):
        super().__init__()
        self.dock = self.bench.open("Segment")
        self.dock.turn_to(PAGES[0])
        for page in (self.dock.segment, self.dock.annotate):
            page.form.set_values({"method": "otsu", "smoothing": 0.0})
            page.results.replace.setChecked(False)
        self.given, self.painted = {}, {}
        self.add_image(0)

    def teardown(self):
        self.bench.wait(30)
        self.bench.viewer.layers.clear()
        self.bench.settle()

    @property
    def layers(self):
        return list(self.bench.viewer.layers)

    @rule(seed=st.integers(0, 3))
    def add_image(self, seed):
        if len(self.bench.viewer.layers) < MOST_LAYERS:
            grey, _ = two_phases((3, 48, 64), seed=seed)
            layer = self.bench.image(grey, name=f"image {seed}")
            self.given[layer.unique_id] = grey.copy()

    @rule(page=st.sampled_from(PAGES))
    def turn_to(self, page):
        self.dock.turn_to(page)

    @rule()
    def click_run(self):
        if len(self.bench.viewer.layers) < MOST_LAYERS:
            self.bench.click(self.dock.run_button)

    @rule()
    def double_click_run(self):
        if len(self.bench.viewer.layers) < MOST_LAYERS - 1:
            self.bench.click(self.dock.run_button)
            self.bench.click(self.dock.run_button)

    @rule()
    def click_cancel(self):
        self.bench.click(self.dock.cancel_button)

    @rule(which=st.integers(0, MOST_LAYERS))
    def remove_layer(self, which):
        if self.layers:
            layer = self.layers[which % len(self.layers)]
            self.painted.pop(layer.unique_id, None)
            self.bench.viewer.layers.remove(layer)

    @rule(which=st.integers(0, MOST_LAYERS), name=st.sampled_from(["a", "b", "a longer name", "µ/\\:*"]))
    def rename_layer(self, which, name):
        if self.layers:
            self.layers[which % len(self.layers)].name = name

    @rule(which=st.integers(0, MOST_LAYERS), row=st.integers(5, 40), value=st.integers(0, 3))
    def paint(self, which, row, value):
        labels = [layer for layer in self.layers if type(layer).__name__ == "Labels"]
        if labels:
            layer = labels[which % len(labels)]
            layer.paint((1, row, 30), value)
            self.painted[layer.unique_id] = layer.data.copy()

    @rule(which=st.integers(0, MOST_LAYERS))
    def undo(self, which):
        labels = [layer for layer in self.layers if layer.unique_id in self.painted]
        if labels:
            layer = labels[which % len(labels)]
            layer.undo()
            self.painted[layer.unique_id] = layer.data.copy()

    @rule(which=st.integers(0, MOST_LAYERS))
    def change_image(self, which):
        images = [layer for layer in self.layers if layer.unique_id in self.given]
        if images:
            layer = images[which % len(images)]
            layer.data = layer.data[::-1].copy()
            self.given[layer.unique_id] = layer.data.copy()

    @rule(method=st.sampled_from(["otsu", "hybrid"]), smoothing=st.sampled_from([0.0, 1.0, -1.0]))
    def change_parameters(self, method, smoothing):
        for page in (self.dock.segment, self.dock.annotate):
            page.form.set_values({"method": method, "smoothing": smoothing})

    @rule()
    def toggle_replace(self):
        for page in (self.dock.segment, self.dock.annotate):
            page.results.replace.toggle()

    @rule(plane=st.integers(0, 2))
    def move_slider(self, plane):
        if self.layers:
            self.bench.viewer.dims.set_current_step(0, plane)

    @precondition(lambda self: self.dock.page is self.dock.annotate)
    @rule(tool=st.sampled_from(["Move", "Brush", "Superpixel"]), value=st.integers(0, 3))
    def take_a_tool(self, tool, value):
        button = self.dock.annotate.paint.tools[tool]
        if button.isEnabled():
            button.click()
            self.dock.annotate.paint.classes.buttons[value].click()

    @rule(row=st.integers(0, 47), column=st.integers(0, 63))
    def click_a_superpixel(self, row, column):
        tool = self.dock.annotate.superpixels
        if tool.active and tool.labels in self.bench.viewer.layers and tool.assign(row, column):
            self.painted[tool.labels.unique_id] = tool.labels.data.copy()

    @rule()
    def close_and_open_the_dock(self):
        self.bench.open("Segment")

    @rule(milliseconds=st.integers(0, 60))
    def wait_a_little(self, milliseconds):
        self.bench.settle(milliseconds)

    @rule()
    def wait_for_the_end(self):
        self.bench.wait(30)

    @invariant()
    def one_job_and_buttons_that_say_so(self):
        dock = self.dock
        if dock.job is not None:
            assert not dock.run_button.isEnabled()
            assert dock.cancel_button.isEnabled() != dock.job.cancelling
        else:
            assert not dock.cancel_button.isEnabled()
            assert dock.run_button.isEnabled() == (dock.page.problem() is None)
        assert dock.run_button.isEnabled() or dock.run_button.toolTip()

    @invariant()
    def units_agree(self):
        if self.layers:
            self.bench.assert_units_agree()

    @invariant()
    def nothing_given_or_painted_is_changed(self):
        for layer in self.layers:
            for kept in (self.given, self.painted):
                if layer.unique_id in kept:
                    np.testing.assert_array_equal(layer.data, kept[layer.unique_id])

    @invariant()
    def what_was_painted_is_still_there(self):
        there = {layer.unique_id for layer in self.layers}
        assert set(self.painted) <= there, "a layer edited by hand has gone"

    @invariant()
    def errors_are_our_own(self):
        notice = self.dock.notice
        if notice.is_error and not notice.isHidden():
            assert "napari_microgen.errors." in notice.report, notice.report


def click_at_random(bench, examples, steps):
    bench.hide_picture()  # software OpenGL crashes when hundreds of layers come and go, with or without us
    run_state_machine_as_test(
        type("Clicks", (Clicks,), {"bench": bench}),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=examples < 10,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_random_clicks(bench):
    click_at_random(bench, 6, 80)


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(10))
def test_many_random_clicks(bench, part):
    click_at_random(bench, 10, 500)
