"""Work on a GPU, recorded once as a CUDA graph and then repeated.

A step of a small network is a thousand kernels of a few microseconds each, which a processor takes
ten times as long to ask for one by one. Recorded, it asks once for all.
"""

from collections.abc import Callable

import torch
from torch import Tensor

N_FIRST = 3  # calls that are made as they are: libraries choose their kernels, memory is taken

Results = dict[str, Tensor]


def recorded(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """As `Recorded`, of a function that gives one tensor."""
    named = Recorded(lambda *inputs: {"result": function(*inputs)})
    return lambda *inputs: named(*inputs)["result"]


class Recorded:
    """function(tensors) -> named tensors, called with tensors of the same shapes each time.

    On a CPU, and in the first calls, it is the function itself. What the function does besides, as
    to its weights, is done at every call; numbers that Python holds stay what they were when it
    was recorded, and torch's chance follows `torch.manual_seed`. It must not wait for the GPU.
    """

    def __init__(self, function: Callable[..., Results]) -> None:
        self.function = function
        self.graph: torch.cuda.CUDAGraph | None = None
        self._n_calls = 0
        self._inputs: list[Tensor] = []
        self._results: Results = {}

    def __call__(self, *inputs: Tensor) -> Results:
        if not inputs[0].is_cuda:
            return self.function(*inputs)
        self._n_calls += 1
        if self._n_calls <= N_FIRST:
            return self._aside(inputs)
        if self.graph is None:
            self.graph = self._record(inputs)
        for held, given in zip(self._inputs, inputs, strict=True):
            held.copy_(given, non_blocking=True)
        self.graph.replay()
        return {name: value.clone() for name, value in self._results.items()}

    def _aside(self, inputs: tuple[Tensor, ...]) -> Results:
        """As it is, on a stream of its own, as recording asks of the calls before it."""
        here = torch.cuda.current_stream()
        aside = torch.Stream(here.device)
        aside.wait_stream(here)
        with aside:
            results = self.function(*inputs)
        here.wait_stream(aside)
        return results

    def _record(self, inputs: tuple[Tensor, ...]) -> torch.cuda.CUDAGraph:
        self._inputs = [given.clone() for given in inputs]
        graph = torch.cuda.CUDAGraph()
        # Of this thread alone: others may pin memory meanwhile, as those that load data do.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            self._results = self.function(*self._inputs)
        return graph
