from pathlib import Path

import torch

from dirac.model_files import save_model
from dirac.separation.separator import Separator
from dirac.separation.untrained import forget

from ..tiny_models import SETTINGS, card, decomposition


def test_weights_are_those_of_the_seed_and_the_scale_is_kept(tmp_path: Path) -> None:
    trained, initial = decomposition(), decomposition().state_dict()
    for parameter in trained.parameters():
        parameter.data += 1
    trained.set_scale(torch.rand(128))
    save_model(tmp_path, trained.state_dict(), card())
    loaded = Separator.load(tmp_path, SETTINGS, None, torch.device("cpu"))
    torch.manual_seed(5)
    following = torch.random.get_rng_state()
    forgotten = forget(loaded, tmp_path)
    assert torch.equal(torch.random.get_rng_state(), following)
    for name, value in forgotten.model.state_dict().items():
        expected = trained.scale if name == "scale" else initial[name]
        torch.testing.assert_close(value, expected, rtol=0, atol=0)
