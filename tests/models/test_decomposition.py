import math
import shutil
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from dirac.diffusion.draws import Draws
from dirac.diffusion.iadb import Solver
from dirac.models.composition import Composition, compose, random_coherence
from dirac.models.decomposition import Decomposition, Objective
from dirac.networks.encoders import ComponentEncoder
from dirac.params import load_params
from dirac.settings import apply

PROJECT = Path(__file__).parents[2]

ENCODER = {
    "channels": [8],
    "n_component_channels": 2,
    "kernel": 3,
    "bounded": True,
    "noise": 0.0,
}
DENOISER = {
    "channels": [8, 12],
    "kernels": [3],
    "strides": [2],
    "attention": [False],
    "n_groups": 4,
    "n_embedding": 16,
    "dropout": 0.0,
}
KEYWORDS = {
    "n_channels": 3,
    "exponent": 1,
    "objective": "anchored",
    "regression_share": 0.5,
    "masking_weight": 1.0,
    "composition_share": 0.5,
    "interference": 0.5,
    "n_latents": 2,
    "composition": "sum",
    "coherence": 0.0,
    "target": "data",
    "gated": False,
    "encoder": ENCODER,
    "denoiser": DENOISER,
}


def make(**changes: object) -> Decomposition:
    torch.manual_seed(0)
    return Decomposition(**KEYWORDS | changes)


class Answer(nn.Module):
    """A denoiser that has an answer ready, and keeps what it was asked."""

    def __init__(self, answer: Tensor):
        super().__init__()
        self.answer = answer

    def forward(self, blended: Tensor, alpha: Tensor, condition: Tensor) -> Tensor:
        self.asked = (blended, alpha, condition)
        return self.answer.expand(blended.shape)


def test_the_papers_networks_have_their_sizes(tmp_path: Path) -> None:
    params = Path(shutil.copy(PROJECT / "params.yaml", tmp_path))
    apply("paper", params, PROJECT / "settings.yaml")
    chosen = load_params(params)
    model = make(n_channels=128, objective=chosen.train.objective, **chosen.model.model_dump())
    n_parameters = {
        name: sum(parameter.numel() for parameter in network.parameters())
        for name, network in (("encoders", model.encoder), ("denoiser", model.denoiser))
    }
    assert abs(n_parameters["encoders"] / 2 / 2.90e6 - 1) < 0.02
    assert abs(n_parameters["denoiser"] / 10.48e6 - 1) < 0.02


def test_models_of_older_cards_add_amplitudes() -> None:
    newer = ("coherence", "interference", "gated")
    older = {key: KEYWORDS[key] for key in KEYWORDS if key not in newer}
    model = Decomposition.of_card(older)
    assert (model.coherence, model.interference, model.projection) == (1.0, 0.0, None)
    assert Decomposition.of_card(older | {"coherence": 0.5, "interference": 0.1}).coherence == 0.5


def test_remixes_interfere_as_far_as_asked() -> None:
    anchors = torch.rand(4, 2, 3, 16) + 0.5
    still = make(exponent=2.0, interference=0.0)
    moving = make(exponent=2.0, interference=0.5, coherence=0.1)
    draws = Draws(len(anchors))
    torch.testing.assert_close(still._remix(anchors, draws), still.compose(anchors))
    torch.manual_seed(1)
    coherence = 0.1 + 0.5 * random_coherence(draws.normal(anchors[:, 0]))
    torch.manual_seed(1)
    expected = compose(anchors, "sum", 2.0, coherence.clamp(-1, 1))
    torch.testing.assert_close(moving._remix(anchors, draws), expected)
    linear = make(exponent=1, interference=0.5)
    torch.testing.assert_close(linear._remix(anchors, draws), linear.compose(anchors))


@pytest.mark.parametrize("n_frames", [1, 5, 16, 37])
@pytest.mark.parametrize("n_latents", [1, 3])
def test_shapes_at_any_length(n_latents: int, n_frames: int) -> None:
    model = make(n_latents=n_latents)
    components = model.encode(torch.randn(2, 3, n_frames))
    assert components.shape == (2, n_latents, 2, n_frames)
    parts = model.regress(components)
    assert parts.shape == (2, n_latents, 3, n_frames)
    assert model.render(components, torch.randn_like(parts), Solver(2, 1)).shape == parts.shape
    assert model.compose(parts).shape == (2, 3, n_frames)


def test_a_component_alters_only_its_own_part() -> None:
    model = make(n_latents=3)
    components, noise = torch.randn(2, 3, 2, 8), torch.randn(2, 3, 3, 8)
    other = components.clone()
    other[:, 1] += 1
    for render in (model.regress, lambda z: model.render(z, noise, Solver(3, 2))):
        change = (render(other) - render(components)).abs().amax(dim=(0, 2, 3))
        assert (change > 1e-5).tolist() == [False, True, False]


def test_latents_are_divided_by_the_scale_and_parts_multiplied() -> None:
    model = make()
    latents = torch.randn(2, 3, 8)
    components = model.encode(latents)
    parts = model.regress(components)
    model.set_scale(torch.tensor([0.5, 2.0, 10.0]))
    torch.testing.assert_close(model.encode(latents * model.scale), components)
    torch.testing.assert_close(model.regress(components), parts * model.scale)


