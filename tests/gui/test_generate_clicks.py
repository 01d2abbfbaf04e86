"""Random clicks on the real Generate dock: whatever is pressed, a few things always hold."""

import numpy as np
import psutil
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from napari_microgen.widgets.layers import KEY

MOST_LAYERS = 8
NAMES = ("temperature", "time")


class Clicks(RuleBasedStateMachine):
    """A user who clicks without looking."""

    bench = None
    models = ()

    def __init__(self):
        super().__init__()
        self.dock = self.bench.open("Generate")
        self.dock.turn_to("Make")
        self.open_model(0)
        self.added = {}

    def teardown(self):
        self.bench.wait(60)
        self.bench.viewer.layers.clear()
        self.bench.settle()

    @property
    def page(self):
        return self.dock.make

    @rule(which=st.integers(0, 2))
    def open_model(self, which):
        self.page.model.box.setEditText(str(self.models[which % len(self.models)]))

    @rule(title=st.sampled_from(["Make", "Make", "Train"]))
    def turn_to(self, title):
        self.dock.turn_to(title)

    @rule(name=st.sampled_from(NAMES), position=st.integers(0, 1000))
    def slide(self, name, position):
        if name in self.page.panel.conditions.rows:
            self.page.panel.conditions.rows[name].slider.setValue(position)

    @rule(name=st.sampled_from(NAMES), text=st.sampled_from(["850", "2,5", "", "hot", "-4", "1e9"]))
    def type_a_number(self, name, text):
        if name in self.page.panel.conditions.rows:
            edit = self.page.panel.conditions.rows[name].edit
            edit.setText(text)
            edit.textEdited.emit(text)

    @rule(which=st.integers(0, 1))
    def choose_a_label(self, which):
        if "material" in self.page.panel.conditions.rows:
            self.page.panel.conditions.rows["material"].setCurrentIndex(which)

    @rule(count=st.sampled_from([0, 1, 2]), seed=st.sampled_from([-1, 0, 7]))
    def choose_count_and_seed(self, count, seed):
        self.page.form.set_values({"count": count, "seed": seed})

    @rule()
    def press_what_there_is(self):
        for button in (self.page.other, self.page.panel.nearest, self.page.same_noise, self.page.more):
            if button.isVisible():
                self.bench.click(button)

    @rule()
    def click_run(self):
        if len(self.bench.viewer.layers) < MOST_LAYERS:
            self.bench.click(self.dock.run_button)

    @rule()
    def click_cancel(self):
        self.bench.click(self.dock.cancel_button)

    @rule(which=st.integers(0, MOST_LAYERS))
    def remove_layer(self, which):
        layers = list(self.bench.viewer.layers)
        if layers:
            self.added.pop(layers[which % len(layers)].unique_id, None)
            self.bench.viewer.layers.remove(layers[which % len(layers)])

    @rule()
    def close_and_open_the_dock(self):
        self.bench.open("Generate")

    @rule(milliseconds=st.integers(0, 300))
    def wait_a_little(self, milliseconds):
        self.bench.settle(milliseconds)

    @rule()
    def wait_for_the_end(self):
        self.bench.wait(60)

    @invariant()
    def one_job_and_buttons_that_say_so(self):
        dock = self.dock
        if dock.job is not None:
            assert not dock.run_button.isEnabled()
        else:
            assert dock.run_button.isEnabled() == (dock.page.problem() is None)
        assert dock.run_button.isEnabled() or dock.run_button.toolTip()

    @invariant()
    def samples_stay_as_they_came(self):
        for layer in self.bench.viewer.layers:
            if not layer.metadata[KEY].get("live"):
                kept = self.added.setdefault(layer.unique_id, layer.data.copy())
                np.testing.assert_array_equal(layer.data, kept)

    @invariant()
    def one_live_layer_and_few_processes(self):
        live = [x for x in self.bench.viewer.layers if x.metadata[KEY].get("live")]
        assert len(live) <= 1
        ours = psutil.Process().children()
        assert len(ours) <= 4, "the sampler, one that is ending, and a job"

    @invariant()
    def units_agree(self):
        if len(self.bench.viewer.layers):
            self.bench.assert_units_agree()

    @invariant()
    def errors_are_our_own(self):
        notice = self.dock.notice
        if notice.is_error and not notice.isHidden():
            assert "napari_microgen.errors." in notice.report, notice.report
        self.bench.assert_no_torch()


def click_at_random(bench, models, examples, steps):
    bench.hide_picture()
    run_state_machine_as_test(
        type("Clicks", (Clicks,), {"bench": bench, "models": models}),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=examples < 10,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def models(generator, tmp_path):
    """A model, and a damaged one."""
    import shutil

    damaged = tmp_path / "damaged"
    shutil.copytree(generator, damaged)
    weights = damaged / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-64])
    return [generator, damaged, tmp_path / "nothing"]


def test_random_clicks(bench, models):
    click_at_random(bench, models, 2, 50)


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(4))
def test_many_random_clicks(bench, models, part):
    click_at_random(bench, models, 10, 200)
