from pathlib import Path

import pytest

from dirac.cli.songs import find_songs
from dirac.data.songs import find_songs as find_songs_to_train_on


def write(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def named(*given: str, output: str = "out") -> dict[str, str]:
    found = find_songs([Path(path) for path in given], Path(output))
    return {str(song): str(name) for song, name in found.items()}


def test_results_lie_as_songs_do() -> None:
    write("x/b.wav", "x/a.FLAC", "x/d/c.mp3", "x/notes.txt", "x/.hidden.wav", "x/.d/e.wav")
    assert named("x", "y/odd.name") == {
        "x/a.FLAC": "a",
        "x/b.wav": "b",
        "x/d/c.mp3": "d/c",
        "y/odd.name": "odd",
    }


def test_songs_of_one_name_are_told_apart() -> None:
    write("x/a.wav", "x/A.flac", "y/a.wav", "y/b.wav")
    assert named("x", "y") == {
        "x/A.flac": "A.flac",
        "x/a.wav": "a.wav",
        "y/a.wav": "a.wav-2",
        "y/b.wav": "b",
    }
    assert named("y/b.wav", "y/b.wav") == {"y/b.wav": "b"}
    write("z/a.wav-2.wav")
    assert named("x", "y", "z")["z/a.wav-2.wav"] == "a.wav-2-2"
    assert named("a/...wav") == {"a/...wav": "...wav"}


def test_a_song_given_twice_is_one() -> None:
    write("x/d/a.wav")
    assert named("x/d/a.wav", str(Path("x/d/a.wav").absolute()), "x") == {"x/d/a.wav": "a"}
    assert named("x", "x/d/a.wav") == {"x/d/a.wav": "d/a"}
    assert named("x/d/a.wav", "x/../x/d/a.wav") == {"x/d/a.wav": "a"}


def test_links_to_folders_are_followed_once() -> None:
    write("x/a.wav", "y/b.wav")
    Path("x/album").symlink_to("../y")
    Path("y/back").symlink_to("../x")
    Path("x/here").symlink_to(".")
    assert named("x") == {"x/a.wav": "a", "x/album/b.wav": "album/b"}
    assert [str(song) for song in find_songs_to_train_on(Path("x"))] == [*named("x")]


def test_results_are_no_songs() -> None:
    write("a.wav", "parts/a/drums.flac")
    assert named(".", output="parts") == {"a.wav": "a"}
    with pytest.raises(ValueError, match=r"\. is the folder of the songs and of the results"):
        named(".", output="../" + Path.cwd().name)
    assert named("a.wav", output=".") == {"a.wav": "a"}
    Path("parts/a/drums.flac").unlink()
    with pytest.raises(ValueError, match=r"parts/a holds no audio file \(\.aif"):
        named("parts/a")
