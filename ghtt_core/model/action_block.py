"""The action block A: a transformer VAE over the mid-levels of up to 16 clips."""

import torch
from torch import Tensor, nn

from ghtt_core.model.config import GHTTConfig
from ghtt_core.model.layers import Decoder, Encoder, initialise, sinusoid
from ghtt_core.model.pose_block import LATENT_TOKENS, LOGVAR_RANGE
from ghtt_core.model.readout import Readout
from ghtt_core.placement import PLACEMENT

SOFTMAX_TEMPERATURE = 0.07


class ActionBlock(nn.Module):
    """Names the action and predicts the mid-levels of the coming clips through the action latent alpha.

    Mid-levels are standardised with buffers measured on the training data, so that noise and losses are in units of their
    spread.
    """

    m_mean: Tensor
    m_std: Tensor
    class_text: Tensor
    logit_scale: Tensor
    class_bias: Tensor

    def __init__(self, config: GHTTConfig, classes: int) -> None:
        super().__init__()
        width = config.width
        self.width = width
        self.register_buffer("m_mean", torch.zeros(width))
        self.register_buffer("m_std", torch.ones(width))
        self.register_buffer("class_text", torch.zeros(classes, config.text_width))
        self.register_buffer("logit_scale", torch.ones(()))
        self.register_buffer("class_bias", torch.zeros(classes))
        self.latent_tokens = nn.Parameter(torch.randn(1, LATENT_TOKENS, width) * 0.02)
        self.no_object = nn.Parameter(torch.randn(width) * 0.02)
        self.embed_m = nn.Linear(width, width)
        self.embed_placement = nn.Sequential(nn.Linear(PLACEMENT, width), nn.GELU(), nn.Linear(width, width))
        self.embed_object = nn.Linear(config.text_width, width)
        self.project_text = nn.Linear(config.text_width, width)
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.head = nn.Linear(width, width)
        self.readout = Readout(width, classes)
        initialise(self)
        for parameter in self.embed_placement[-1].parameters():
            nn.init.zeros_(parameter)  # says nothing yet

    def standardise(self, m: Tensor) -> Tensor:
        """(..., d) mid-levels to zero mean and unit spread."""
        return (m - self.m_mean) / self.m_std

    def encode(
        self,
        m: Tensor,
        valid: Tensor,
        placement: Tensor | None = None,
        objects: Tensor | None = None,
        phase: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Recognise the action in the clips seen so far.

        Args:
            m: (B, N, d) mid-levels, the newest last.
            valid: (B, N) bool, True where there is a clip.
            placement: (B, N, 26) of the hands at each clip's end (`ghtt_core.placement`), 0 where unknown; unknown if omitted.
            objects: (B, N, text_width) embeddings of the held objects, NaN where unknown; none known if omitted.
            phase: (B,) clips between the action's start and the first valid clip; 0 if omitted, which makes the phase the index
                in the buffer.

        Returns:
            alpha's mean and log-variance, (B, d) each, and the clip outputs, (B, N, d).
        """
        batch, clips, _ = m.shape
        code = sinusoid(clip_phase(valid, phase), self.width)  # (B, N, d)
        if placement is None:
            placement = m.new_zeros(batch, clips, PLACEMENT)
        seen = self.embed_m(self.standardise(m)) + self.embed_placement(placement) + code
        held = self._object_tokens(objects, batch, clips) + code
        tokens = torch.cat((self.latent_tokens.expand(batch, -1, -1), seen, held), dim=1)  # (B, 2 + N + N, d)
        position = torch.cat((torch.zeros_like(code[:, :LATENT_TOKENS]), code, code), dim=1)
        known = torch.cat((torch.ones_like(valid[:, :LATENT_TOKENS]), valid, valid), dim=1)
        out = self.encoder(tokens, position, known)
        return out[:, 0], out[:, 1].clamp(*LOGVAR_RANGE), out[:, LATENT_TOKENS : LATENT_TOKENS + clips]

    def _object_tokens(self, objects: Tensor | None, batch: int, clips: int) -> Tensor:
        if objects is None:
            return self.no_object.expand(batch, clips, -1)
        known = objects.isfinite().all(dim=-1, keepdim=True)
        embedded: Tensor = self.embed_object(torch.where(known, objects, 0.0))
        return torch.where(known, embedded, self.no_object)

    def class_latents(self) -> Tensor:
        """(C, d): the projected text of every class."""
        latents: Tensor = self.project_text(self.class_text)
        return latents

    def logits(self, alpha: Tensor) -> Tensor:
        """(B, d) action latents to (B, C) class logits, those that are trained.

        The cosine to each class over 0.07, times a scale and plus a bias that are fitted after training
        (`ghtt_core.train.calibrate`).
        """
        cosine = nn.functional.normalize(alpha, dim=-1) @ nn.functional.normalize(self.class_latents(), dim=-1).T
        return cosine / SOFTMAX_TEMPERATURE * self.logit_scale + self.class_bias

    def recognise(self, alpha: Tensor, m: Tensor, valid: Tensor, placement: Tensor | None = None) -> Tensor:
        """(B, C) class logits from (B, d) action latents and what they were made of: see `encode`.

        The latents' logits, and what the last clips say by themselves (`ghtt_core.model.readout`).
        """
        if placement is None:
            placement = m.new_zeros(*m.shape[:2], PLACEMENT)
        named: Tensor = self.logits(alpha) + self.readout(m, valid, placement)
        return named

    def decode(self, alpha: Tensor, skip: Tensor | None, valid: Tensor, clips: int, phase: Tensor | None = None) -> Tensor:
        """Predict the mid-levels of the coming clips.

        Args:
            alpha: (B, d).
            skip: (B, N, d) clip outputs of the encoder, or None to go by alpha alone.
            valid: (B, N) bool.
            clips: How many to predict.
            phase: As in `encode`.

        Returns:
            (B, clips, d), in the pose block's own scale.
        """
        past = clip_phase(valid, phase)  # (B, N)
        ahead = torch.arange(1, clips + 1, device=alpha.device)
        queries = sinusoid(past[:, -1:] + ahead, self.width)
        memory, position, known = alpha[:, None], torch.zeros_like(alpha[:, None]), None
        if skip is not None:
            memory = torch.cat((memory, skip), dim=1)
            position = torch.cat((position, sinusoid(past, self.width)), dim=1)
            known = torch.cat((torch.ones_like(valid[:, :1]), valid), dim=1)
        coming: Tensor = self.head(self.decoder(queries, memory, position, known)) * self.m_std + self.m_mean
        return coming


def clip_phase(valid: Tensor, start: Tensor | None = None) -> Tensor:
    """(B, N) bool to the (B, N) running number of each valid clip, counted from `start` (0 if omitted)."""
    phase = (valid.long().cumsum(dim=1) - 1).clamp(min=0)
    return phase if start is None else phase + start[:, None]
