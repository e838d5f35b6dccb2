"""The training loop: seeded, time-budgeted, resumable to the step, on one process or many.

Everything random in step n is drawn from (seed, n) alone, so a run that is stopped and resumed takes the same steps as one that
is not, and any number of processes together draw the same global batch as a single one.
"""

import copy
import csv
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from ghtt_core.train.data import short_name
from ghtt_core.weights import read_metadata, write_weights

EMA_DECAY = 0.995
CLIP_NORM = 1.0


class Task(Protocol):
    """What is trained."""

    @property
    def module(self) -> nn.Module:
        """Takes a batch and returns its loss, a mean over samples, and the loss's parts."""
        ...

    def batch(self, rng: np.random.Generator, size: int) -> dict[str, NDArray[Any]]:
        """A batch, drawn from the generator alone; every array has the sample axis first."""
        ...

    def validate(self, module: nn.Module) -> dict[str, float]:
        """Metrics on held-out recordings."""
        ...

    def score(self, metrics: dict[str, float]) -> float:
        """One number for `best`, lower is better."""
        ...

    def save(self, module: nn.Module, path: Path, card: dict[str, Any]) -> None:
        """Write a checkpoint."""
        ...


@dataclass(frozen=True, slots=True)
class LoopOptions:
    """How to train.

    Attributes:
        out: Folder of the run: `best.safetensors`, `last.safetensors`, `log.csv`, TensorBoard events and the state to resume.
        steps: Length of the run; the learning rate falls to zero over it.
        minutes: Time budget; where it is shorter than the steps need, the learning rate falls with the time instead.
        batch: Samples a step, over all processes.
        learning_rate: Its peak.
        epoch: Steps between validations.
        seed: Of everything random.
        mixed_precision: "no" or "bf16".
        resume: Go on from the state in `out`.
    """

    out: Path
    steps: int = 20_000
    minutes: float = math.inf
    batch: int = 128
    learning_rate: float = 1e-3
    epoch: int = 500
    seed: int = 0
    mixed_precision: str = "no"
    resume: bool = False


