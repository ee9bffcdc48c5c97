import pytest
import torch

from dirac.audio.stft import istft, stft


@pytest.mark.parametrize("n_samples", [4999, 5120, 200])
@pytest.mark.parametrize(("n_fft", "hop"), [(512, 128), (512, 80), (66, 16)])
def test_the_transforms_are_those_of_torch(n_samples: int, n_fft: int, hop: int) -> None:
    waveform, window = torch.randn(2, n_samples), torch.hann_window(n_fft)
    chosen = {"n_fft": n_fft, "hop_length": hop, "window": window}
    expected = torch.stft(waveform, **chosen, pad_mode="constant", return_complex=True)
    spectrum = stft(waveform, window, hop)
    torch.testing.assert_close(spectrum, expected, rtol=0, atol=1e-4)
    noisy = spectrum + torch.randn_like(spectrum)  # of no waveform
    back = torch.istft(noisy, **chosen, length=n_samples)
    torch.testing.assert_close(istft(noisy, window, hop, n_samples), back, rtol=0, atol=1e-4)


def test_a_spectrum_can_be_overwritten() -> None:
    waveform, window = torch.randn(3, 1000), torch.hann_window(64)
    memory = stft(torch.randn(3, 1000), window, 16)
    again = stft(waveform, window, 16, out=memory)
    assert torch.equal(again, stft(waveform, window, 16))
    assert again.data_ptr() == memory.data_ptr()
