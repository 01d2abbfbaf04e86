"""Steps of equal size in every direction of a weight matrix: momentum made orthogonal (Muon)."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

CUBIC = (3.4445, -4.7750, 2.0315)
"""Coefficients of the odd polynomial that moves singular values towards 1 (Jordan et al. 2024)."""
ITERATIONS = 5
SIZE = 0.2
"""Root mean square of a step over its rate, about that of Adam."""


def orthogonalised(matrix: Tensor) -> Tensor:
    """Return the nearest matrix whose singular values are all about 1.

    The polynomial of `CUBIC` is applied five times. It acts on the smaller product of the matrix
    with itself, so that its long side enters two products only.

    Parameters
    ----------
    matrix : Tensor
        Shape (R, C).

    Returns
    -------
    Tensor
        Shape (R, C); singular values between 0.6 and 1.2 where those of ``matrix`` are not far
        below its largest. A matrix of zeros stays one.

    References
    ----------
    K. Jordan et al., Muon: an optimizer for hidden layers in neural networks (2024).

    Examples
    --------
    >>> found = orthogonalised(torch.tensor([[3.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))
    >>> torch.linalg.svdvals(found).round(decimals=1)
    tensor([1.1000, 0.8000])
    """
    tall = matrix.shape[0] > matrix.shape[1]
    wide = matrix.T if tall else matrix
    wide = wide / (torch.linalg.vector_norm(wide) + 1e-12)
    square = wide @ wide.T
    first, third, fifth = CUBIC
    factor = None
    for left in reversed(range(ITERATIONS)):
        one = torch.addmm(square, square, square, beta=third, alpha=fifth)
        one.diagonal().add_(first)
        factor = one if factor is None else one @ factor
        if left:
            square = one @ square @ one
    assert factor is not None
    found = factor @ wide
    return found.T if tall else found


class Muon(torch.optim.Optimizer):
    """Orthogonal steps for matrices and convolutions, steps of Adam for all other weights.

    A step of a matrix is its momentum with all singular values set to 1, so rare directions are
    learned as fast as common ones. Convolutions are taken as matrices of outputs by all else.
    Both kinds have decoupled weight decay.

    Parameters
    ----------
    matrices : iterable of Parameter
        Weights of two or more dimensions.
    others : iterable of Parameter
        Biases, norms, first and last layers.
    rate : float
        Step size of the matrices, as root mean square of a change over 0.2.
    other_rate : float
        Step size of the others.
    decay : float
        Weight decay of the matrices over the rate; the others have none.
    momentum : float
        Share of the mean gradient that is kept.
    betas : tuple of float
        Shares of mean and mean square that Adam keeps.
    """

    def __init__(
        self,
        matrices: Iterable[nn.Parameter],
        others: Iterable[nn.Parameter],
        *,
        rate: float,
        other_rate: float,
        decay: float = 0.01,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.99),
    ) -> None:
        groups: list[dict[str, Any]] = [
            {"params": list(matrices), "lr": rate, "weight_decay": decay, "orthogonal": True},
            {"params": list(others), "lr": other_rate, "weight_decay": 0.0, "orthogonal": False},
        ]
        super().__init__(groups, {"momentum": momentum, "betas": betas, "eps": 1e-8})

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Make one step from the gradients."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    (self._orthogonal if group["orthogonal"] else self._adam)(weight, weight.grad, group)
        return loss

    def _orthogonal(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state["mean"] = torch.zeros_like(weight)
        mean, keep = state["mean"].lerp_(gradient, 1 - group["momentum"]), group["momentum"]
        matrix = torch.lerp(gradient, mean, keep).flatten(1)
        change = orthogonalised(matrix).reshape(weight.shape)
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        weight.add_(change, alpha=-SIZE * math.sqrt(max(matrix.shape)) * group["lr"])

    def _adam(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state, (first, second) = self.state[weight], group["betas"]
        if not state:
            state |= {"count": 0, "mean": torch.zeros_like(weight), "square": torch.zeros_like(weight)}
        state["count"] += 1
        mean = state["mean"].lerp_(gradient, 1 - first)
        square = state["square"].mul_(second).addcmul_(gradient, gradient, value=1 - second)
        size = (square / (1 - second ** state["count"])).sqrt_().add_(group["eps"])
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        weight.addcdiv_(mean, size, value=-group["lr"] / (1 - first ** state["count"]))
