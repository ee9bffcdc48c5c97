"""EnCodec's networks (SEANet of the encodec package) on signals of any length, in chunks.

Convolutions see a chunk and a little on both sides of it, recurrent layers go on from the state
that the chunk before left: the result is that of the whole signal, however long they remember.
"""

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction

import torch
from einops import rearrange
from encodec.modules import SLSTM, SConv1d, SConvTranspose1d
from torch import Tensor, nn

from dirac.audio.chunks import pieces_of, stream

# Frames of a chunk, and of what convolutions see on each side of it: EnCodec's look 6 far, or 8
# where no recurrent layer is between them.
CHUNK, CONTEXT = 750, 12


def run_in_chunks(network: nn.Sequential, signal: Tensor) -> Tensor:
    """network(signal), (batch, channels, time) -> (batch, channels, time), in constant memory.

    network: the `model` of a SEANetEncoder or SEANetDecoder, causal or not, normalised by weights
    and not over time.
    """
    _, down = _strides(network)
    pieces = pieces_of(signal, CHUNK * down)
    for part in _split_at_recurrence(network):
        pieces = _recur(part, pieces) if isinstance(part, SLSTM) else _convolve(part, pieces)
    return torch.cat([*pieces], dim=-1)


def _convolve(layers: nn.Sequential, pieces: Iterable[Tensor]) -> Iterator[Tensor]:
    up, down = _strides(layers)
    return stream(layers, pieces, CONTEXT * down, Fraction(up, down))


def _recur(layer: SLSTM, pieces: Iterable[Tensor]) -> Iterator[Tensor]:
    """layer.forward, with its state carried from each piece to the next."""
    state = None
    for piece in pieces:
        steps = rearrange(piece, "batch channels frames -> frames batch channels")
        outputs, state = layer.lstm(steps, state)
        if layer.skip:
            outputs = outputs + steps
        yield rearrange(outputs, "frames batch channels -> batch channels frames")


def _split_at_recurrence(network: nn.Sequential) -> list[SLSTM | nn.Sequential]:
    """The recurrent layers, and the runs of others between them, in order."""
    parts: list[SLSTM | nn.Sequential] = []
    others: list[nn.Module] = []
    for layer in network:
        if isinstance(layer, SLSTM):
            parts += [nn.Sequential(*others), layer]
            others = []
        else:
            others.append(layer)
    return [*parts, nn.Sequential(*others)]


def _strides(layers: nn.Sequential) -> tuple[int, int]:
    """How many times longer, and shorter, layers make a signal."""
    up = [layer.convtr.convtr.stride[0] for layer in layers if isinstance(layer, SConvTranspose1d)]
    down = [layer.conv.conv.stride[0] for layer in layers if isinstance(layer, SConv1d)]
    return math.prod(up), math.prod(down)
