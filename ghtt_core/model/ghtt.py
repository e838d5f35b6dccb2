"""The cascade: the pose block and the action block, joined by the mid-level feature."""

import torch
from torch import Tensor, nn

from ghtt_core.model.action_block import ActionBlock
from ghtt_core.model.config import GHTTConfig
from ghtt_core.model.pose_block import PoseBlock, mask_of, reparametrise
from ghtt_core.runtime import FEATURES


class GHTT(nn.Module):
    """The Generative Hierarchical Temporal Transformer (arXiv 2311.17366).

    `observe` and `imagine` are the two graphs that get compiled; inputs and outputs are described in `ghtt_core.runtime`.
    """

    def __init__(self, config: GHTTConfig, action_names: tuple[str, ...]) -> None:
        super().__init__()
        self.config = config
        self.action_names = action_names
        self.pose = PoseBlock(config)
        self.action = ActionBlock(config, len(action_names))

    def observe(
        self, features: Tensor, visible: Tensor, past_m: Tensor, past_valid: Tensor, placement: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Refine the newest clip and recognise the action: `OBSERVE_INPUTS` to `OBSERVE_OUTPUTS`, for any batch size."""
        mask = mask_of(visible)
        m_mean, m_logvar, m_skip = self.pose.encode(features, mask)
        clips = torch.cat((past_m, m_mean[:, None]), dim=1)
        clip_valid = torch.cat((past_valid, torch.ones_like(past_valid[:, :1])), dim=1) > 0.5
        alpha_mean, alpha_logvar, alpha_skip = self.action.encode(clips, clip_valid, placement)
        refined = self.pose.refine(m_skip, features, mask)
        logits = self.action.recognise(alpha_mean, clips, clip_valid, placement)
        return refined, m_mean, m_logvar, m_skip, alpha_mean, alpha_logvar, alpha_skip, logits

    def imagine(
        self,
        refined: Tensor,
        m_mean: Tensor,
        m_logvar: Tensor,
        m_skip: Tensor,
        alpha_mean: Tensor,
        alpha_logvar: Tensor,
        alpha_skip: Tensor,
        clip_valid: Tensor,
        noise_m: Tensor,
        noise_alpha: Tensor,
        temperature: Tensor,
        condition: Tensor,
    ) -> Tensor:
        """Sample futures of one observation: `IMAGINE_INPUTS` to (S, T, 153).

        The first future clip comes from m and the frame outputs; the clip after that from the action block's mid-level for it,
        and so on, all in one batch. A one-hot `condition` puts that class's latent in place of alpha.
        """
        chosen = condition @ self.action.class_latents() + (1 - condition.sum(dim=1, keepdim=True)) * alpha_mean
        alpha = reparametrise(chosen, alpha_logvar, temperature * noise_alpha)
        m = reparametrise(m_mean, m_logvar, temperature * noise_m)
        samples = m.shape[0]
        later = self.action.decode(
            alpha, alpha_skip.expand(samples, -1, -1), (clip_valid > 0.5).expand(samples, -1), self.config.future_clips - 1
        )
        first = self.pose.decode(m, m_skip.expand(samples, -1, -1), refined[:, -1].expand(samples, -1))
        rest = self.pose.decode(later.flatten(0, 1))
        return torch.cat((first.reshape(samples, -1, FEATURES), rest.reshape(samples, -1, FEATURES)), dim=1)
