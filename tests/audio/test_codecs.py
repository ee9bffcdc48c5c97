from types import SimpleNamespace

import pytest

from dirac.audio.codecs import Codec, load_codec
from dirac.audio.spectrogram import Spectrogram
from dirac.audio.weights import CodecError

SETTINGS = SimpleNamespace(power=0.7, n_fft=2048, n_iterations=5)


def test_the_spectrogram_gets_its_settings_and_has_encodecs_shape():
    codec: Codec = load_codec(
        "spectrogram", weights=None, quantized=True, bandwidth=24.0, spectrogram=SETTINGS
    )
    assert isinstance(codec, Spectrogram)
    assert (codec.power, codec.n_fft, codec.n_iterations) == (0.7, 2048, 5)
    assert (codec.sample_rate, codec.frame_rate, codec.hop) == (24_000, 75.0, 320)
    assert (codec.n_channels, codec.n_audio_channels) == (128, 1)


def test_encodec_is_looked_for_where_the_weights_are(tmp_path):
    with pytest.raises(CodecError, match=r"encodec_24khz-d7cc33bc\.th"):
        load_codec(
            "encodec_24khz",
            weights=tmp_path,
            quantized=False,
            bandwidth=24.0,
            spectrogram=SETTINGS,
        )
