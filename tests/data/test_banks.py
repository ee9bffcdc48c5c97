import importlib.util
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dirac.data.banks import Instruments, find_sound_font, load_instruments
from dirac.data.drumkits import load_drumkit
from dirac.data.errors import DataError
from dirac.data.music import drums

RATE = 8000
LAYER = "<layer><filename>{}</filename><min>{}</min><max>{}</max><pitch>0</pitch></layer>"


def write_kit(folder: Path, *names: str) -> Path:
    """A kit of these instruments, each with a soft (0.1) and a loud (0.5) layer."""
    folder.mkdir(parents=True)
    for name, level in (("soft.wav", 0.1), ("loud.wav", 0.5)):
        soundfile.write(folder / name, np.full(RATE, level), RATE, subtype="FLOAT")
    layers = LAYER.format("soft.wav", 0, 0.5) + LAYER.format("loud.wav", 0.5, 1)
    instruments = "".join(f"<instrument><name>{n}</name>{layers}</instrument>" for n in names)
    text = f"<drumkit_info><instrumentList>{instruments}</instrumentList></drumkit_info>"
    (folder / "drumkit.xml").write_text(text)
    return folder


def test_drums_are_known_by_name_and_layers_by_velocity(tmp_path: Path) -> None:
    folder = write_kit(tmp_path / "kit", "Kick 1", "Snare Rock", "Closed HH", "Open HH", "Tom Low")
    kit = load_drumkit(folder)
    known = {drums.KICK, drums.SNARE, drums.CLOSED_HAT, drums.OPEN_HAT, *drums.TOMS[4:]}
    assert set(kit.layers) == known
    assert kit.tone(drums.KICK, 30, RATE)[100] == pytest.approx(0.1)
    assert kit.tone(drums.KICK, 110, RATE)[100] == pytest.approx(0.5)
    with pytest.raises(KeyError):
        kit.tone(drums.CRASH, 100, RATE)


def test_folders_of_banks_are_searched(tmp_path: Path) -> None:
    write_kit(tmp_path / "a", "Kick", "Snare")
    write_kit(tmp_path / "b", "Cowbell")  # no kit: left out
    (tmp_path / "font.sf2").symlink_to(find_sound_font())  # the built-in one again
    names = [bank.path.name for bank in load_instruments((tmp_path,)).banks]
    assert names == ["TimGM6mb.sf2", "a"]


def test_all_banks_are_drawn_and_the_synthesizer_at_its_share(tmp_path: Path) -> None:
    kit = write_kit(tmp_path / "kit", "Kick", "Snare")
    instruments = load_instruments((kit,), 0.5)
    rng = np.random.default_rng(0)
    drawn = [instruments.draw(rng, (0, 8), True) for _ in range(400)]
    share = np.mean([patch is not None for _, _, patch, _ in drawn])
    assert share == pytest.approx(0.5, abs=0.1)
    names = {instruments.name(bank, patch) for _, bank, patch, _ in drawn}
    assert names == {"TimGM6mb.sf2", "kit", "synthesis"}
    melodic = [Instruments(instruments.banks).draw(rng, (33,), False) for _ in range(50)]
    assert set(melodic) == {(33, 0, None, None)}


def test_what_is_missing_or_broken_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.sf2 is missing"):
        load_instruments((tmp_path / "none.sf2",))
    (tmp_path / "no.sf2").write_bytes(b"RIFF no sound font at all")
    with pytest.raises(DataError, match=r"no\.sf2 is not a SoundFont 2 file"):
        load_instruments((tmp_path / "no.sf2",))
    with pytest.raises(DataError, match="holds no instruments"):
        load_instruments((write_kit(tmp_path / "kit", "Cowbell"),))
    kit = tmp_path / "kit" / "drumkit.xml"
    kit.write_text(kit.read_text().replace("<min>0", "<min>soft"))
    load_drumkit.cache_clear()
    with pytest.raises(DataError, match=r"drumkit\.xml has a layer of no number"):
        load_drumkit(tmp_path / "kit")
    kit.write_text("<drumkit")
    load_drumkit.cache_clear()
    with pytest.raises(DataError, match="is broken"):
        load_drumkit(tmp_path / "kit")


def test_a_missing_sound_font_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match=r"TimGM6mb\.sf2.*pip install pretty_midi"):
        find_sound_font()
