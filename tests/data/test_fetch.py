import errno
import hashlib
import socket
import time

import numpy as np
import pytest

from dirac.data import fetch as module
from dirac.data.archives import ARCHIVES, Archive
from dirac.data.errors import DataError
from dirac.data.fetch import PIECE, Download

CONTENT = np.random.default_rng(0).bytes(300_000)


def archive_at(url, content=CONTENT):
    return Archive("tiny.tar.gz", url, len(content), hashlib.md5(content).hexdigest(), 0)


def fetch(archive, folder, keeps=True):
    """The bytes as they are read, in small portions."""
    with Download(archive, folder / "tiny.part", keeps) as stream:
        content = b"".join(iter(lambda: stream.read(10_000), b""))
        stream.finish()
    return content


@pytest.fixture
def archive(server, monkeypatch):
    monkeypatch.setattr(module, "PAUSES_SECONDS", (0.01, 0.01))
    monkeypatch.setattr(module, "OFFLINE_PAUSES_SECONDS", (0.01,))
    server.files["/tiny"] = CONTENT
    return archive_at(f"{server.url}/tiny")


def cut_after(server, n_bytes):
    def fault(handler):
        server.send(handler, CONTENT, n_bytes)
        return True

    return fault


def status(code):
    def fault(handler):
        handler.send_error(code)
        return True

    return fault


def redirect(handler):
    handler.send_response(302)
    handler.send_header("Location", "/tiny")
    handler.end_headers()
    return True


@pytest.mark.parametrize("keeps", [True, False])
def test_a_download_is_read_once_and_kept_if_it_is_to_be(tmp_path, server, archive, keeps):
    assert fetch(archive, tmp_path, keeps) == CONTENT
    assert fetch(archive, tmp_path, keeps) == CONTENT
    assert len(server.requests) == (1 if keeps else 2)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == ([CONTENT] if keeps else [])


@pytest.mark.parametrize("keeps", [True, False])
def test_a_cut_connection_is_resumed_where_it_broke(tmp_path, server, archive, keeps):
    server.faults = [cut_after(server, 2 * PIECE), cut_after(server, PIECE)]
    assert fetch(archive, tmp_path, keeps) == CONTENT
    assert server.requests == ["bytes=0-", f"bytes={2 * PIECE}-", f"bytes={3 * PIECE}-"]


@pytest.mark.parametrize("keeps", [True, False])
def test_a_killed_download_goes_on_with_what_it_kept(tmp_path, server, archive, keeps):
    (tmp_path / "tiny.part").write_bytes(CONTENT[:123_456])
    assert fetch(archive, tmp_path, keeps) == CONTENT
    assert server.requests == ["bytes=123456-"]
    assert (tmp_path / "tiny.part").stat().st_size == (len(CONTENT) if keeps else 123_456)


def test_what_is_kept_is_on_disk_before_it_is_used(tmp_path, server, archive):
    with Download(archive, tmp_path / "tiny.part", True) as stream:
        n_bytes = len(stream.read())
        assert (tmp_path / "tiny.part").read_bytes() == CONTENT[:n_bytes]


@pytest.mark.parametrize("keeps", [True, False])
def test_a_server_without_ranges_sends_all_again(tmp_path, server, archive, keeps):
    server.ranges = False
    server.faults = [cut_after(server, 100_000)]
    assert fetch(archive, tmp_path, keeps) == CONTENT
    assert len(server.requests) == 2


def test_a_server_that_never_gets_further_is_given_up(tmp_path, server, archive):
    server.ranges = False
    server.faults = [cut_after(server, 100_000) for _ in range(20)]
    with pytest.raises(DataError, match=r"/tiny cannot be downloaded"):
        fetch(archive, tmp_path)
    assert len(server.requests) == 4  # one that brought something, then as many as there are pauses


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_busy_server_is_asked_again(tmp_path, server, archive, code):
    server.faults = [status(code), status(code), redirect]
    assert fetch(archive, tmp_path) == CONTENT


