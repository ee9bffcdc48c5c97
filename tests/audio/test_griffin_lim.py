import torch
import torchaudio

from dirac.audio.griffin_lim import griffin_lim
from dirac.audio.stft import stft


def test_it_is_torchaudios_but_for_rounding_and_its_mirrored_edges() -> None:
    torch.manual_seed(0)
    window, n_samples = torch.hann_window(256), 6000
    waveform = torch.nn.functional.pad(torch.randn(1, 5000).cumsum(-1) / 50, (500, 500))
    magnitudes = stft(waveform, window, 40).abs()
    found = griffin_lim(magnitudes, window, 40, n_samples, 8, 0.99)
    chosen = {"n_fft": 256, "hop_length": 40, "win_length": 256, "power": 1.0, "momentum": 0.99}
    expected = torchaudio.functional.griffinlim(
        magnitudes, window, n_iter=8, length=n_samples, rand_init=False, **chosen
    )
    assert (found - expected).norm() < 0.01 * expected.norm()
    heard = (stft(found, window, 40).abs() - magnitudes).norm()
    assert heard < 0.5 * (stft(0 * found, window, 40).abs() - magnitudes).norm()
