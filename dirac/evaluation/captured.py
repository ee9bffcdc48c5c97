"""What each part captured: how much of it is which source, and how it sounds on average."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dirac.evaluation.assignment import limit
from dirac.evaluation.scores import DECIMALS
from dirac.evaluation.signals import Signal, Signals, find_scored, find_silent
from dirac.metrics.separation import si_sdr

Spectrum = NDArray[np.float64]
BANDS_PER_OCTAVE = 3
LOWEST = 31.25  # Hz, the lower edge of the first band
WINDOW_SECONDS = 0.2  # tells the lowest bands apart


def capture(
    signals: Signals,
    excerpts: Sequence[str],
    method: str,
    sources: Sequence[str],
    sample_rate: int,
    silence_db: float,
) -> dict[str, Any]:
    """{"bands": Hz, "parts": [{"share", "si_sdr", "spectrum"}, ...], "sources": {name: spectrum}}.

    share, si_sdr: by source, means over the scored excerpts (None where there are none); spectrum:
    in dB relative to the loudest band of all parts and sources, the mean power over the excerpts.
    """
    shares, ratios, spectra, of_sources = [], [], [], []
    for excerpt in excerpts:
        parts, references = signals.load_parts(method, excerpt), signals.load_references(excerpt)
        scored = find_scored(find_silent(references, silence_db))
        if scored.any():
            heard = ~np.all(parts == 0, axis=(1, 2))[:, None] & scored
            shares.append(np.where(scored, explained(parts, references), np.nan))
            flat = parts.reshape(len(parts), 1, -1), references.reshape(1, len(references), -1)
            ratios.append(np.where(heard, limit(si_sdr(*flat)), np.nan))
        spectra.append(band_powers(parts, sample_rate))
        of_sources.append(band_powers(references, sample_rate))
    power, of_source = np.mean(spectra, axis=0), np.mean(of_sources, axis=0)
    peak = max(power.max(), of_source.max(), np.finfo(np.float64).tiny)
    return {
        "bands": [round(float(edge), 1) for edge in band_edges(sample_rate)[:-1]],
        "parts": [
            {
                "share": _by_source(shares, n, sources),
                "si_sdr": _by_source(ratios, n, sources),
                "spectrum": _decibels(power[n] / peak),
            }
            for n in range(len(power))
        ],
        "sources": {name: _decibels(of_source[s] / peak) for s, name in enumerate(sources)},
    }


def explained(parts: Signal, references: Signal) -> NDArray[np.float64]:
    """Of the energy of each part, what each source alone accounts for: (parts, sources).

    A part is fitted by the sources (least squares, one gain each). What they leave of it, and what
    overlaps, belongs to none: rows sum to about one at most. A silent part is 0.
    """
    flat_parts = parts.reshape(len(parts), -1).astype(np.float64)
    flat = references.reshape(len(references), -1).astype(np.float64)
    gains = np.linalg.lstsq(flat @ flat.T, flat @ flat_parts.T, rcond=None)[0]
    energy = np.square(flat_parts).sum(1)
    found = np.square(gains.T) * np.square(flat).sum(1)
    shares: NDArray[np.float64] = found / np.where(energy > 0, energy, np.inf)[:, None]
    return np.minimum(shares, 1.0)


def band_edges(sample_rate: int) -> Spectrum:
    """Of thirds of an octave up to half the sample rate, in Hz."""
    n = int(np.log2(sample_rate / 2 / LOWEST) * BANDS_PER_OCTAVE)
    edges: Spectrum = LOWEST * 2.0 ** (np.arange(n + 1) / BANDS_PER_OCTAVE)
    return edges


def band_powers(waveforms: Signal, sample_rate: int) -> Spectrum:
    """Mean power in each band, (..., bands), of (..., channels, time) (Welch 1967)."""
    from scipy.signal import welch

    window = min(round(WINDOW_SECONDS * sample_rate), waveforms.shape[-1])
    hertz, density = welch(waveforms, sample_rate, nperseg=window)
    band = np.digitize(hertz, band_edges(sample_rate)) - 1
    power = density.mean(-2)
    n_bands = len(band_edges(sample_rate)) - 1
    sums = [power[..., band == n].sum(-1) for n in range(n_bands)]
    return np.stack(sums, axis=-1)


def _decibels(power: Spectrum) -> list[float]:
    return [round(float(x), 1) for x in 10 * np.log10(np.maximum(power, 1e-10))]


def _by_source(
    tables: Sequence[NDArray[np.float64]], part: int, sources: Sequence[str]
) -> dict[str, float | None]:
    values = {
        s: [t[part, i] for t in tables if not np.isnan(t[part, i])] for i, s in enumerate(sources)
    }
    return {s: round(float(np.mean(v)), DECIMALS) if v else None for s, v in values.items()}
