"""How well estimates match their references: SI-SDR, and BSS Eval v4 with silence in mind."""

import numpy as np
from numpy.typing import NDArray

from dirac.metrics.bss_eval import frame_ratios

Array = NDArray[np.floating]
BSS_METRICS = ("SDR", "ISR", "SIR", "SAR")  # in museval's order


def si_sdr(estimate: Array, reference: Array) -> NDArray[np.float64]:
    """Scale-invariant signal-to-distortion ratio in dB (Le Roux et al. 2019), means kept.

    estimate, reference: (..., time), broadcast; the result has the leading axes.
    A silent reference gives nan, a silent estimate -inf, an exact multiple of the reference +inf.
    """
    estimate, reference = np.asarray(estimate, np.float64), np.asarray(reference, np.float64)
    return si_sdr_of_energies(
        np.sum(estimate**2, axis=-1),
        np.sum(estimate * reference, axis=-1),
        np.sum(reference**2, axis=-1),
    )


def si_sdr_of_energies(estimate: Array, cross: Array, reference: Array) -> NDArray[np.float64]:
    """SI-SDR in dB from inner products: <e, e>, <e, r> and <r, r>, broadcast together.

    The part of e along r has the energy <e, r>^2 / <r, r>; the rest of <e, e> is distortion.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        along = np.asarray(cross, np.float64) ** 2 / reference
        ratio = along / np.maximum(estimate - along, 0.0)
        decibels = 10.0 * np.log10(ratio)
    decibels = np.where(np.asarray(estimate) == 0.0, -np.inf, decibels)
    return np.where(np.asarray(reference) == 0.0, np.nan, decibels)


def bss_eval(
    references: Array,
    estimates: Array,
    sample_rate: int,
    window_seconds: float,
    hop_seconds: float,
) -> dict[str, NDArray[np.float64]]:
    """SDR, ISR, SIR and SAR in dB per source and frame, each (sources, frames).

    references, estimates: (sources, channels, time), estimate i for reference i.

    museval raises on a silent signal; here nothing is raised for it. The row of a source whose
    reference or estimate is silent throughout is nan, and the other rows are what they would be
    without it. A frame in which a remaining signal is silent is nan for all sources (museval's
    rule), and all is nan where one reference can be made of the others. Infinite ratios (no such
    distortion at all) are nan too, as in museval's own files.
    """
    if references.shape != estimates.shape or references.ndim != 3:
        raise ValueError(
            f"references {references.shape} and estimates {estimates.shape} must have one shape "
            "(sources, channels, time)"
        )
    window, hop = round(window_seconds * sample_rate), round(hop_seconds * sample_rate)
    sounding = _sounding(references)
    heard = sounding & _sounding(estimates)
    scores = {name: np.full((len(references), 1), np.nan) for name in BSS_METRICS}
    if not heard.any():
        return scores
    # A silent estimate of a sounding source must not enter, but its reference must: it is what the
    # others may have leaked from. Its place is taken by the reference, its row dropped.
    stand_in = np.where(heard[:, None, None], estimates, references)
    try:
        results = frame_ratios(references[sounding], stand_in[sounding], window, hop)
    except np.linalg.LinAlgError:
        return scores
    for name, result in zip(BSS_METRICS, results, strict=True):
        scores[name] = np.full((len(references), result.shape[1]), np.nan)
        scores[name][sounding] = np.where(np.isfinite(result), result, np.nan)
        scores[name][~heard] = np.nan
    return scores


def _sounding(signals: Array) -> NDArray[np.bool_]:
    """Which of (sources, channels, time) museval takes for sounding: its sum over channels does."""
    sounding: NDArray[np.bool_] = np.any(signals.sum(axis=1) != 0.0, axis=1)
    return sounding
