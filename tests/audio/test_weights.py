import hashlib
import http.server
import socket
import threading
import time
from pathlib import Path

import pytest
import torch

from dirac.audio.weights import CodecError, load_weights


@pytest.fixture
def weights(tmp_path) -> Path:
    """A weight file that is named after its contents, as EnCodec's are."""
    path = tmp_path / "served" / "model.th"
    path.parent.mkdir()
    torch.save({"layer": torch.arange(3.0)}, path)
    head = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    return path.rename(path.with_name(f"model-{head}.th"))


@pytest.fixture
def server(weights):
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=weights.parent)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"))
    return tmp_path / "hub" / "checkpoints"


def test_a_file_or_its_folder_may_be_named(weights):
    url = f"https://nowhere.invalid/{weights.name}"
    for place in (weights, weights.parent):
        assert load_weights("model", url, place)["layer"].tolist() == [0, 1, 2]


def test_a_download_is_checked_and_kept(server, weights, cache):
    url = f"{server}/{weights.name}"
    load_weights("model", url, None)
    assert [path.name for path in cache.iterdir()] == [weights.name]
    weights.unlink()
    load_weights("model", url, None)  # from the cache


def test_a_damaged_download_is_not_kept(server, weights, cache):
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(CodecError, match="damaged"):
        load_weights("model", f"{server}/{weights.name}", None)
    assert not list(cache.iterdir())


@pytest.mark.parametrize("name", ["model-00000000.th", "model.th", "model-.th"])
def test_the_name_must_tell_the_contents(weights, name):
    renamed = weights.rename(weights.with_name(name))
    with pytest.raises(CodecError, match=rf"{name}.*sha256"):
        load_weights("model", "https://nowhere.invalid/model-12345678.th", renamed)


def test_a_path_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(CodecError, match=r"codec\.weights.*elsewhere"):
        load_weights("model", "https://nowhere.invalid/a-12345678.th", tmp_path / "elsewhere")


def test_without_a_network_one_error_says_all_within_seconds(server, cache):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{unused.getsockname()[1]}"
        for url in (f"{closed}/model-12345678.th", f"{server}/model-12345678.th"):  # and a 404
            start = time.monotonic()
            with pytest.raises(CodecError) as caught:
                load_weights("encodec_24khz", url, None)
            assert time.monotonic() - start < 5
            for needed in ("model-12345678.th", url, str(cache), "codec.name=spectrogram"):
                assert needed in str(caught.value)
            assert not list(cache.iterdir())


def test_only_tensors_are_unpickled(tmp_path):
    path = tmp_path / "model.th"
    torch.save({"layer": Path("an object of a class")}, path)
    head = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    with pytest.raises(CodecError, match="holds more than tensors"):
        load_weights("model", "https://a.b/c.th", path.rename(tmp_path / f"model-{head}.th"))
