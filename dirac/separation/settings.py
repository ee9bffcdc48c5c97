"""How a trained model is run: what a person may choose without training again."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from dirac.diffusion.iadb import Solver
from dirac.separation.consistency import Refinement
from dirac.separation.manner import Manner

SETTINGS_KEY = "separation"  # in the card of a packed model
MAY_BE_ZERO = ("n_context", "n_iterations", "weight")  # then there is none of it
ODD = ("n_bins", "n_frames")  # of medians
ORDERS = (1, 2)  # of a solver


@dataclass(frozen=True)
class Settings:
    """How a separator works: pieces of this length, masks as in `refine`, sampling."""

    piece_seconds: float
    n_fft: int
    power: float
    solver: Solver  # from noise to parts
    prior_solver: Solver  # to new components
    n_shifts: int  # of what is decoded
    refinement: Refinement
    manner: Manner

    @property
    def of_parts_alone(self) -> "Settings":
        """These, without a second opinion."""
        return replace(self, manner=replace(self.manner, weight=0.0))

    @property
    def of_masks_alone(self) -> "Settings":
        """These, without a second opinion or any refinement."""
        plain = replace(self.refinement, n_neighbours=1, n_iterations=0)
        return replace(self.of_parts_alone, refinement=plain)

    @classmethod
    def of_card(cls, written: Mapping[str, Any]) -> "Settings":
        """As `dataclasses.asdict` made plain values of them, for the card of a packed model.

        Older cards say no highest_hz: it was none; no n_shifts: one; no prior_solver: the same as
        of parts; and n_steps, which were of the first order. Raises KeyError or TypeError for what
        describes none.
        """
        plain = {"n_shifts": 1, **written}
        n_steps = plain.pop("n_steps", None)
        solver = Solver(**written["solver"]) if n_steps is None else Solver(n_steps, 1)
        of_prior = plain.get("prior_solver")
        parts = {
            "solver": solver,
            "prior_solver": solver if of_prior is None else Solver(**of_prior),
            "refinement": Refinement(**({"highest_hz": math.inf} | written["refinement"])),
            "manner": Manner(**written["manner"]),
        }
        made = cls(**(plain | parts))
        _check_numbers(asdict(made), SETTINGS_KEY)
        return made


def _check_numbers(values: Mapping[str, Any], place: str) -> None:
    for name, value in values.items():
        if isinstance(value, dict):
            _check_numbers(value, f"{place}.{name}")
        elif (wrong := _what_is_wrong(name, value)) is not None:
            raise TypeError(f"{place}.{name} is {value!r}, and must be {wrong}")


def _what_is_wrong(name: str, value: object) -> str | None:
    """What a number of this name must be, unless the value is that."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "a number"
    if not (value > 0 or (value == 0 and name in MAY_BE_ZERO)):
        return "more than 0"
    if math.isinf(value) and name != "highest_hz":
        return "finite"
    if name == "order":
        return None if value in ORDERS and isinstance(value, int) else "1 or 2"
    if name.startswith("n_") and not isinstance(value, int):
        return "a whole number"
    return "odd" if name in ODD and value % 2 == 0 else None
