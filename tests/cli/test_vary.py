import json
from pathlib import Path

import pytest
import torch

from dirac.audio.files import read_audio
from dirac.cli.main import main
from dirac.separation.separator import Separator


def test_what_is_kept_stays_and_the_rest_is_new(
    songs: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sung = []
    singing = Separator.singing

    def listen(self: Separator, components: torch.Tensor, seed: int) -> object:
        sung.append(components)
        return singing(self, components, seed)

    monkeypatch.setattr(Separator, "singing", listen)
    main(["recompose", "a.wav", "--take", "a:0", "a:1", "-o", "same.flac"])
    main(["vary", "a.wav", "--keep", "bass", "--count", "2", "-o", "out", "--json", "--seed", "1"])
    song, first, second = sung
    assert torch.equal(first[:, 1], song[:, 1])
    assert torch.equal(second[:, 1], song[:, 1])
    assert not torch.equal(first[:, 0], song[:, 0])
    assert not torch.equal(first[:, 0], second[:, 0])
    record = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (record["path"], record["kept"], record["seed"]) == ("out/a-2.flac", ["bass"], 2)
    assert read_audio(Path("out/a-1.flac"))[1] == 24000
    main(["vary", "a.wav", "--keep", "1", "-o", "again", "--seed", "2"])
    assert Path("again/a-1.flac").read_bytes() == Path("out/a-2.flac").read_bytes()
