"""The learning rate as a pure function of the step."""

import math


def warmup_cosine(step: int, n_steps: int, warmup_steps: int, final_rate: float) -> float:
    """Factor on the learning rate of `step` (from 0): linear up to 1, then a cosine to final_rate.

    Loshchilov & Hutter 2017, arXiv 1608.03983, eq. 5, one period. After n_steps it stays there.
    """
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    if step >= n_steps:
        return final_rate
    progress = (step - warmup_steps) / (n_steps - warmup_steps)
    return final_rate + (1 - final_rate) * (1 + math.cos(math.pi * progress)) / 2
