"""Pictures of sound: a mel spectrogram with exactly as many columns as the picture has pixels."""

import base64
import io

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

WINDOW = 2048  # samples; 85 ms at 24 kHz tells bass notes apart and still shows drum strokes


# How the pictures look: sharp on fine screens, 5 to 15 kB each.
WIDTH, HEIGHT = 720, 168  # pixels
DYNAMIC_RANGE_DB = 75  # between the brightest and the darkest colour


def hertz_to_mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    """O'Shaughnessy's scale: 2595 log10(1 + f / 700)."""
    return np.asarray(2595 * np.log10(1 + hertz / 700))


def mel_to_hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(700 * (10 ** (mel / 2595) - 1))


def mel_weights(n_bands: int, n_bins: int, sample_rate: int) -> Array:
    """Triangles (n_bands, n_bins), each row summing to 1, none narrower than a bin."""
    bins = np.linspace(0, sample_rate / 2, n_bins)
    top = hertz_to_mel(np.array(sample_rate / 2))
    edges = mel_to_hertz(np.linspace(0, float(top), n_bands + 2))
    centres = edges[1:-1, None]
    widths = np.maximum((edges[2:] - edges[:-2]) / 2, bins[1])[:, None]
    weights = np.clip(1 - np.abs(bins - centres) / widths, 0, None)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


def spectrogram(waveform: Array, sample_rate: int, n_columns: int, n_bands: int) -> Array:
    """Mel power of the mean channel.

    waveform: (channels, time) -> (n_bands, n_columns), columns spread evenly from start to end
    """
    padded = np.pad(waveform.mean(axis=0), WINDOW // 2)
    starts = np.linspace(0, waveform.shape[-1], n_columns).round().astype(int)
    frames = padded[np.minimum(starts, len(padded) - WINDOW)[:, None] + np.arange(WINDOW)]
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW), axis=1)) ** 2
    return np.asarray(mel_weights(n_bands, power.shape[1], sample_rate) @ power.T, dtype=np.float32)


def picture(power: Array, peak: float) -> bytes:
    """webp of (bands, columns), low frequencies at the bottom; `peak` gets the brightest colour."""
    from matplotlib.image import imsave

    decibels = 10 * np.log10(np.maximum(power, 1e-20) / max(peak, 1e-12))
    file = io.BytesIO()
    imsave(
        file,
        decibels,
        vmin=-DYNAMIC_RANGE_DB,
        vmax=0,
        cmap="magma",
        origin="lower",
        format="webp",
        pil_kwargs={"quality": 60, "method": 4},
    )
    return file.getvalue()


def data_uri(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
