from pathlib import Path

import pytest
import torch

from dirac.kept import keep


def test_what_is_there_is_not_computed_again(tmp_path: Path) -> None:
    path, first = tmp_path / "deep" / "x.npy", torch.randn(2, 3)
    torch.testing.assert_close(keep(path, lambda: first), first, rtol=0, atol=0)
    torch.testing.assert_close(keep(path, lambda: first + 1), first, rtol=0, atol=0)


def test_a_failure_leaves_nothing_that_looks_finished(tmp_path: Path) -> None:
    def fail() -> torch.Tensor:
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        keep(tmp_path / "x.npy", fail)
    assert not (tmp_path / "x.npy").exists()
    assert keep(tmp_path / "x.npy", lambda: torch.ones(1)) == 1
