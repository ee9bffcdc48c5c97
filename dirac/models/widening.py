"""Weights of a decomposition for one whose components have more channels."""

from collections.abc import Mapping

from torch import Tensor


def widened(
    state: Mapping[str, Tensor], first: Mapping[str, Tensor], n_more: int
) -> dict[str, Tensor]:
    """state: weights of a model; first: those that a model begins with whose components have

    n_more channels more -> weights with which that renders what the old one did.

    New channels are encoded by first weights, and what was there takes nothing of them yet
    (Net2Net: Chen et al. 2016). They come behind the old ones, as the networks add a component
    behind their own channels. Weights that differ otherwise are left as they are.
    """
    return {
        name: _grown(old, first[name], n_more) if name in first else old
        for name, old in state.items()
    }


def _grown(old: Tensor, first: Tensor, n_more: int) -> Tensor:
    """(n_out, n_in, kernel) or (n_out,), with n_more outputs or inputs more if `first` has them."""
    sizes = tuple(old.shape)
    more = {new - size for new, size in zip(first.shape, sizes, strict=False)}
    if old.ndim != first.ndim or more | {0, n_more} != {0, n_more} or more == {0}:
        return old
    grown = first.clone()
    grown[: sizes[0]] = 0.0  # of the new inputs
    grown[tuple(slice(size) for size in sizes)] = old
    return grown