def test_the_scale_follows_the_levels() -> None:
    model = make()
    model.set_scale(torch.full((3,), 2.5))
    torch.testing.assert_close(model.scale, torch.full((3, 1), 2.5))
    model.set_scale(torch.tensor([1.0, 4.0, 16.0]))
    assert (model.scale.diff(dim=0) > 0).all()
    model.set_scale(torch.tensor([1.0, 0.0, 1.0]))  # a channel that is always silent
    assert model.encode(torch.ones(2, 3, 8)).isfinite().all()


@pytest.mark.parametrize("target", ["data", "velocity"])
def test_the_regression_is_the_first_prediction_of_the_data(target: str) -> None:
    model = make(target=target, n_channels=1)
    answer = torch.randn(1, 8)
    model.denoiser = Answer(answer)
    parts = model.regress(torch.randn(2, 2, 2, 8))
    # From noise 0 at alpha 0, velocity and data are the same.
    torch.testing.assert_close(parts, answer.expand(2, 2, 1, 8))
    blended, alpha, _ = model.denoiser.asked
    assert not blended.any()
    assert not alpha.any()


def test_the_loss_of_the_paper_is_zero_for_the_right_answer_and_closed_for_none() -> None:
    mixture = torch.randn(1, 3, 8)
    model = make(objective="paper", composition="mean")
    model.set_scale(torch.tensor([1.0, 2.0, 4.0]))
    scaled = mixture / model.scale
    model.denoiser = Answer(scaled)
    terms = model(mixture[:, None])
    assert list(terms) == ["loss"]
    assert terms["loss"] == 0
    # The noised mixture is shown beside each component, at one alpha.
    blended, alpha, condition = model.denoiser.asked
    torch.testing.assert_close(blended[0], blended[1])
    assert alpha[0] == alpha[1]
    torch.testing.assert_close(condition, model.encode(mixture)[0])
    model.denoiser = Answer(torch.zeros(1))
    torch.testing.assert_close(model(mixture[:, None])["loss"], scaled.square().mean())


def test_the_terms_of_the_anchored_loss() -> None:
    batch = torch.randn(4, 3, 3, 8)
    model = make(composition="sum", regression_share=1.0)
    model.denoiser = Answer(torch.zeros(1))
    terms = model(batch)
    assert set(terms) == {"loss", "rendering", "masking", "composition"}
    torch.testing.assert_close(terms["rendering"], batch[:, 1:].square().mean())
    assert terms["masking"] == 0  # latents that are linear have no shares
    composed = batch[: math.ceil(0.5 * 4), 0]
    torch.testing.assert_close(terms["composition"], composed.square().mean())
    torch.testing.assert_close(terms["loss"], terms["rendering"] + terms["composition"])


def test_anchors_are_rendered_from_the_components_of_what_they_compose_to() -> None:
    model = make(composition="sum")
    anchors = torch.randn(1, 2, 3, 8)
    model.denoiser = Answer(anchors[0])
    assert model._anchor_losses(anchors, Draws(1))["rendering"] == 0
    torch.testing.assert_close(model.denoiser.asked[2], model.encode(anchors.sum(1))[0])


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_share_of_draws_that_regress(share: float) -> None:
    model = make(regression_share=share, n_latents=1)
    model.denoiser = Answer(torch.zeros(1))
    model._anchor_losses(torch.randn(2000, 1, 3, 1), Draws(2000))
    _, alpha, _ = model.denoiser.asked
    assert (alpha == 0).float().mean().item() == pytest.approx(share, abs=0.05)
    assert alpha.max() <= 1


@pytest.mark.parametrize("objective", ["anchored", "paper", "supervised"])
@pytest.mark.parametrize("composition", ["mean", "sum", "max", "min"])
@pytest.mark.parametrize(("exponent", "target"), [(1, "data"), (2, "data"), (1, "velocity")])
def test_every_network_learns(
    objective: Objective, composition: Composition, exponent: float, target: str
) -> None:
    model = make(objective=objective, composition=composition, exponent=exponent, target=target)
    terms = model(torch.rand(8, 3, 3, 16))
    torch.autograd.backward(terms["loss"])
    assert isinstance(model.encoder, ComponentEncoder)
    for network in (*model.encoder.encoders, model.denoiser):
        gradients = [parameter.grad for parameter in network.parameters()]
        assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)
        assert any(gradient is not None and gradient.any() for gradient in gradients)


def test_magnitudes_are_rendered_as_magnitudes() -> None:
    model = make(exponent=2, composition="mean")
    components = 5 * torch.randn(2, 2, 2, 8)
    assert (model.regress(components) >= 0).all()
    assert (model.compose(model.regress(components)) >= 0).all()


def test_noise_on_the_components_is_for_training_alone() -> None:
    model = make(encoder=ENCODER | {"noise": 0.5}, objective="paper")
    mixture = torch.randn(1, 1, 3, 1000)
    model.denoiser = Answer(torch.zeros(1))
    clean = model.encode(mixture[:, 0])
    assert torch.equal(model.encode(mixture[:, 0]), clean)
    model(mixture)
    noise = model.denoiser.asked[2] - clean[0]
    assert noise.std().item() == pytest.approx(0.5, rel=0.05)
