"""Choosing a generator: one that is shipped, or a folder."""

import numpy as np
from qtpy.QtCore import Signal

from ..conditions.support import distance_to_hull
from ..generate.card import GeneratorCard, builtin_models, read_generator_card
from .card_choice import CardChoice

PROMPT = "Choose a model: a folder that was written by training."


class ModelChoice(CardChoice):
    """A box with the models that are shipped and those that were opened, and what the card says."""

    opened = Signal(object)
    """A `GeneratorCard`, or None while there is none."""

    def __init__(self) -> None:
        tip = "A folder written by training, or a model that is shipped"
        super().__init__("Model", tip, builtin_models(), "a model folder", read_card_for_window)
        self.card: GeneratorCard | None = None
        self._problem = PROMPT

    def text(self) -> str:
        """Return the model as the command takes it."""
        return self.wanted()

    def refuse(self, reason: str) -> None:
        """Take note that the model cannot be used after all."""
        self.show_card(None, reason)

    def look(self) -> None:
        """Read the card of what is chosen now."""
        text = self.wanted()
        self.show_card(None, f"{text} is being read." if text else PROMPT)
        super().look()

    def edited(self, _text: str = "") -> None:
        """Look at what is typed when no more keys come."""
        self.show_card(None, "The model has not been read yet.")
        super().edited()

    def show_card(self, card: GeneratorCard | None, problem: str | None) -> None:
        """Take a card, or None and why there is none."""
        super().show_card(card, problem)
        before, self.card = self.card, card
        self.box.setToolTip(self.wanted())
        self.about.setText(described_card(card) if card else problem or "")
        if card is not None or before is not None or problem is not None:
            self.opened.emit(card)


def read_card_for_window(model: str) -> GeneratorCard:
    """Read a card, and load in this thread what the support needs, so that no slider waits for it."""
    card = read_generator_card(model)
    distance_to_hull(np.array([0.5]), np.array([[0.0], [1.0]]))
    return card


def described_card(card: GeneratorCard) -> str:
    """Return what a user wants to know of a model, in a few words."""
    training = card.details["training"] if isinstance(card.details["training"], dict) else {}
    size = f"{card.size} × {card.size} px"
    edge = "pixel size unknown" if card.pixel_size is None else f"{card.pixel_size:g} {card.unit} per px"
    parts = [f"{card.method}, {size}, {edge}"]
    if training.get("images"):
        parts.append(f"trained on {training['images']} images")
    licence = str(card.details.get("licence") or "").strip()
    return "; ".join(parts) + (f"; licence: {licence[:120]}" if licence else "")
