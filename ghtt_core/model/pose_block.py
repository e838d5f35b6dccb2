"""The pose block P: a transformer VAE over one clip of 16 frames."""

import torch
from torch import Tensor, nn

from ghtt_core.features import LOCAL, RELATIVE, VELOCITY, feature_mask
from ghtt_core.model.config import GHTTConfig
from ghtt_core.model.layers import Decoder, Encoder, initialise, sinusoid
from ghtt_core.runtime import CLIP_FRAMES, FEATURES
from ghtt_core.skeleton import HANDS

LOGVAR_RANGE = (-12.0, 4.0)
LATENT_TOKENS = 2
"""Tokens before the content: the mean's and the log-variance's."""
LOCAL_HANDS = (slice(LOCAL.start, LOCAL.stop // HANDS), slice(LOCAL.stop // HANDS, LOCAL.stop))
"""The local joints of the left and of the right hand."""


class PoseBlock(nn.Module):
    """Refines a clip and predicts the next one through the mid-level feature m.

    Features are standardised with buffers measured on the training data, and de-standardised at the head: the velocities are
    two orders of magnitude smaller than the joints, and would hardly be learned otherwise. Where a frame or the one before was
    observed, the head answers with a correction to it (the paper's head gives the features themselves): the same answers can be
    expressed, and fine detail need not pass through the network.
    """

    feature_mean: Tensor
    feature_std: Tensor
    frame_position: Tensor

    def __init__(self, config: GHTTConfig) -> None:
        super().__init__()
        width = config.width
        self.register_buffer("feature_mean", torch.zeros(FEATURES))
        self.register_buffer("feature_std", torch.ones(FEATURES))
        self.register_buffer(
            "frame_position", sinusoid(torch.arange(LATENT_TOKENS + CLIP_FRAMES), width)[None], persistent=False
        )
        self.missing = nn.Parameter(torch.zeros(FEATURES))
        self.latent_tokens = nn.Parameter(torch.randn(1, LATENT_TOKENS, width) * 0.02)
        self.embed_joints = nn.Linear(LOCAL.stop - LOCAL.start, width // 2)
        self.embed_velocity = nn.Linear(VELOCITY.stop - VELOCITY.start, width // 4)
        self.embed_relative = nn.Linear(RELATIVE.stop - RELATIVE.start, width // 4)
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        last = nn.Linear(width, FEATURES)
        self.head = nn.Sequential(nn.Linear(width, width), nn.LeakyReLU(), nn.Linear(width, width), nn.LeakyReLU(), last)
        initialise(self)
        # Training starts from no correction at all: the clip as observed, and hands that keep still.
        nn.init.zeros_(last.weight)

    def encode(self, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Recognise a clip.

        Args:
            features: (B, 16, 153).
            mask: (B, 16, 153) bool, True where a number is known; the others are replaced by learned placeholders.

        Returns:
            m's mean and log-variance, (B, d) each, and the frame outputs, (B, 16, d).
        """
        x = torch.where(mask, (features - self.feature_mean) / self.feature_std, self.missing)
        tokens = torch.cat(
            (self.embed_joints(x[..., LOCAL]), self.embed_velocity(x[..., VELOCITY]), self.embed_relative(x[..., RELATIVE])),
            dim=-1,
        )
        tokens = torch.cat((self.latent_tokens.expand(tokens.shape[0], -1, -1), tokens), dim=1)  # (B, 2 + 16, d)
        out = self.encoder(tokens, self.frame_position)
        return out[:, 0], out[:, 1].clamp(*LOGVAR_RANGE), out[:, LATENT_TOKENS:]

    def refine(self, skip: Tensor, features: Tensor, mask: Tensor) -> Tensor:
        """The refined clip.

        The head corrects the joints that were observed, in gaps those that lie between, and the pose of one hand to the other;
        velocities, which in a noisy clip are mostly noise, and hands that are missing all along it gives in full.

        Args:
            skip: (B, 16, d) frame outputs of the encoder.
            features: (B, 16, 153) as given to `encode`.
            mask: (B, 16, 153) as given to `encode`.

        Returns:
            (B, 16, 153) features.
        """
        kinds = (*LOCAL_HANDS, RELATIVE)
        left, right, between = (bridged(features[..., one], mask[..., one], self.feature_mean[one]) for one in kinds)
        velocity = self.feature_mean[VELOCITY].expand(*skip.shape[:2], -1)
        base = torch.cat((left, right, velocity, between), dim=-1)
        return base + self._head(skip)

    def decode(self, m: Tensor, skip: Tensor | None = None, last: Tensor | None = None) -> Tensor:
        """Predict the clip after the one that m encodes.

        Args:
            m: (B, d).
            skip: (B, 16, d) frame outputs of the encoder, where the clip was observed.
            last: (B, 153) its last frame, refined; given with `skip`. The prediction is then a correction to the pose it shows.

        Returns:
            (B, 16, 153) features.
        """
        queries = self.frame_position[:, LATENT_TOKENS:]
        memory = m[:, None]
        if skip is not None:
            memory = torch.cat((memory, skip), dim=1)
        position = torch.cat((torch.zeros_like(queries[:, :1]), queries), dim=1)[:, : memory.shape[1]]
        return self._anchored(self._head(self.decoder(queries, memory, position)), last)

    def _anchored(self, change: Tensor, last: Tensor | None) -> Tensor:
        """(B, T, 153) corrections to features: on top of the last pose where there is one, else of the mean."""
        if last is None:
            return self.feature_mean + change
        base = torch.cat((last[:, LOCAL], self.feature_mean[VELOCITY].expand(last.shape[0], -1), last[:, RELATIVE]), dim=1)
        return base[:, None] + change

    def _head(self, tokens: Tensor) -> Tensor:
        """The MLP shared by refined and predicted frames, in the features' own scale: (..., d) to (..., 153)."""
        change: Tensor = self.head(tokens) * self.feature_std
        return change


def bridged(values: Tensor, mask: Tensor, otherwise: Tensor) -> Tensor:
    """Numbers that are known or missing together, each gap bridged by a straight line and the ends held.

    Args:
        values: (B, T, D).
        mask: (B, T, D) bool; a frame is known where its last number is, which no joint that a data set lacks is.
        otherwise: (D,) for what is never known.
    """
    known = mask[..., -1]
    values = torch.where(mask, values, otherwise)
    frames = known.shape[1]
    time = torch.arange(frames, device=values.device)
    at, none_before, none_after = torch.where(known, time, -1), -1, frames  # (B, T)
    earlier = time[:, None] >= time
    before = torch.where(earlier, at[:, None], none_before).amax(dim=2)
    after = torch.where(earlier.T & known[:, None], time, none_after).amin(dim=2)
    low = torch.where(before == none_before, after, before).clamp(max=frames - 1)
    high = torch.where(after == none_after, before, after).clamp(min=0)
    share = ((time - low) / (high - low).clamp(min=1)).clamp(0, 1)[..., None]
    start, end = (values.gather(1, index[..., None].expand_as(values)) for index in (low, high))
    return torch.where(known.any(dim=1)[:, None, None], start + share * (end - start), otherwise)


def mask_of(visible: Tensor) -> Tensor:
    """(B, T, 2) visibility, bool or 0/1, to the (B, T, 153) bool feature mask."""
    mask: Tensor = feature_mask(visible > 0.5)
    return mask


def reparametrise(mean: Tensor, logvar: Tensor, noise: Tensor) -> Tensor:
    """A draw from a diagonal Gaussian (Kingma and Welling, "Auto-Encoding Variational Bayes", 2014)."""
    return mean + torch.exp(0.5 * logvar) * noise
