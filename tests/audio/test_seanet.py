import pytest
import torch
from encodec.modules import SEANetDecoder, SEANetEncoder

from dirac.audio.seanet import CONTEXT, run_in_chunks

SHAPE = {"n_filters": 2, "dimension": 8, "ratios": [5, 4, 2]}  # a hop of 40


@pytest.mark.filterwarnings("ignore:.*weight_norm")
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("n_recurrent", [0, 1, 2])
@pytest.mark.parametrize("n_samples", [1, 5, 40 * 16, 40 * 50 + 1, 40 * 64 - 3])
@torch.no_grad()
def test_chunks_are_what_the_network_makes_of_the_whole(
    monkeypatch, causal, n_recurrent, n_samples
):
    monkeypatch.setattr("dirac.audio.seanet.CHUNK", 16)
    torch.manual_seed(0)
    chosen = {"causal": causal, "lstm": n_recurrent, "n_residual_layers": 2}
    encoder, decoder = SEANetEncoder(**SHAPE, **chosen), SEANetDecoder(**SHAPE, **chosen)
    waveform = torch.randn(2, 1, n_samples)
    latents = encoder(waveform)
    assert latents.shape[-1] == -(-n_samples // 40)
    torch.testing.assert_close(run_in_chunks(encoder.model, waveform), latents)
    torch.testing.assert_close(run_in_chunks(decoder.model, latents), decoder(latents))


@pytest.mark.filterwarnings("ignore:.*weight_norm")
@torch.no_grad()
def test_the_network_sees_no_more_than_a_chunk_and_its_context(monkeypatch):
    monkeypatch.setattr("dirac.audio.seanet.CHUNK", 16)
    encoder = SEANetEncoder(**SHAPE, lstm=1)
    seen = []
    encoder.model[0].register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].shape[-1]))
    run_in_chunks(encoder.model, torch.randn(1, 1, 40 * 100))
    assert max(seen) == 40 * (16 + 2 * CONTEXT)
    assert len(seen) == 7
