"""With random weights: the pretrained ones need a network, and no test does."""

import copy
import hashlib
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import torch
from encodec import EncodecModel, modules

from dirac.audio.encodec import (
    Encodec24,
    Encodec48,
    load_encodec,
    segment_starts,
    untrained,
)
from dirac.audio.weights import CodecError

NAMES = ("encodec_24khz", "encodec_48khz")


@contextmanager
def narrow() -> Iterator[None]:
    """The package's networks with an eighth of their channels: quick, and otherwise the same."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SEANetEncoder", "SEANetDecoder"):
            patch.setattr(modules, name, partial(getattr(modules, name), n_filters=4))
        yield


@pytest.fixture(scope="module")
def models() -> dict[str, EncodecModel]:
    torch.manual_seed(0)
    with narrow():
        models = {name: untrained(name) for name in NAMES}
    for model in models.values():
        for layer in model.quantizer.vq.layers:  # empty until trained
            layer._codebook.embed.normal_(std=0.02)
    return models


@pytest.fixture(scope="module")
def files(models, tmp_path_factory) -> dict[str, Path]:
    """Weight files named after their contents."""
    files = {}
    for name, model in models.items():
        path = tmp_path_factory.mktemp(name) / "model.th"
        torch.save(model.state_dict(), path)
        head = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        files[name] = path.rename(path.with_name(f"{name}-{head}.th"))
    return files


@pytest.fixture(scope="module")
def codecs(files) -> dict[str, Encodec24 | Encodec48]:
    with narrow():
        return {name: load_encodec(name, files[name], False, 6.0) for name in NAMES}


def quantizing(codec: Encodec24 | Encodec48, bandwidth: float) -> Encodec24 | Encodec48:
    return type(codec)(copy.deepcopy(codec.model), True, bandwidth)


def test_the_networks_are_as_large_as_those_published():
    model = untrained("encodec_24khz")
    assert sum(x.numel() for x in model.parameters()) == 14_851_810
    assert model.quantizer.n_q == 32


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seconds", [0, 0.1, 1.0, 1.31])
def test_shapes_for_any_length(codecs, name, seconds):
    codec = codecs[name]
    n_samples = max(1, round(seconds * codec.sample_rate))
    waveform = torch.randn(2, codec.n_audio_channels, n_samples)
    latents = codec.encode(waveform)
    assert latents.shape == (2, codec.n_channels, -(-n_samples // 320))
    assert codec.decode(latents).shape == (2, codec.n_audio_channels, latents.shape[-1] * 320)
    assert codec.frame_rate == codec.sample_rate / codec.hop


def test_24_khz_latents_are_what_the_package_computes(codecs, models, monkeypatch):
    monkeypatch.setattr("dirac.audio.seanet.CHUNK", 16)
    monkeypatch.setattr("dirac.audio.encodec.CHUNK", 16)
    waveform, model = 0.1 * torch.randn(1, 1, 320 * 40 - 5), models["encodec_24khz"]
    model.set_target_bandwidth(3.0)
    with torch.no_grad():
        continuous = model.encoder(waveform)
        ((codes, _),) = model.encode(waveform)
        quantized = model.quantizer.decode(codes.transpose(0, 1))
        decoded = model.decode([(codes, None)])
    torch.testing.assert_close(codecs["encodec_24khz"].encode(waveform), continuous)
    codec = quantizing(codecs["encodec_24khz"], 3.0)
    latents = codec.encode(waveform)
    assert (latents - continuous).abs().max() > 0.01
    torch.testing.assert_close(latents, quantized)
    torch.testing.assert_close(codec.decode(latents), decoded)


def test_more_bandwidth_quantises_with_more_codebooks(codecs):
    waveform = 0.1 * torch.randn(1, 1, 3200)
    one, two = (
        quantizing(codecs["encodec_24khz"], bandwidth).encode(waveform) for bandwidth in (1.5, 24.0)
    )
    assert not torch.allclose(one, two)


@pytest.mark.parametrize("n_samples", [320 * 100, 320 * 60 + 1, 1])
def test_a_48_khz_segment_is_what_the_package_computes(codecs, n_samples):
    codec = quantizing(codecs["encodec_48khz"], 24.0)
    waveform = 0.1 * torch.randn(1, 2, n_samples)
    codes, scale = codec.model._encode_frame(waveform)
    latents = codec.encode(waveform)
    torch.testing.assert_close(latents[:, -1], scale.expand(1, latents.shape[-1]))
    expected = codec.model._decode_frame((codes, scale))
    torch.testing.assert_close(codec.decode(latents), expected, atol=1e-5, rtol=1e-4)


def test_48_khz_keeps_each_segments_scale_and_silence(codecs):
    codec = codecs["encodec_48khz"]
    waveform = torch.ones(1, 2, 3 * 148 * 320)
    waveform[..., 148 * 320 : 2 * 148 * 320 + 1000] = 0
    waveform[..., 2 * 148 * 320 + 1000 :] = 0.25
    scales = codec.encode(waveform)[0, -1]
    assert scales[0] == pytest.approx(math.sqrt(148 / 150))  # it hears the silence after it
    assert scales[150] == 0
    assert 0.2 < scales[300] < 0.25
    assert torch.unique_consecutive(scales).numel() == 3
    silence = codec.encode(torch.zeros(1, 2, 96_000))
    assert silence.isfinite().all()
    assert codec.decode(silence).abs().max() == 0
    silence[:, -1] = -0.1  # a model may say so
    assert codec.decode(silence).abs().max() == 0


@pytest.mark.parametrize("quantized", [False, True])
def test_48_khz_latents_grow_with_the_sound_and_decode_to_it(codecs, quantized):
    codec = Encodec48(codecs["encodec_48khz"].model, quantized, 6.0)
    waveform = 0.1 * torch.randn(1, 2, 320 * 20)
    latents, louder = codec.encode(waveform), codec.encode(4 * waveform)
    torch.testing.assert_close(louder, 4 * latents, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        codec.decode(4 * latents), 4 * codec.decode(latents), atol=1e-5, rtol=1e-4
    )


def test_48_khz_segments_are_those_of_the_package_148_frames_apart(codecs):
    codec = quantizing(codecs["encodec_48khz"], 6.0)
    model, waveform = codec.model, 0.1 * torch.randn(1, 2, 320 * 160 + 7)
    model.overlap = 1 - 148 / 150
    assert model.segment_stride == 148 * 320
    latents = codec.encode(waveform)
    for number, (codes, scale) in enumerate(model.encode(waveform)):
        expected = model.quantizer.decode(codes.transpose(0, 1)) * scale
        n_frames = 148 if number == 0 else expected.shape[-1]
        segment = latents[:, :-1, 148 * number : 148 * number + n_frames]
        torch.testing.assert_close(segment, expected[..., :n_frames], atol=1e-5, rtol=1e-4)


def test_48_khz_segments_are_faded_into_each_other(codecs):
    codec = codecs["encodec_48khz"]
    latents = codec.encode(0.1 * torch.randn(1, 2, 48_000 * 2))
    whole = codec.decode(latents)
    first, second = codec.decode(latents[..., :150]), codec.decode(latents[..., 148:298])
    torch.testing.assert_close(whole[..., : 148 * 320], first[..., : 148 * 320])
    begin, end = 148 * 320, 150 * 320
    middle = (begin + end) // 2
    expected = (first[..., middle] + second[..., middle - begin]) / 2
    torch.testing.assert_close(whole[..., middle], expected, atol=1e-3, rtol=0.02)


@pytest.mark.parametrize(
    ("n_frames", "starts"),
    [(1, [0]), (150, [0]), (151, [0, 148]), (298, [0, 148]), (299, [0, 148, 296])],
)
def test_every_frame_is_in_a_segment_of_a_second(n_frames, starts):
    assert list(segment_starts(n_frames)) == starts


@pytest.mark.parametrize("n_samples", [320 * 48, 320 * 32 + 1, 320 * 40 - 5])
def test_chunks_of_a_long_file_are_the_packages_whole(codecs, models, monkeypatch, n_samples):
    monkeypatch.setattr("dirac.audio.seanet.CHUNK", 16)
    monkeypatch.setattr("dirac.audio.encodec.CHUNK", 16)
    waveform = 0.1 * torch.randn(1, 1, n_samples)
    codec, model = codecs["encodec_24khz"], models["encodec_24khz"]
    with torch.no_grad():
        latents = model.encoder(waveform)
        torch.testing.assert_close(codec.encode(waveform), latents, atol=1e-5, rtol=0)
        decoded = model.decoder(latents)
        seams = (codec.decode(latents) - decoded).square().sum() / decoded.square().sum()
    assert seams < 1e-10  # -100 dB


@pytest.mark.parametrize("n_samples", [1, 3, 319, 320, 321, 1000])
def test_a_file_shorter_than_the_padding_is_what_the_package_makes_of_it(codecs, models, n_samples):
    waveform = 0.1 * torch.randn(1, 1, n_samples)
    codec, model = codecs["encodec_24khz"], models["encodec_24khz"]
    with torch.no_grad():
        latents = model.encoder(waveform)
        torch.testing.assert_close(codec.encode(waveform), latents)
        torch.testing.assert_close(codec.decode(latents), model.decoder(latents))


def test_loading_warns_of_nothing_and_draws_nothing(files):
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    with narrow(), warnings.catch_warnings(action="error"):
        codec = load_encodec("encodec_24khz", files["encodec_24khz"], False, 6.0)
    assert torch.rand(1) == expected
    assert not any(parameter.requires_grad for parameter in codec.parameters())
    assert not codec.model.training


def test_what_does_not_fit_is_one_clear_error(files):
    with narrow():
        with pytest.raises(CodecError, match="do not fit encodec_48khz"):
            load_encodec("encodec_48khz", files["encodec_24khz"], False, 24.0)
        with pytest.raises(CodecError, match=r"encodec_48khz has no bandwidth 1\.5"):
            load_encodec("encodec_48khz", files["encodec_48khz"], True, 1.5)
        with pytest.raises(CodecError, match="encodec_24khz, encodec_48khz"):
            load_encodec("encodec_96khz", None, False, 6.0)


def test_the_classes_are_the_two_rates(codecs):
    assert isinstance(codecs["encodec_24khz"], Encodec24)
    assert isinstance(codecs["encodec_48khz"], Encodec48)
