import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from dirac.audio.files import resample
from dirac.audio.songs import Recording
from dirac.diffusion.iadb import Solver
from dirac.model_files import CheckpointError
from dirac.separation.masking import interpolate
from dirac.separation.refine import mask, ratio_masks, stft
from dirac.separation.separator import Separator

from ..tiny_models import SETTINGS, separator, write_decomposition

CPU = torch.device("cpu")


def music(seconds: float, rate: int, n_channels: int = 1) -> Tensor:
    return 0.1 * torch.randn(
        n_channels, round(seconds * rate), generator=torch.Generator().manual_seed(3)
    )


class Known(torch.nn.Module):
    """Stands in for a trained model: its parts are given latents, whatever it hears."""

    n_latents, composition, level, objective = 2, "mean", 1.0, "anchored"

    def __init__(self, parts: Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(1))
        self.parts = parts

    def encode(self, latents: Tensor) -> Tensor:
        return latents[:, None]

    def regress(self, components: Tensor) -> Tensor:
        return self.parts


@pytest.mark.parametrize(
    ("seconds", "rate", "n_channels"),
    [(0.5, 24000, 1), (2.3, 24000, 2), (1.7, 44100, 2), (1.3, 16000, 1), (0.001, 24000, 1)],
)
def test_refined_estimates_sum_to_the_mixture(seconds: float, rate: int, n_channels: int) -> None:
    mixture = music(seconds, rate, n_channels)
    estimates = separator(n_latents=3).refined(mixture, rate)
    assert estimates.shape == (3, *mixture.shape)
    torch.testing.assert_close(estimates.sum(0), mixture, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("rate", "n_channels"), [(24000, 1), (44100, 2)])
def test_decoded_parts_have_the_shape_of_the_mixture_and_the_seed_decides(
    rate: int, n_channels: int
) -> None:
    mixture, ours = music(1.4, rate, n_channels), separator()
    decoded = ours.decoded(mixture, rate, 5)
    assert decoded.shape == (2, *mixture.shape)
    assert decoded.isfinite().all()
    torch.testing.assert_close(ours.decoded(mixture, rate, 5), decoded, rtol=0, atol=0)
    assert not torch.equal(ours.decoded(mixture, rate, 6), decoded)


def test_expected_parts_are_what_one_step_from_silent_noise_gives() -> None:
    mixture, ours = music(1.4, 24000), separator()
    latents = ours.encode(mixture, 24000) * ours.training_gain(Recording(mixture, 24000))
    components = ours.model.encode(latents)
    silent = torch.zeros(*components.shape[:2], *latents.shape[1:])
    parts = ours.model.render(components, silent, Solver(n_steps=1, order=1))
    torch.testing.assert_close(ours.regress(components), parts)
    assert ours.regressed(mixture, 24000).shape == (2, *mixture.shape)


def test_a_part_of_a_mean_is_shared_and_of_a_sum_is_not() -> None:
    parts = torch.rand(1, 2, 128, 20)
    mean, total = separator(composition="mean"), separator(composition="sum")
    torch.testing.assert_close(2 * mean.shares(parts), total.shares(parts))
    assert mean.compose(parts).shape == (1, 20 * 320)


def test_silence_stays_silence() -> None:
    silence, ours = torch.zeros(2, 30000), separator()
    assert not ours.refined(silence, 24000).any()
    assert not ours.decoded(silence, 24000, 0).any()
    assert not ours.regressed(silence, 24000).any()


@pytest.mark.parametrize("rate", [24000, 48000])
def test_known_parts_separate_as_the_oracle_does(rate: int) -> None:
    time = torch.arange(24000) / 24000
    low, high = torch.sin(6.283 * 300 * time), torch.sin(6.283 * 3000 * time)
    ours = separator()
    stems = torch.stack([low, high])[:, None]
    ours.model = Known(ours.codec.encode(stems)[None])  # type: ignore[assignment]
    ours.settings = replace(SETTINGS, manner=replace(SETTINGS.manner, weight=0.0))
    at_rate = resample(stems / 2, 24000, rate)
    estimates = ours.refined(at_rate.sum(0), rate)
    inner = slice(4000, -4000)
    torch.testing.assert_close(estimates[..., inner], at_rate[..., inner], rtol=0, atol=5e-3)


