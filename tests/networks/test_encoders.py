import torch

from dirac.networks.encoders import ComponentEncoder, CurveEncoder, GatedEncoder


def test_the_papers_encoder_has_its_size() -> None:
    encoder = CurveEncoder(128, (128, 256, 512), n_component_channels=1, kernel=3)
    n_parameters = sum(parameter.numel() for parameter in encoder.parameters())
    assert abs(n_parameters / 2.90e6 - 1) < 0.02
    assert encoder(torch.zeros(1, 128, 12)).shape == (1, 1, 12)


def test_the_encoders_share_nothing() -> None:
    torch.manual_seed(0)
    encoder = ComponentEncoder(3, 4, (6, 8), n_component_channels=2, kernel=3, bounded=False)
    signal = torch.randn(2, 4, 11)
    before = encoder(signal)
    assert before.shape == (2, 3, 2, 11)
    with torch.no_grad():
        for parameter in encoder.encoders[1].parameters():
            parameter += 0.1
    changed = (encoder(signal) - before).abs().amax(dim=(0, 2, 3)) > 0
    assert changed.tolist() == [False, True, False]


def test_bounded_components_are_the_unbounded_ones_through_tanh() -> None:
    torch.manual_seed(0)
    bounded = ComponentEncoder(2, 4, (6,), n_component_channels=1, kernel=3, bounded=True)
    unbounded = ComponentEncoder(2, 4, (6,), n_component_channels=1, kernel=3, bounded=False)
    unbounded.load_state_dict(bounded.state_dict())
    signal = 50 * torch.randn(2, 4, 30)
    torch.testing.assert_close(bounded(signal), unbounded(signal).tanh())
    assert unbounded(signal).abs().max() > 1


def test_gated_components_share_out_a_projection_of_the_signal() -> None:
    torch.manual_seed(0)
    encoder = GatedEncoder(3, 4, (6, 6), n_component_channels=2, kernel=3, bounded=False)
    signal = torch.randn(2, 4, 11)
    components, projected = encoder(signal), encoder.projection(signal)
    torch.testing.assert_close(components.mean(dim=1), projected)
    last = encoder.gates[-1]
    with torch.no_grad():  # the first half of what it tells are shares, the second moves
        last.weight[6:], last.bias[6:] = 0, 0
    shared = encoder(signal)
    shares = shared / projected[:, None]
    assert (shares > 0).all()
    assert shares.std() > 0.01
    with torch.no_grad():
        last.bias[6:] = torch.tensor([3.0, 0, 6, 0, 0, 0])  # three components' two channels
    moved = encoder(signal) - shared
    expected = 0.3 * torch.tensor([[0.0, 0], [3, 0], [-3, 0]])
    torch.testing.assert_close(moved, expected[None, :, :, None].expand_as(moved))


def test_gates_bounded_by_tanh_and_how_far_they_see() -> None:
    torch.manual_seed(0)
    encoder = GatedEncoder(2, 4, (6, 6), n_component_channels=2, kernel=3, bounded=True)
    signal, impulse = torch.randn(1, 4, 101), torch.zeros(1, 4, 101)
    impulse[..., 50] = 100.0
    components, others = encoder(signal), encoder(signal + impulse)
    assert others.abs().max() <= 1
    # 1 frame on both sides by the projection, 3 by the first block and what follows it, 4 by the
    # second, which is dilated.
    changed = (others != components).any(dim=2).any(dim=1)[0].nonzero()[:, 0]
    assert (changed.min().item(), changed.max().item()) == (50 - 8, 50 + 8)
