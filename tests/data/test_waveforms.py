"""Crops of mixtures as waveforms."""

from pathlib import Path

import numpy as np
import pytest

from dirac.data.collections import find_tracks
from dirac.data.errors import DataError
from dirac.data.excerpts import excerpts_of
from dirac.data.waveforms import WaveformDataset


def test_crops_are_cut_where_they_are_asked_for(tmp_path: Path, slakh_track, sine) -> None:
    folder = tmp_path / "train" / "Track00001"
    one, two = sine(440, 3), sine(60, 3)
    slakh_track(folder, {"S00": "Drums", "S01": "Bass"}, {"S00": one, "S01": two})
    (track,) = find_tracks("slakh2100", tmp_path)
    excerpts = excerpts_of([track], 1.5)
    rate = track.sample_rate
    crops = WaveformDataset([track], excerpts, ["drums", "bass"], rate // 2, rate)
    assert len(crops) == 2
    mixture = (one + two) / 2
    start = rate * 3 // 2 + rate // 2  # of the second excerpt, halfway to its last crop
    crop = crops[1, 0.5].numpy()
    assert crop.shape == (1, rate // 2)
    assert np.abs(crop[0] - mixture[start : start + rate // 2]).max() < 1e-4
    with pytest.raises(DataError, match=r"2\.00 s do not fit into excerpts of 1\.5 s"):
        WaveformDataset([track], excerpts, ["drums"], 2 * rate, rate)
