import hashlib
import http.server
import pickle
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
            assert time.monotonic() - start < 30
            for needed in ("model-12345678.th", url, str(cache), "codec.name=spectrogram"):
                assert needed in str(caught.value)
            assert not list(cache.iterdir())


def named_after_contents(path: Path) -> Path:
    head = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    return path.rename(path.with_name(f"{path.stem}-{head}.th"))


def refused(path: Path) -> str:
    """The one sentence with which a weight file of the right checksum is refused."""
    with pytest.raises(CodecError) as caught:
        load_weights("model", "https://nowhere.invalid/c-12345678.th", named_after_contents(path))
    assert "\n" not in str(caught.value)
    return str(caught.value)


class Code:
    """Unpickled carelessly, it makes a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


@pytest.mark.parametrize(
    "save", [torch.save, lambda thing, f: f.write_bytes(pickle.dumps(thing, 2))]
)
def test_code_in_a_file_is_not_run(tmp_path, save):
    save({"layer": Code(tmp_path / "harm")}, tmp_path / "model.th")
    assert "holds more than tensors" in refused(tmp_path / "model.th")
    assert not (tmp_path / "harm").exists()


def test_what_is_no_weight_file_is_refused(tmp_path, weights):
    contents = {
        "empty": b"",
        "text": b"<html>Not found</html>",
        "truncated": weights.read_bytes()[:-200],
        "headless": weights.read_bytes()[200:],
    }
    for name, content in contents.items():
        (tmp_path / f"{name}.th").write_bytes(content)
        assert f"{name}-" in refused(tmp_path / f"{name}.th")


@pytest.mark.parametrize("content", [[torch.zeros(1)], {"step": 3}, torch.zeros(1)])
def test_what_is_no_state_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "model.th")
    assert "no weights by name" in refused(tmp_path / "model.th")


def test_a_cached_file_that_was_truncated_is_not_used(server, weights, cache):
    cache.mkdir(parents=True)
    (cache / weights.name).write_bytes(weights.read_bytes()[:-1])
    url = f"{server}/{weights.name}"
    with pytest.raises(
        CodecError, match=rf"{cache}.*damaged.*remove it and get it again, from {url}"
    ):
        load_weights("model", url, None)


def test_a_connection_that_is_cut_leaves_nothing(weights, cache):
    class Cutting(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"half")

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Cutting) as running:
        thread = threading.Thread(target=running.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{running.server_address[1]}/{weights.name}"
        with pytest.raises(CodecError, match=f"could not be had from {url}"):
            load_weights("model", url, None)
        thread.join()
    assert not list(cache.iterdir())
