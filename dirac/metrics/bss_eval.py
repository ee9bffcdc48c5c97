"""BSS Eval v4 (Stöter, Liutkus, Ito 2018), to museval's definitions and in a fraction of its time.

museval 0.4.1, which this is tested against, factorises the correlations of the references anew for
every estimate, and filters in the time domain. Here one factorisation serves all estimates, and
energies are summed over spectra (Parseval), so that nothing is transformed back.
"""

import numpy as np
import scipy.fft
import scipy.linalg
from einops import rearrange
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.floating]
N_TAPS = 512  # of the distortion filters, as in museval


def frame_ratios(
    references: Array, estimates: Array, window: int, hop: int
) -> tuple[NDArray[np.float64], ...]:
    """SDR, ISR, SIR and SAR in dB, each (sources, frames); estimate i is for reference i.

    references, estimates: (sources, channels, time), none silent throughout; window, hop: samples.
    Filters are those of the whole signal, energies those of the windows. A frame in which a signal
    is silent is nan, a ratio over nothing inf. Raises numpy.linalg.LinAlgError for references of
    which one can be made of the others.
    """
    references, estimates = references.astype(np.float64), estimates.astype(np.float64)
    n_samples = references.shape[-1]
    window = min(window, n_samples)
    n_fft = 2 * scipy.fft.next_fast_len((window + N_TAPS) // 2, real=True)
    every, own = (scipy.fft.rfft(filters, n_fft) for filters in _filters(references, estimates))
    frames = []
    for start in range(0, n_samples - window + 1, hop):
        truth = references[..., start : start + window]
        estimate = estimates[..., start : start + window]
        if _all_sound(truth) and _all_sound(estimate):
            frames.append(_ratios(truth, estimate, every, own))
        else:
            frames.append(np.full((4, len(truth)), np.nan))
    return tuple(np.stack(frames, axis=-1))


def _filters(references: Array, estimates: Array) -> tuple[Array, Array]:
    """Least-squares filters from all references to each estimate, and from its own one alone.

    (estimates, out, sources, in, taps) and (estimates, out, in, taps), out and in being channels.
    """
    n_sources, n_channels, n_samples = references.shape
    n_fft = scipy.fft.next_fast_len(n_samples + N_TAPS - 1, real=True)
    spectra = rearrange(scipy.fft.rfft(references, n_fft), "j cj bins -> (j cj) bins")
    targets = rearrange(scipy.fft.rfft(estimates, n_fft), "i c bins -> (i c) bins")
    gram = _delayed_products(scipy.fft.irfft(spectra[:, None] * spectra.conj(), n_fft))
    toward = scipy.fft.irfft(spectra[:, None] * targets.conj(), n_fft)[..., -np.arange(N_TAPS)]
    toward = rearrange(toward, "a (i c) t -> i (a t) c", i=n_sources)
    solved = _solve(gram, rearrange(toward, "i row c -> row (i c)"))
    every = rearrange(solved, "(j cj t) (i c) -> i c j cj t", j=n_sources, i=n_sources, t=N_TAPS)
    if n_sources == 1:
        return every, every[:, :, 0]
    size = n_channels * N_TAPS
    blocks = [slice(j * size, (j + 1) * size) for j in range(n_sources)]
    alone = [_solve(gram[b, b], toward[i, b]) for i, b in enumerate(blocks)]
    return every, rearrange(alone, "i (cj t) c -> i c cj t", t=N_TAPS)


def _delayed_products(correlations: Array) -> Array:
    """Inner products of signals, each delayed by 0 to N_TAPS - 1, from their correlations.

    (signals, signals, lags), negative lags at the end -> (signals * taps, signals * taps).
    """
    around = np.concatenate([correlations[..., 1 - N_TAPS :], correlations[..., :N_TAPS]], axis=-1)
    toeplitz = sliding_window_view(around, N_TAPS, axis=-1)[..., ::-1, :]
    products = rearrange(toeplitz, "a b t u -> (a t) (b u)")
    return products + np.finfo(np.float64).eps * np.eye(len(products))  # as museval


def _solve(products: Array, toward: Array) -> Array:
    try:
        return scipy.linalg.cho_solve(scipy.linalg.cho_factor(products, lower=True), toward)
    except np.linalg.LinAlgError:  # positive but for rounding
        return np.linalg.solve(products, toward)


def _ratios(truth: Array, estimate: Array, every: Array, own: Array) -> Array:
    """The four of a window (sources, channels, time), (4, sources); filters as their transforms."""
    n_fft = 2 * (own.shape[-1] - 1)
    true, heard = scipy.fft.rfft(truth, n_fft), scipy.fft.rfft(estimate, n_fft)
    projected = (every * true).sum(3).sum(2)
    spatial = (own * true[:, None]).sum(2)
    signal, distortion = np.square(truth).sum((1, 2)), np.square(estimate - truth).sum((1, 2))
    return np.stack(
        [
            _decibels(signal, distortion),
            _decibels(signal, _energies(spatial - true) / n_fft),
            _decibels(_energies(spatial), _energies(projected - spatial)),
            _decibels(_energies(projected), _energies(heard - projected)),
        ]
    )


def _energies(spectra: Array) -> Array:
    """Sums over both halves of real transforms of even length, (sources, channels, bins)."""
    squares = np.square(spectra.real) + np.square(spectra.imag)
    return (2 * squares.sum(-1) - squares[..., 0] - squares[..., -1]).sum(-1)


def _decibels(signal: Array, rest: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(rest == 0, np.inf, 10 * np.log10(signal / rest))


def _all_sound(signals: Array) -> bool:
    """Whether each of (sources, channels, time) sounds, by museval's rule: its sum does."""
    return bool(np.any(signals.sum(axis=1) != 0, axis=1).all())
