"""The trained model on a person's audio: any length, sample rate and number of channels."""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from dirac.audio.chunks import stream
from dirac.audio.codecs import Codec, load_described
from dirac.audio.files import resample, to_channels
from dirac.audio.songs import Recording, Song
from dirac.audio.spectrogram import Spectrogram
from dirac.devices import Parcel
from dirac.model_files import CODEC, CheckpointError, check_described, fill, has_model, load_model
from dirac.models.decomposition import Decomposition
from dirac.networks.recorded import recorded
from dirac.separation.masking import masked
from dirac.separation.pieces import MAX_AT_ONCE, consecutive, faded, in_pieces, overlapping
from dirac.separation.settings import SETTINGS_KEY, Settings
from dirac.separation.shifts import averaged

Function = Callable[[Tensor], Tensor]
Render = Callable[[Tensor, torch.Generator], Tensor]  # components to parts


class Separator:
    """(waveform (channels, time), sample_rate) -> estimates (parts, channels, time).

    Estimates are shares of the mixture: they sum to it, `refined` exactly, others about. Part n
    comes of component n, so that it is the same instrument in every piece of every song.
    """

    def __init__(self, model: Decomposition, codec: Codec, settings: Settings) -> None:
        self.model, self.codec, self.settings = model.eval(), codec, settings

    def __reduce__(self) -> tuple[type["Separator"], tuple[Parcel, Parcel, Settings]]:
        kind = self.device.type
        return Separator, (Parcel(self.model, kind), Parcel(self.codec, kind), self.settings)

    @classmethod
    def load(
        cls,
        folder: Path | str,
        settings: Settings | None = None,
        weights: Path | None = None,
        device: torch.device | str = "cpu",
    ) -> "Separator":
        """From a model folder; settings: None for those in the card, which a packed model has;

        weights: the codec's, if they are not in the folder. Raises CheckpointError if that holds no
        whole model, or one without settings; CodecError if its codec's weights cannot be had.
        """
        folder, own = Path(folder), Path(folder, CODEC)
        state, card = load_model(folder)
        if settings is None and SETTINGS_KEY not in card:
            raise CheckpointError(
                f"the model in {folder} does not say how to run it, because it is not packed: "
                "`dirac pack` makes a folder that does"
            )
        try:
            settings = settings or Settings.of_card(card[SETTINGS_KEY])
            check_described(card["model"])
            model = Decomposition.of_card(card["model"])
            codec = load_described(card["codec"], own if has_model(own) else weights)
            fill(model, state)
        except (LookupError, TypeError, RuntimeError, ArithmeticError) as error:
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
        return self.model.n_latents, self.model.n_component_channels

    def refined(self, waveform: Tensor, sample_rate: int) -> Tensor:
        """The mixture through masks that the regressed parts make; its own sound is kept."""
        return torch.cat([*self.refine(Recording(waveform, sample_rate))], dim=-1)

    def decoded(self, waveform: Tensor, sample_rate: int, seed: int) -> Tensor:
        """The parts as the model renders them, from noise of this seed; the mean over shifts."""
        return torch.cat([*self.decode(Recording(waveform, sample_rate), seed)], dim=-1)

    def regressed(self, waveform: Tensor, sample_rate: int) -> Tensor:
        """The expected parts, decoded: one evaluation each, and no noise; the mean over shifts."""
        song = Recording(waveform, sample_rate)
        return torch.cat([*self._decoded(song, lambda c, _: self.regress(c))], dim=-1)

    def refine(self, song: Song, start: int = 0) -> Iterator[Tensor]:
        """As `refined`, of a song of any length: stretches of estimates from sample `start` on."""
        gain, rate = self.training_gain(song), song.sample_rate

        def estimates(resampled: Tensor, piece: Tensor) -> Tensor:
            latents = self.codec.encode(resampled) * gain
            parts = self.model.regress(self.model.encode(latents))[0]
            return masked(parts, piece, rate, self.codec, self.settings)

        # A formula on its own grid never waits for the GPU; of other codecs that is not known.
        formula = isinstance(self.codec, Spectrogram) and self.codec.n_fft == self.settings.n_fft
        repeated = recorded(estimates) if formula else estimates

        @torch.inference_mode()
        def refine(piece: Tensor) -> Tensor:
            return repeated(self._resampled(piece, rate), piece)

        return self._separate(refine, song, start)

    def decode(self, song: Song, seed: int, start: int = 0) -> Iterator[Tensor]:
        """As `decoded`, likewise; all pieces begin with one noise, so that each stands alone."""
        return self._decoded(song, self.render, seed, start)

    @torch.inference_mode()
    def encode(self, waveform: Tensor, sample_rate: int) -> Tensor:
        """(channels, time) -> the codec's latents (1, channels, frames)."""
        return self.codec.encode(self._resampled(waveform.to(self.device), sample_rate))

    def _resampled(self, waveform: Tensor, sample_rate: int) -> Tensor:
        """(channels, time) -> as the codec takes it, (1, its channels, time)."""
        mixed = to_channels(waveform, self.codec.n_audio_channels)
        return resample(mixed, sample_rate, self.codec.sample_rate)[None]

    @torch.inference_mode()
    def components(self, waveform: Tensor, sample_rate: int) -> Tensor:
        """(channels, time) -> (1, components, component channels, frames)."""
        return self.model.encode(self.encode(waveform, sample_rate))

    @torch.inference_mode()
    def render(self, components: Tensor, generator: torch.Generator) -> Tensor:
        """(batch, components, ...) -> sampled parts (batch, components, channels, frames)."""
        batch, n, _, n_frames = components.shape
        noise = torch.randn(batch, n, self.codec.n_channels, n_frames, generator=generator)
        return self.model.render(components, noise.to(self.device), self.settings.solver)

    @torch.inference_mode()
    def regress(self, components: Tensor) -> Tensor:
        """Expected parts; shapes as for `render`."""
        return self.model.regress(components)

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
        return torch.cat([*self.singing(components, seed)], dim=-1)

    def singing(self, components: Tensor, seed: int) -> Iterator[Tensor]:
        """As `sing`, in consecutive stretches."""
        generator = torch.Generator().manual_seed(seed)
        n_frames = round(self.settings.piece_seconds * self.codec.frame_rate)
        spans = overlapping(components.shape[-1], n_frames)
        pieces = (components[..., start:stop] for start, stop in spans)
        sung = (self.compose(self.render(piece, generator)) for piece in pieces)
        return faded(sung, spans, self.codec.hop)

    def components_of(self, song: Song) -> Tensor:
        """Of a song of any length and level -> (1, components, component channels, frames).

        Read in whole seconds, at which frames of the latents begin.
        """
        gain, rate = self.training_gain(song), song.sample_rate
        frames_per_sample = Fraction(round(self.codec.frame_rate), rate)

        @torch.inference_mode()
        def encode(piece: Tensor) -> Tensor:
            return self.model.encode(self.encode(piece, rate) * gain)

        length = math.ceil(self.settings.piece_seconds) * rate
        pieces = song.spans(consecutive(song.n_samples, length))
        return torch.cat([*stream(encode, pieces, rate, frames_per_sample)], dim=-1)

    def training_gain(self, song: Song) -> float:
        """What makes the latents of a song as loud as those that the model was trained on.

        Masks do not ask how loud a file is, but the encoder has heard one level. Where latents do
        not grow exactly with the sound, 1.
        """
        if not self.codec.homogeneous:
            return 1.0
        power, n_frames = torch.zeros(self.codec.n_channels, device=self.device), 0
        length = round(self.settings.piece_seconds * song.sample_rate)
        for piece in song.spans(consecutive(song.n_samples, length)):
            latents = self.encode(piece, song.sample_rate)[0]
            power += latents.square().sum(dim=-1)
            n_frames += latents.shape[-1]
        power /= n_frames
        # As `Decomposition.set_scale` has it: one level for all channels, or one for each.
        level = power.mean().sqrt() if self.model.objective == "paper" else power.sqrt().mean()
        return self.model.level / max(float(level), 1e-6) if level > 0 else 1.0

    def _decoded(
        self, song: Song, render: Render, seed: int = 0, start: int = 0
    ) -> Iterator[Tensor]:
        gain, rate = self.training_gain(song), song.sample_rate

        @torch.inference_mode()
        def decode(generator: torch.Generator, piece: Tensor, rate: int) -> Tensor:
            components = self.model.encode(self.encode(piece, rate) * gain)
            shares = self.shares(render(components, generator) / gain)
            shares = resample(shares, self.codec.sample_rate, rate)
            shares = nn.functional.pad(shares, (0, piece.shape[-1] - shares.shape[-1]))
            return to_channels(shares, len(piece)).to(piece.device)

        def shifted(piece: Tensor) -> Tensor:
            method = partial(decode, torch.Generator().manual_seed(seed))
            return averaged(method, self.codec.frame_rate, self.settings.n_shifts, piece, rate)

        return self._separate(shifted, song, start)

    def _separate(self, method: Function, song: Song, start: int) -> Iterator[Tensor]:
        def separate(piece: Tensor) -> Tensor:
            if not piece.any():
                return torch.zeros(self.n_parts, *piece.shape, device=self.device)
            return method(piece.to(self.device))

        n_at_once = MAX_AT_ONCE if self.device.type == "cpu" else 1
        stretches = in_pieces(separate, song, self.settings.piece_seconds, n_at_once, start)
        return (stretch.cpu() for stretch in stretches)

    @torch.inference_mode()
    def masked(
        self, parts: Tensor, waveform: Tensor, sample_rate: int, settings: Settings
    ) -> Tensor:
        """As `masking.masked`, by this codec: (parts, audio channels, time), on the CPU."""
        return masked(parts, waveform.to(self.device), sample_rate, self.codec, settings).cpu()