class Trainer:
    """One run of a task."""

    def __init__(self, task: Task, options: LoopOptions, card: dict[str, Any]) -> None:
        self.task = task
        self.options = options
        self.card = card
        everything = DistributedDataParallelKwargs(find_unused_parameters=True)
        self.accelerator = Accelerator(mixed_precision=options.mixed_precision, kwargs_handlers=[everything])
        optimizer = torch.optim.AdamW(task.module.parameters(), lr=options.learning_rate, weight_decay=0.01)
        self.average = AveragedModel(task.module, multi_avg_fn=get_ema_multi_avg_fn(EMA_DECAY))  # type: ignore[no-untyped-call]
        self.average.to(self.accelerator.device)
        self.module, self.optimizer = self.accelerator.prepare(task.module, optimizer)
        self.step = 0
        self.elapsed_s = 0.0
        self.best = math.inf

    def run(self) -> dict[str, float]:
        """Train to the end of the steps or of the budget; the metrics of the last validation."""
        options = self.options
        options.out.mkdir(parents=True, exist_ok=True)
        if options.resume:
            self._restore()
        metrics: dict[str, float] = {}
        began = time.monotonic() - self.elapsed_s
        with (
            _Log(options.out, self.accelerator.is_main_process) as log,
            tqdm(
                total=options.steps,
                initial=self.step,
                disable=not self.accelerator.is_main_process,
                smoothing=0.05,
                mininterval=2,
            ) as bar,
        ):
            for batch in self._batches():
                parts = self._take_step(batch)
                self.elapsed_s = time.monotonic() - began
                bar.update()
                last = self.step == options.steps or self._budget_used() >= 1
                if self.step % 50 == 0 or last:
                    bar.set_postfix({name: f"{value:.3f}" for name, value in parts.items()})
                    log.write(self.step, {f"train/{name}": value for name, value in parts.items()})
                if self.step % options.epoch == 0 or last:
                    metrics = self._validate(log)
                if last:
                    break
        return metrics

    def _batches(self) -> Iterator[dict[str, NDArray[Any]]]:
        """This process's share of each step's batch, prepared one step ahead."""
        rank, processes = self.accelerator.process_index, self.accelerator.num_processes

        def prepare(step: int) -> dict[str, NDArray[Any]]:
            whole = self.task.batch(np.random.default_rng([self.options.seed, step]), self.options.batch)
            return {name: np.ascontiguousarray(array[rank::processes]) for name, array in whole.items()}

        with ThreadPoolExecutor(1, thread_name_prefix="batches") as pool:
            coming = pool.submit(prepare, self.step)
            for step in range(self.step, self.options.steps):
                batch, coming = coming.result(), pool.submit(prepare, step + 1)
                yield batch

    def _take_step(self, batch: dict[str, NDArray[Any]]) -> dict[str, float]:
        for group in self.optimizer.param_groups:
            group["lr"] = self.options.learning_rate * self._schedule()
        device = self.accelerator.device
        tensors = {name: torch.from_numpy(array).to(device) for name, array in batch.items()}
        with self.accelerator.autocast():
            loss, parts = self.module(tensors)
        self.optimizer.zero_grad()
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(self.module.parameters(), CLIP_NORM)
        self.optimizer.step()
        self.average.update_parameters(self.accelerator.unwrap_model(self.module))
        self.step += 1
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss became {loss.item()} at step {self.step}")
        return {"loss": loss.item(), **{name: part.item() for name, part in parts.items()}}

    def _budget_used(self) -> float:
        return self.elapsed_s / (self.options.minutes * 60)

    def _schedule(self) -> float:
        """Linear warm-up over 2 % of the run, then a half cosine to zero."""
        progress = min(max(self.step / self.options.steps, self._budget_used()), 1.0)
        return min(1.0, (self.step + 1) / max(1, min(200, self.options.steps // 10))) * 0.5 * (1 + math.cos(math.pi * progress))

    def _validate(self, log: "_Log") -> dict[str, float]:
        self.accelerator.wait_for_everyone()
        metrics: dict[str, float] = {}
        if self.accelerator.is_main_process:
            module = copy.deepcopy(self.average.module).cpu().eval()  # the measures are computed there, wherever it trains
            metrics = self.task.validate(module)
            log.write(self.step, metrics)
            tqdm.write(f"step {self.step}: " + "  ".join(f"{name} {value:.3f}" for name, value in metrics.items()))
            card = {**self.card, "step": self.step, "minutes": round(self.elapsed_s / 60, 1), "validation": metrics}
            self.task.save(module, self.options.out / "last.safetensors", card)
            score = self.task.score(metrics) if metrics else -self.step
            if score < self.best:
                self.best = score
                self.task.save(module, self.options.out / "best.safetensors", card)
            self._keep_state()
        self.accelerator.wait_for_everyone()
        return metrics

    def _keep_state(self) -> None:
        """Weights, averaged weights and moments; the counters in the metadata."""
        tensors: dict[str, Tensor] = {}
        for prefix, state in (
            ("module", self.accelerator.unwrap_model(self.module).state_dict()),
            ("average", self.average.state_dict()),
        ):
            tensors |= {f"{prefix}/{name}": tensor for name, tensor in state.items()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"moments/{index}/{name}": tensor for name, tensor in moments.items()}
        counters = {"step": str(self.step), "elapsed_s": repr(self.elapsed_s), "best": repr(self.best)}
        write_weights(self.options.out / "state.safetensors", tensors, counters)

    def _restore(self) -> None:
        path = self.options.out / "state.safetensors"
        if not path.exists():
            return
        tensors = load_file(path)
        kept = read_metadata(path, "state of a run")
        self.step, self.elapsed_s, self.best = int(kept["step"]), float(kept["elapsed_s"]), float(kept["best"])

        def part(prefix: str) -> dict[str, Tensor]:
            return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}

        self.accelerator.unwrap_model(self.module).load_state_dict(part("module/"))
        self.average.load_state_dict(part("average/"))
        state = self.optimizer.state_dict()
        for name, tensor in part("moments/").items():
            index, moment = name.split("/")
            state["state"].setdefault(int(index), {})[moment] = tensor
        self.optimizer.load_state_dict(state)


class _Log:
    """`log.csv` (step, name, value) and TensorBoard events, by the main process alone."""

    def __init__(self, folder: Path, active: bool) -> None:
        self.board = SummaryWriter(folder) if active else None
        self.file = (folder / "log.csv").open("a", newline="", encoding="utf-8") if active else None
        self.rows = csv.writer(self.file) if self.file else None

    def __enter__(self) -> "_Log":
        return self

    def __exit__(self, *_: object) -> None:
        if self.board and self.file:
            self.board.close()
            self.file.close()

    def write(self, step: int, values: dict[str, float]) -> None:
        if self.board is None or self.rows is None or self.file is None:
            return
        for name, value in values.items():
            self.board.add_scalar(name, value, step)
            self.rows.writerow((step, name, f"{value:.6g}"))
        self.file.flush()


def command_of(arguments: list[str]) -> str:
    """The command line as a model card gives it: files and folders by their last name alone."""
    return " ".join(
        ["python -m ghtt_core.train", *(short_name(argument) if "/" in argument else argument for argument in arguments)]
    )


def card_of(block: str, arguments: list[str], data: list[str], options: LoopOptions) -> dict[str, Any]:
    """The part of a model card that is known before training."""
    settings = {"batch": options.batch, "learning_rate": options.learning_rate, "seed": options.seed}
    return {
        "block": block,
        "command": command_of(arguments),
        "data": [short_name(one) for one in data],
        "settings": settings,
    }


def pose_card(card: dict[str, Any]) -> dict[str, Any]:
    """What a checkpoint's card says of its pose block; that of a whole checkpoint is about the action block, and holds it."""
    return dict(card.get("pose_block", card))
