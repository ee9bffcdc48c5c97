"""Embeddings of CLAP (Wu et al. 2023), where a user has its weights: for a Frechet audio distance.

Nothing is downloaded: the folder is one that `ClapModel.save_pretrained` and
`ClapFeatureExtractor.save_pretrained` of the package transformers write, as the public ones are.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor

from dirac.audio.files import resample
from dirac.model_files import CheckpointError


class Clap:
    """Raises CheckpointError if the folder holds no such model, or transformers is missing."""

    def __init__(self, folder: Path) -> None:
        try:
            from transformers import ClapFeatureExtractor, ClapModel
        except ModuleNotFoundError as error:
            raise CheckpointError(
                f"evaluate.clap needs the package {error.name}: in the project's folder, "
                "pip install -c constraints.txt -e '.[clap]'"
            ) from error
        try:
            if not folder.is_dir():  # of which transformers says what a name on its hub must be
                raise NotADirectoryError("there is no such folder")
            self.features = ClapFeatureExtractor.from_pretrained(folder, local_files_only=True)
            self.model = ClapModel.from_pretrained(
                folder, local_files_only=True, use_safetensors=True
            ).eval()
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise CheckpointError(
                f"evaluate.clap: {folder} holds no CLAP model in safetensors with its feature "
                f"extractor ({str(error).splitlines()[0]})"
            ) from error

    @torch.inference_mode()
    def embed(self, songs: Sequence[Tensor], sample_rate: int) -> Tensor:
        """Songs (channels, time) of one length, made mono -> (songs, features)."""
        rate: int = self.features.sampling_rate
        heard = [resample(song.mean(0, keepdim=True), sample_rate, rate)[0] for song in songs]
        embedded = [
            self.model.get_audio_features(
                **self.features(song.numpy(), sampling_rate=rate, return_tensors="pt")
            ).pooler_output
            for song in heard
        ]
        return torch.cat(embedded)
