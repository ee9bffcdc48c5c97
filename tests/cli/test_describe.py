import csv
from pathlib import Path

import numpy as np
import pytest

from dirac.audio.songs import AudioFile
from dirac.cli.main import main
from dirac.packaged import find_model
from dirac.separation.separator import Separator


def test_components_are_a_table_and_a_picture(
    songs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["describe", "a.wav", "-o", "out"])
    assert capsys.readouterr().out.split() == ["out/a.csv", "out/a.png"]
    rows = list(csv.reader(Path("out/a.csv").read_text().splitlines()))
    assert rows[0] == ["seconds", "drums-0", "drums-1", "bass-0", "bass-1"]
    assert len(rows) == 1 + 75
    components = Separator.load(find_model(None)).components_of(AudioFile(Path("a.wav")))[0]
    columns = np.array(rows[1:], dtype=float).T[1:]
    np.testing.assert_allclose(columns, components.flatten(0, 1), atol=1e-5)
    assert float(rows[-1][0]) == pytest.approx(74 / 75, abs=1e-5)
    assert Path("out/a.png").read_bytes().startswith(b"\x89PNG")
    written = [path.read_bytes() for path in sorted(Path("out").iterdir())]
    main(["describe", "a.wav", "-o", "out"])
    assert [path.read_bytes() for path in sorted(Path("out").iterdir())] == written
