"""The trained model on a person's audio: any length, sample rate and number of channels."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import torch
from einops import rearrange
from scipy.fft import next_fast_len
from torch import Tensor, nn

from dirac.audio.codecs import Codec, load_codec
from dirac.audio.files import resample, to_channels
from dirac.audio.spectrogram import Spectrogram
from dirac.model_files import CheckpointError, fill, load_model
from dirac.models.decomposition import Decomposition
from dirac.separation.consistency import consistent_estimates, repeated_masks
from dirac.separation.pieces import in_pieces
from dirac.separation.refine import ratio_masks, stft
from dirac.separation.settings import SETTINGS_KEY, Settings


class Separator:
    """(waveform (channels, time), sample_rate) -> estimates (parts, channels, time).

    Estimates are shares of the mixture: they sum to it, `refined` exactly, `decoded` about. Part n
    comes of component n, so that it is the same instrument in every piece of every song.
    """

    def __init__(self, model: Decomposition, codec: Codec, settings: Settings) -> None:
        self.model, self.codec, self.settings = model.eval(), codec, settings

    @classmethod
    def load(
        cls,
        folder: Path | str,
        settings: Settings | None = None,
        weights: Path | None = None,
        device: torch.device | str = "cpu",
    ) -> "Separator":
        """From a model folder; settings: None for those in the card, which a packed model has;

        weights: EnCodec's, as for `load_codec`. Raises CheckpointError if the folder holds no whole
        model, or one without settings; CodecError if its codec's weights cannot be had.
        """
        folder = Path(folder)
        state, card = load_model(folder)
        if settings is None and SETTINGS_KEY not in card:
            raise CheckpointError(
                f"the model in {folder} does not say how to run it, because it is not packed: "
                "`dirac pack` makes a folder that does"
            )
        try:
            settings = settings or Settings.of_card(card[SETTINGS_KEY])
            made = dict(card["codec"])
            model = Decomposition(**card["model"])
            codec = load_codec(
                made["name"],
                weights=weights,
                quantized=made["quantized"],
                bandwidth=made["bandwidth"],
                spectrogram=SimpleNamespace(**made["spectrogram"]),
            )
            fill(model, state)
        except (KeyError, TypeError, RuntimeError) as error:
            raise CheckpointError(
                f"{folder / 'card.json'} does not describe the decomposition beside it "
                f"({str(error).splitlines()[0]}): train it again"
            ) from error
        if isinstance(codec, nn.Module):
            codec.to(device)
        return cls(model.to(device), codec, settings)

    @property
    def device(self) -> torch.device:
        return self.model.scale.device

    @property
    def n_parts(self) -> int:
        return self.model.n_latents

    @property
    def component_shape(self) -> tuple[int, int]:
        """Components, and channels of each."""
        with torch.inference_mode():
            silence = torch.zeros(1, self.codec.n_channels, 1, device=self.device)
            n, n_channels = self.model.encode(silence).shape[1:3]
        return n, n_channels

    def refined(self, waveform: Tensor, sample_rate: int) -> Tensor:
        """The mixture through masks that the regressed parts make; its own sound is kept."""
        gain = self._to_training_level(waveform, sample_rate)
        return self._separate(partial(self._refine, gain=gain), waveform, sample_rate)

    def decoded(self, waveform: Tensor, sample_rate: int, seed: int) -> Tensor:
        """The parts as the model renders them, from noise of this seed (the paper's protocol)."""
        generator = torch.Generator().manual_seed(seed)
        return self._separate(partial(self._decode, generator=generator), waveform, sample_rate)

    @torch.inference_mode()
    def encode(self, waveform: Tensor, sample_rate: int) -> Tensor:
        """(channels, time) -> the codec's latents (1, channels, frames)."""
        mixed = to_channels(waveform, self.codec.n_audio_channels)
        resampled = resample(mixed, sample_rate, self.codec.sample_rate)
        return self.codec.encode(resampled[None].to(self.device))

    @torch.inference_mode()
    def components(self, waveform: Tensor, sample_rate: int) -> Tensor:
        """(channels, time) -> (1, components, component channels, frames)."""
        return self.model.encode(self.encode(waveform, sample_rate))

    @torch.inference_mode()
    def render(self, components: Tensor, generator: torch.Generator) -> Tensor:
        """(batch, components, ...) -> sampled parts (batch, components, channels, frames)."""
        batch, n, _, n_frames = components.shape
        noise = torch.randn(batch, n, self.codec.n_channels, n_frames, generator=generator)
        return self.model.render(components, noise.to(self.device), self.settings.n_steps)

    def compose(self, parts: Tensor) -> Tensor:
        """Parts (1, components, channels, frames) -> the song (audio channels, time) they make."""
        return self.codec.decode(self.model.compose(parts))[0].cpu()

    def shares(self, parts: Tensor) -> Tensor:
        """Parts (1, components, channels, frames), decoded -> (parts, audio channels, time).

        The gain rule: a part of a mean is as loud as its source, its share is the n-th of that.
        """
        n = parts.shape[1] if self.model.composition == "mean" else 1
        return self.codec.decode(parts[0]).cpu() / n

    def sing(self, components: Tensor, seed: int) -> Tensor:
        """Components (1, components, channels, frames) -> a song (audio channels, time)."""
        generator = torch.Generator().manual_seed(seed)

        def render(piece: Tensor) -> Tensor:
            return self.compose(self.render(piece, generator))

        n_frames = round(self.settings.piece_seconds * self.codec.frame_rate)
        return in_pieces(render, components, n_frames, self.codec.hop)

    def _separate(
        self, method: Callable[[Tensor, int], Tensor], waveform: Tensor, sample_rate: int
    ) -> Tensor:
        if waveform.ndim != 2 or waveform.shape[-1] == 0 or not waveform.isfinite().all():
            raise ValueError(
                "a waveform must be finite (channels, time) with a sample at least, "
                f"got {tuple(waveform.shape)}"
            )

        def separate(piece: Tensor) -> Tensor:
            if not piece.any():
                return piece.new_zeros(self.n_parts, *piece.shape)
            return method(piece, sample_rate)

        n_samples = round(self.settings.piece_seconds * sample_rate)
        return in_pieces(separate, waveform, n_samples, 1)

    def _to_training_level(self, waveform: Tensor, sample_rate: int) -> float:
        """What makes the latents of a song as loud as those that the model was trained on.

        Masks do not ask how loud a file is, but the encoder has heard one level. Where latents do
        not grow exactly with the sound, 1. What is decoded or recomposed stays at its own level,
        and is not brought there.
        """
        if not self.codec.homogeneous or not waveform.any():
            return 1.0
        pieces = torch.split(waveform, round(self.settings.piece_seconds * sample_rate), dim=-1)
        squares = [self.encode(piece, sample_rate)[0].square() for piece in pieces]
        power = torch.cat(squares, dim=-1).mean(dim=-1)
        # As `Decomposition.set_scale` has it: one level for all channels, or one for each.
        level = power.mean().sqrt() if self.model.objective == "paper" else power.sqrt().mean()
        return self.model.level / max(float(level), 1e-6)

    @torch.inference_mode()
    def _refine(self, waveform: Tensor, sample_rate: int, gain: float) -> Tensor:
        latents = self.encode(waveform, sample_rate) * gain
        parts = self.model.regress(self.model.encode(latents))[0]
        return self.masked(parts, waveform, sample_rate)

    @torch.inference_mode()
    def masked(self, parts: Tensor, waveform: Tensor, sample_rate: int) -> Tensor:
        """The mixture (channels, time) through the masks of parts (parts, channels, frames),

        refined as in `consistency`.
        """
        magnitudes, hop = self._magnitudes(parts)
        mixture = waveform.to(parts.device)
        if magnitudes.shape[1] not in (1, len(waveform)):
            magnitudes = magnitudes.mean(1, keepdim=True)
        # The same window in seconds, so that bins lie at the same frequencies, about: Fourier
        # transforms are slow where a length has a prime factor above 5, as 3764 at 44.1 kHz.
        ratio = sample_rate / self.codec.sample_rate
        n_fft = 4 * next_fast_len(max(round(self.settings.n_fft * ratio / 4), 16), real=True)
        bins = torch.arange(n_fft // 2 + 1) * (ratio * self.settings.n_fft / n_fft)
        seconds = torch.arange(waveform.shape[-1] // (n_fft // 4) + 1) * (n_fft // 4 / sample_rate)
        frames = seconds * (self.codec.sample_rate / hop)
        power, refinement = self.settings.power, self.settings.refinement
        masks = interpolate(ratio_masks(magnitudes, power), bins, frames)
        loudness = interpolate(magnitudes.square().sum(0, keepdim=True), bins, frames)
        latent_frames = (seconds * self.codec.frame_rate).round().long()
        features = parts[..., latent_frames.clamp_max(parts.shape[-1] - 1).to(parts.device)]
        masks = repeated_masks(masks, stft(mixture, n_fft), features, power, refinement)
        return consistent_estimates(mixture, masks, masks * loudness, n_fft, refinement).cpu()

    def _magnitudes(self, parts: Tensor) -> tuple[Tensor, int]:
        """Parts (parts, channels, frames) -> (parts, audio channels, bins, frames), samples apart.

        The spectrogram codec knows magnitudes; by way of Griffin-Lim, masks are no better (oracle
        latents on synthetic music: 13.84 dB against 13.83).
        """
        if isinstance(self.codec, Spectrogram):
            return self.codec.magnitudes(parts, self.settings.n_fft), self.codec.hop
        spectra = stft(self.codec.decode(parts), self.settings.n_fft).abs()
        return spectra, self.settings.n_fft // 4

    @torch.inference_mode()
    def _decode(self, waveform: Tensor, sample_rate: int, generator: torch.Generator) -> Tensor:
        parts = self.render(self.components(waveform, sample_rate), generator)
        shares = resample(self.shares(parts), self.codec.sample_rate, sample_rate)
        missing = waveform.shape[-1] - shares.shape[-1]
        return to_channels(nn.functional.pad(shares, (0, missing)), len(waveform))


def interpolate(masks: Tensor, bins: Tensor, frames: Tensor) -> Tensor:
    """Masks (parts, channels, bins, frames) at fractional bins and frames; beyond the edge, it.

    In memory the bins of a frame lie side by side, as those of `stft`.
    """
    height, width = masks.shape[-2:]
    y, x = 2 * bins / max(height - 1, 1) - 1, 2 * frames / max(width - 1, 1) - 1
    places = torch.stack(torch.meshgrid(x, y, indexing="ij")[::-1], dim=-1).to(masks.device)
    places = rearrange(places, "width height yx -> 1 width height yx").expand(
        len(masks), -1, -1, -1
    )
    return nn.functional.grid_sample(masks.mT, places, padding_mode="border", align_corners=True).mT