def test_a_range_that_begins_elsewhere_is_refused(tmp_path, server, archive):
    def wrong(handler):
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}")
        handler.end_headers()
        return True

    (tmp_path / "tiny.part").write_bytes(CONTENT[:10])
    server.faults = [wrong]
    with pytest.raises(DataError, match="no longer the file of 300000 bytes"):
        fetch(archive, tmp_path)


@pytest.mark.parametrize("code", [403, 404, 416])
def test_a_refusal_is_final_and_named(tmp_path, server, archive, code):
    server.faults = [status(code)]
    with pytest.raises(DataError, match=rf"{server.url}/tiny .* answers {code} .*data\.root"):
        fetch(archive, tmp_path)
    assert len(server.requests) == 1


def test_a_file_of_another_size_is_refused_before_it_is_taken(tmp_path, server, archive):
    server.files["/tiny"] = CONTENT + b"more"
    with pytest.raises(DataError, match="no longer the file of 300000 bytes"):
        fetch(archive, tmp_path)
    assert not any(path.stat().st_size for path in tmp_path.iterdir())


def test_a_wrong_checksum_is_an_error_and_the_next_run_begins_anew(tmp_path, server, archive):
    server.files["/tiny"] = CONTENT[::-1]
    with pytest.raises(DataError, match=rf"/tiny .*md5 .* not {archive.md5}"):
        fetch(archive, tmp_path)
    assert list(tmp_path.iterdir()) == []
    server.files["/tiny"] = CONTENT
    assert fetch(archive, tmp_path) == CONTENT


def test_no_network_is_said_in_seconds(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/tiny"
        began = time.monotonic()
        with pytest.raises(DataError, match=rf"{url} .*no connection.*refused.*data\.root"):
            fetch(archive_at(url), tmp_path)
    assert time.monotonic() - began < 30


def test_a_busy_server_says_how_long_to_wait(tmp_path, server, archive, monkeypatch):
    def busy(handler):
        handler.send_response(429)
        handler.send_header("Retry-After", "1000000")
        handler.end_headers()
        return True

    slept = []
    monkeypatch.setattr(module.time, "sleep", slept.append)
    server.faults = [busy]
    assert fetch(archive, tmp_path) == CONTENT
    assert slept == [module.LONGEST_PAUSE_SECONDS]


def test_a_disk_that_fills_up_is_named_and_what_it_holds_is_gone_on_with(
    tmp_path, server, archive, monkeypatch
):
    class FullDisk:
        """A file of an unbuffered kind on a disk with room for so many bytes."""

        def __init__(self, file, room):
            self.file, self.room = file, room

        def __enter__(self):
            return self

        def __exit__(self, *args):
            self.file.close()

        def write(self, piece):
            if self.room == 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            n_bytes = self.file.write(piece[: self.room])
            self.room -= n_bytes
            return n_bytes

    opened = module.Path.open
    for room in (100_000, 0):
        with monkeypatch.context() as patched:
            patched.setattr(
                module.Path,
                "open",
                lambda path, mode, room=room, **how: (
                    FullDisk(opened(path, mode, **how), room)
                    if mode == "ab"
                    else opened(path, mode)
                ),
            )
            with pytest.raises(DataError, match=r"tiny\.part cannot be written: No space"):
                fetch(archive, tmp_path)
        assert (tmp_path / "tiny.part").read_bytes() == CONTENT[:100_000]
    assert fetch(archive, tmp_path) == CONTENT


def test_the_public_archives_are_complete():
    for name, archive in ARCHIVES.items():
        assert archive.url.startswith(("https://zenodo.org/record", "https://github.com/sigsep/"))
        assert archive.file_name in archive.url
        assert len(archive.md5) == 32
        assert archive.is_tar == ("slakh" in name)
        assert archive.n_bytes_unpacked > archive.n_bytes > 1e8
