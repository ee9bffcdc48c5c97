"""Muon: momentum whose matrices are made orthogonal before each step.

Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks". A step turns all
directions of a weight equally far, where Adam's follow the few that the gradient is strong in.
"""

from collections.abc import Callable, Iterable
from typing import Any, overload

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the polynomial that brings singular values near 1
N_ITERATIONS = 5
LIKE_ADAM = 0.2  # the RMS of Adam's steps, about (Liu et al. 2025, arXiv 2502.16982, section 2.2)


class Muon(torch.optim.Optimizer):
    """For weights of two dimensions and more: kernels as (first axis, everything else).

    The first is that of outputs, but of inputs where a convolution is transposed.

    Steps are as large as AdamW's, so that both take the same learning rate and weight decay.
    """

    def __init__(
        self,
        weights: Iterable[nn.Parameter],
        lr: float | Tensor,
        weight_decay: float,
        momentum: float,
    ) -> None:
        settings = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum}
        super().__init__(weights, settings)

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One step along the orthogonalised momentum (Nesterov's)."""
        if closure is not None:
            raise ValueError("Muon takes no closure")
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._step(weight, weight.grad, group)
        return None

    def _step(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        momentum = state["momentum"].lerp_(gradient, 1 - group["momentum"])
        direction = orthogonal(gradient.lerp(momentum, group["momentum"]).flatten(1))
        size = LIKE_ADAM * max(direction.shape) ** 0.5 * group["lr"]
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        weight.sub_(direction.view_as(weight) * size)


def orthogonal(matrix: Tensor) -> Tensor:
    """(rows, columns) -> about U V' of its singular value decomposition U S V'.

    Newton and Schulz's iteration with a steep polynomial: singular values end between 0.7 and 1.2,
    but for those that are next to nothing beside the largest.
    """
    if matrix.shape[0] > matrix.shape[1]:
        return orthogonal(matrix.mT).mT
    a, b, c = COEFFICIENTS
    x = matrix / matrix.norm().clamp_min(torch.finfo(matrix.dtype).tiny)
    for _ in range(N_ITERATIONS):
        square = x @ x.mT
        quadratic = torch.addmm(square, square, square, beta=b, alpha=c)  # b S + c S S, S = X X'
        x = torch.addmm(x, quadratic, x, beta=a)  # a X + (b S + c S S) X
    return x
