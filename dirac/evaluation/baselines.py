"""The methods that learn nothing, with the settings of params.evaluate, ready to be scored."""

from functools import partial

from dirac.evaluate_section import Evaluate
from dirac.evaluation.methods import Method, Separator, oracle_mask, separate_mixture
from dirac.separation.baselines.fourier import fourier_2d
from dirac.separation.baselines.hpss import hpss
from dirac.separation.baselines.mixture import mixture_shares
from dirac.separation.baselines.nmf import nmf
from dirac.separation.baselines.principal import robust_pca
from dirac.separation.baselines.repet import repet_sim


def make_baselines(settings: Evaluate, n_sources: int, seed: int) -> dict[str, Method]:
    """By name: the separators, which get the mixture alone, and the oracle mask, their bound."""
    separators: dict[str, Separator] = {
        "mixture": partial(mixture_shares, n_parts=n_sources),
        "hpss": partial(hpss, **settings.hpss.model_dump(), power=settings.mask.power),
        "repet_sim": partial(repet_sim, **settings.repet_sim.model_dump()),
        "fourier_2d": partial(fourier_2d, **settings.fourier_2d.model_dump()),
        "robust_pca": partial(robust_pca, **settings.robust_pca.model_dump()),
        "nmf": partial(nmf, **settings.nmf.model_dump(), n_parts=n_sources, seed=seed),
    }
    methods: dict[str, Method] = {
        name: partial(separate_mixture, separate) for name, separate in separators.items()
    }
    return methods | {"oracle": partial(oracle_mask, **settings.mask.model_dump())}
