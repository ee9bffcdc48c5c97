import json
import shutil

import pytest

from dirac.data.collections import find_tracks, point_at, recognise
from dirac.data.errors import DataError


@pytest.fixture
def slakh(tmp_path, slakh_track, sine):
    root = tmp_path / "mine"
    slakh_track(root / "train" / "Track00001", {"S00": "Drums"}, {"S00": sine(100)})
    return root


@pytest.mark.parametrize("name", ["slakh2100", "babyslakh", "synthetic"])
def test_a_data_set_by_name(slakh, name):
    assert [track.name for track in find_tracks(name, slakh)] == ["train-Track00001"]


@pytest.mark.parametrize("name", ["musdb18", "musdb18hq", "musdb18_preview"])
def test_musdb_by_name(tmp_path, musdb_song, name):
    musdb_song(tmp_path / "test" / "A - B")
    assert [track.name for track in find_tracks(name, tmp_path)] == ["test-A - B"]


def test_an_unknown_name_is_answered_with_those_that_exist(slakh):
    with pytest.raises(DataError, match=r"'slak'.*synthetic, slakh2100, .*, folder"):
        find_tracks("slak", slakh)


def test_a_pointer_leads_to_the_users_folder_which_stays_as_it_is(tmp_path, slakh, monkeypatch):
    before = sorted(slakh.rglob("*"))
    folder = tmp_path / "data" / "raw"
    monkeypatch.chdir(tmp_path)
    point_at(folder, "slakh2100", slakh.relative_to(tmp_path))
    monkeypatch.chdir("/")
    assert find_tracks("slakh2100", folder) == find_tracks("slakh2100", slakh)
    assert json.loads((folder / "root.json").read_text())["root"] == str(slakh)
    assert sorted(slakh.rglob("*")) == before


def test_a_pointer_is_only_made_to_a_data_set(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty holds no tracks"):
        point_at(tmp_path / "raw", "slakh2100", tmp_path / "empty")
    assert not (tmp_path / "raw").exists()


def test_a_pointer_to_what_is_gone_is_an_error(tmp_path, slakh):
    point_at(tmp_path / "raw", "slakh2100", slakh)
    shutil.rmtree(slakh)
    with pytest.raises(DataError, match=r"mine is gone.*root\.json.*data\.root"):
        find_tracks("slakh2100", tmp_path / "raw")


@pytest.mark.parametrize(
    "content", ['{"a": 1}', "[1]", '{"name": "folder"}', '{"name": "folder", "root": 3}', "{", "3"]
)
def test_another_programs_root_json_is_no_pointer(tmp_path, content):
    (tmp_path / "root.json").write_text(content)
    for read in (recognise, lambda root: find_tracks("folder", root)):
        with pytest.raises(DataError, match=r"root\.json does not say name and root"):
            read(tmp_path)