def test_another_codec_goes_by_the_waveforms_of_its_parts() -> None:
    ours, mixture = separator(), music(0.9, 24000)
    plain = replace(SETTINGS.refinement, n_neighbours=1, n_iterations=0)
    ours.settings = replace(SETTINGS, refinement=plain)

    class Other:
        """As a codec that does not know its magnitudes."""

        sample_rate, hop, n_channels, n_audio_channels = 24000, 320, 128, 1
        frame_rate, exponent, homogeneous = 75.0, 1.0, False
        encode, decode = staticmethod(ours.codec.encode), staticmethod(ours.codec.decode)

    direct = ours.refined(mixture, 24000)
    parts = ours.model.regress(ours.components(mixture, 24000))[0]
    waveforms = ours.codec.decode(parts)
    ours.codec = Other()  # type: ignore[assignment]
    estimates = ours.refined(mixture, 24000)
    spectra = stft(waveforms[..., : 68 * 320], 1024).abs()
    expected = mask(mixture, ratio_masks(spectra, 2.0)[..., : 21600 // 256 + 1], 1024)
    torch.testing.assert_close(estimates[..., :20000], expected[..., :20000], rtol=0, atol=1e-5)
    assert not torch.equal(estimates, direct)


@pytest.mark.parametrize("objective", ["anchored", "paper"])
def test_songs_as_loud_as_those_of_training_stay_so(objective: str) -> None:
    ours, mixture = separator(), music(2.5, 24000) * torch.linspace(0.1, 1, 60000)
    ours.model.objective = objective  # type: ignore[assignment]
    latents = ours.encode(mixture, 24000)[0]
    ours.model.set_scale(latents.square().mean(dim=-1).sqrt())
    assert ours.training_gain(Recording(mixture, 24000)) == pytest.approx(1, abs=0.02)
    # Latents are roots of magnitudes: a hundredth of the waveform is a tenth of them.
    assert ours.training_gain(Recording(mixture / 100, 24000)) == pytest.approx(10, rel=0.02)


def test_masks_between_the_grid_are_interpolated_and_beyond_it_held() -> None:
    masks = torch.tensor([[0.0, 1.0], [0.5, 0.5]])[None, None]
    at = interpolate(masks, torch.tensor([0.0, 0.5, 9.0]), torch.tensor([0.0, 0.25, 1.0, 7.0]))
    expected = [[0.0, 0.25, 1.0, 1.0], [0.25, 0.375, 0.75, 0.75], [0.5, 0.5, 0.5, 0.5]]
    torch.testing.assert_close(at[0, 0], torch.tensor(expected))


def test_a_song_is_sung_in_pieces_from_its_seed() -> None:
    ours = separator()
    components = ours.components(music(2.5, 24000), 24000)
    song = ours.sing(components, 1)
    assert song.shape == (1, 60000 // 320 * 320 + 320)
    torch.testing.assert_close(ours.sing(components, 1), song, rtol=0, atol=0)


@pytest.mark.parametrize("n_channels", [1, 2])
def test_refined_estimates_are_as_loud_as_the_mixture_makes_them(n_channels: int) -> None:
    mixture, ours = music(2.3, 24000, n_channels), separator()
    estimates = ours.refined(mixture, 24000)
    # A power of two rounds nothing. Else a frame may find other neighbours that are as near.
    torch.testing.assert_close(ours.refined(mixture / 64, 24000) * 64, estimates, rtol=0, atol=0)
    alone = replace(SETTINGS.refinement, n_neighbours=1)
    ours.settings = replace(SETTINGS, refinement=alone)
    estimates = ours.refined(mixture, 24000)
    for gain in (0.01, 1e-4, 8.0):
        soft = ours.refined(mixture * gain, 24000)
        torch.testing.assert_close(soft / gain, estimates, rtol=0, atol=3e-6)


@pytest.mark.parametrize(
    "waveform",
    [torch.zeros(5), torch.zeros(1, 0), torch.full((1, 9), torch.nan), torch.full((1, 9), 1e20)],
)
def test_what_is_no_waveform_is_refused(waveform: Tensor) -> None:
    with pytest.raises(ValueError, match="finite \\(channels, time\\)"):
        separator().refined(waveform, 24000)


def test_a_saved_model_separates_as_before(tmp_path: Path) -> None:
    mixture = music(0.7, 24000)
    loaded = Separator.load(write_decomposition(tmp_path / "model"), SETTINGS, None, CPU)
    expected = separator().refined(mixture, 24000)
    torch.testing.assert_close(loaded.refined(mixture, 24000), expected, rtol=0, atol=0)


def test_a_missing_model_or_an_incomplete_card_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no trained model"):
        Separator.load(tmp_path / "nowhere", SETTINGS, None, CPU)
    folder = write_decomposition(tmp_path / "model")
    full = json.loads((folder / "card.json").read_text())
    for key in ("codec", "model"):
        (folder / "card.json").write_text(json.dumps({k: v for k, v in full.items() if k != key}))
        with pytest.raises(CheckpointError, match=f"{key}.*train it again"):
            Separator.load(folder, SETTINGS, None, CPU)
    for change in ({"n_latents": 3}, {"denoiser": {"channels": []}}):
        (folder / "card.json").write_text(json.dumps(full | {"model": full["model"] | change}))
        with pytest.raises(CheckpointError, match=r"not describe .*(missing in|channels is \[\])"):
            Separator.load(folder, SETTINGS, None, CPU)


def test_a_part_is_of_its_component_in_every_piece() -> None:
    time = torch.arange(6 * 24000) / 24000
    low, high = torch.sin(6.283 * 300 * time), torch.sin(6.283 * 3000 * time)
    stems = torch.stack([low, high])[:, None] * (1 + time.floor() % 2)  # its level changes
    ours = separator()

    class Split(Known):
        """Component n hears band n alone."""

        def encode(self, latents: Tensor) -> Tensor:
            return latents[:, None]

        def regress(self, components: Tensor) -> Tensor:
            edge = 40  # bands below hear 300 Hz, those above 3000 Hz
            below = torch.arange(components.shape[2])[:, None] < edge
            return torch.cat([components * below, components * ~below], dim=1)

    ours.model = Split(torch.zeros(1))  # type: ignore[assignment]
    estimates = ours.refined(stems.sum(0), 24000)
    for stretch in range(0, 6 * 24000 - 8000, 8000):
        there = slice(stretch, stretch + 8000)
        likeness = torch.einsum("act,bct->ab", estimates[..., there], stems[..., there])
        assert likeness.argmax(0).tolist() == [0, 1]


@pytest.mark.parametrize("rate", [24000, 44100, 16000, 8010])
def test_components_of_a_song_are_those_of_the_whole_at_the_level_of_training(rate: int) -> None:
    mixture, ours = music(3.4, rate), separator()
    found = ours.components_of(Recording(mixture, rate))
    gain = ours.training_gain(Recording(mixture, rate))
    expected = ours.model.encode(ours.encode(mixture, rate) * gain)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)
    softer = ours.components_of(Recording(mixture / 16, rate))
    torch.testing.assert_close(softer, found, rtol=0, atol=1e-4)


@pytest.mark.parametrize("method", ["decoded", "regressed"])
def test_decoded_parts_are_as_loud_as_the_mixture_makes_them(method: str) -> None:
    mixture, ours = music(1.2, 24000), separator()
    seed = {"seed": 0} if method == "decoded" else {}
    parts, softer = (getattr(ours, method)(x, 24000, **seed) for x in (mixture, mixture / 16))
    torch.testing.assert_close(softer * 16, parts, rtol=0, atol=1e-3 * float(parts.abs().max()))
