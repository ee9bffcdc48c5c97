"""The release's architecture as one would first write it: the comparison for the training's speed.

From its description alone (Bindi & Esling 2024): encoders one after another, parts one after
another in a Python loop, float32, AdamW as it comes, the average of the weights in Python.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool1d, mse_loss, silu


class Residual(nn.Module):
    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(width, width, kernel, padding=kernel // 2)
        self.second = nn.Conv1d(width, width, kernel, padding=kernel // 2)
        self.third = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.third(silu(self.second(silu(self.first(x)))))


def encoder(n_channels: int, widths: Sequence[int], n_out: int, kernel: int) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Conv1d(n_channels, widths[0], 1)]
    for width, following in pairwise((*widths, n_out)):
        layers += [
            Residual(width, kernel),
            nn.Conv1d(width, following, kernel, padding=kernel // 2),
        ]
    return nn.Sequential(*layers)


class Block(nn.Module):
    """Convolution, modulation by alpha, the component beside it, convolution; a skip around."""

    def __init__(
        self, n_in: int, n_out: int, kernel: int, n_component: int, shape: Mapping[str, Any]
    ) -> None:
        super().__init__()
        groups, n_embedding = shape["n_groups"], shape["n_embedding"]
        self.first = nn.Conv1d(n_in, n_out, kernel, padding=kernel // 2)
        self.norm = nn.GroupNorm(groups, n_out)
        self.film_in = nn.Linear(n_embedding, n_out, bias=False)
        self.film_out = nn.Linear(n_out, 2 * n_out)
        self.component = nn.Conv1d(n_component, n_component, kernel, padding=kernel // 2)
        self.second = nn.Conv1d(n_out + n_component, n_out, kernel, padding=kernel // 2)
        self.second_norm = nn.GroupNorm(groups, n_out)
        self.last = nn.Conv1d(n_out, n_out, 1)
        self.skip = nn.Conv1d(n_in, n_out, 1) if n_in != n_out else nn.Identity()
        self.dropout = nn.Dropout(shape["dropout"])

    def forward(self, x: Tensor, embedding: Tensor, component: Tensor) -> Tensor:
        film = self.film_out(silu(self.film_in(embedding)))[:, :, None]
        scale, shift = film.chunk(2, dim=1)
        hidden = silu(self.norm(self.first(x)) * (1 + scale) + shift)
        component = adaptive_avg_pool1d(component, x.shape[-1])
        hidden = torch.cat([hidden, silu(self.component(component))], dim=1)
        hidden = self.second_norm(self.second(self.dropout(hidden)))
        return self.skip(x) + self.last(silu(hidden))


class Attention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = max(1, width // 32)
        self.norm = nn.GroupNorm(1, width)
        self.into = nn.Conv1d(width, 3 * width, 1)
        self.out = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        batch, width, frames = x.shape
        heads = self.into(self.norm(x)).reshape(batch, 3, self.heads, -1, frames)
        query, key, value = heads.transpose(-1, -2).unbind(1)
        weights = (query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5).softmax(-1)
        return x + self.out((weights @ value).transpose(-1, -2).reshape(batch, width, frames))


class Denoiser(nn.Module):
    """The U-Net; shape: the values of params.model.denoiser."""

    def __init__(self, n_channels: int, n_component: int, shape: Mapping[str, Any]) -> None:
        super().__init__()
        widths, kernels, strides = shape["channels"], shape["kernels"], shape["strides"]
        size = shape["n_embedding"]

        def block(n_in: int, n_out: int, kernel: int) -> Block:
            return Block(n_in, n_out, kernel, n_component, shape)

        self.register_buffer("frequencies", 1000 * 10_000 ** (-torch.arange(size // 2) * 2 / size))
        self.embed = nn.Sequential(
            nn.Linear(size, 2 * size), nn.SiLU(), nn.Linear(2 * size, size), nn.SiLU()
        )
        self.entry = nn.Conv1d(n_channels, widths[0], 1)
        self.downs = nn.ModuleList(block(w, w, k) for w, k in zip(widths, kernels, strict=False))
        self.ups = nn.ModuleList(block(2 * w, w, k) for w, k in zip(widths, kernels, strict=False))
        attends = shape["attention"]
        self.down_attention, self.up_attention = (
            nn.ModuleList(
                Attention(w) if a else nn.Identity() for w, a in zip(widths, attends, strict=False)
            )
            for _ in range(2)
        )
        self.smaller = nn.ModuleList(
            nn.Conv1d(w, below, 2 * s + 1, s, padding=s)
            for (w, below), s in zip(pairwise(widths), strides, strict=True)
        )
        self.larger = nn.ModuleList(
            nn.ConvTranspose1d(below, w, 2 * s, s, padding=s // 2)
            for (w, below), s in zip(pairwise(widths), strides, strict=True)
        )
        self.middle = block(widths[-1], widths[-1], min(kernels))
        self.middle_attention = Attention(widths[-1]) if any(attends) else nn.Identity()
        self.exit = nn.Conv1d(widths[0], n_channels, 3, padding=1)

    def forward(self, blended: Tensor, alpha: Tensor, component: Tensor) -> Tensor:
        angles = alpha[:, None] * self.frequencies
        embedding = self.embed(torch.cat([angles.cos(), angles.sin()], dim=1))
        x, skips = self.entry(blended), []
        for down, attention, smaller in zip(
            self.downs, self.down_attention, self.smaller, strict=True
        ):
            x = attention(down(x, embedding, component))
            skips.append(x)
            x = smaller(x)
        x = self.middle_attention(self.middle(x, embedding, component))
        for i in reversed(range(len(self.ups))):
            x = torch.cat([self.larger[i](x), skips[i]], dim=1)
            x = self.up_attention[i](self.ups[i](x, embedding, component))
        return self.exit(x)


class PlainDecomposition(nn.Module):
    """model: the values of params.model."""

    def __init__(self, n_channels: int, model: Mapping[str, Any]) -> None:
        super().__init__()
        shape = model["encoder"]
        n_component = shape["n_component_channels"]
        self.encoders = nn.ModuleList(
            encoder(n_channels, shape["channels"], n_component, shape["kernel"])
            for _ in range(model["n_latents"])
        )
        self.denoiser = Denoiser(n_channels, n_component, model["denoiser"])

    def loss(self, mixture: Tensor) -> Tensor:
        """The mean of the parts that are predicted from a blend must be the mixture."""
        alpha, noise = torch.rand(len(mixture), device=mixture.device), torch.randn_like(mixture)
        blended = (1 - alpha[:, None, None]) * noise + alpha[:, None, None] * mixture
        parts = [self.denoiser(blended, alpha, each(mixture)) for each in self.encoders]
        return mse_loss(torch.stack(parts).mean(0), mixture)


class PlainTraining:
    """One step at a time, on latents (batch, channels, frames)."""

    def __init__(self, model: PlainDecomposition, learning_rate: float) -> None:
        self.model = model.train()
        self.optimiser = torch.optim.AdamW(model.parameters(), lr=learning_rate, foreach=False)
        self.average = {name: value.clone() for name, value in model.state_dict().items()}

    def step(self, mixture: Tensor) -> None:
        loss = self.model.loss(mixture)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0, foreach=False)
        self.optimiser.step()
        with torch.no_grad():
            for name, value in self.model.state_dict().items():
                self.average[name] = 0.999 * self.average[name] + 0.001 * value
        loss.item()  # logged at every step
