"""The two packages that bring TensorRT: `tensorrt`, and `tensorrt_rtx` for RTX cards. They share their Python API."""

import functools
import importlib
import re
from dataclasses import dataclass
from typing import Any

from trt_engines.errors import BackendUnavailableError

_NAMES = ("tensorrt", "tensorrt_rtx")


@dataclass(frozen=True, slots=True)
class TensorRt:
    """An imported package.

    Attributes:
        module: The Python module.
        name: "tensorrt" or "tensorrt_rtx".
        logger: The one logger that TensorRT allows in a process.
    """

    module: Any
    name: str
    logger: Any

    def last_error(self) -> str:
        """What TensorRT last complained about."""
        return self.logger.last_error or "no reason given"

    def does_not_start(self) -> BackendUnavailableError:
        """What to raise where the binding makes no builder or no runtime."""
        reason = f"{self.name} {self.version} does not start; is the driver too old? ({self.last_error()})"
        return BackendUnavailableError(reason)

    @property
    def is_rtx(self) -> bool:
        """Whether it is the package that compiles ahead for RTX cards, without a GPU, and finishes at the first run."""
        return self.name == "tensorrt_rtx"

    @property
    def version(self) -> str:
        """The package's version."""
        return str(self.module.__version__)

    def capabilities(self) -> tuple[str, ...]:
        """The compute capabilities that can be built for without such a card, such as "8.6"; none for `tensorrt`."""
        if not self.is_rtx:
            return ()
        numbers = (re.fullmatch(r"SM(\d+)", name) for name in dir(self.module.ComputeCapability))
        found = sorted(int(match[1]) for match in numbers if match)
        return tuple(f"{number // 10}.{number % 10}" for number in found)


@functools.cache
def tensorrt_package() -> TensorRt:
    """The first of the two packages that imports.

    Raises:
        BackendUnavailableError: Neither does.
    """
    broken = []
    for name in _NAMES:
        try:
            module = importlib.import_module(name)
            logger = _make_logger(module)
        except ModuleNotFoundError as error:
            if error.name != name:
                broken.append(f"{name} does not import ({error})")
        except (ImportError, OSError, RuntimeError, AttributeError) as error:
            broken.append(f"{name} does not import ({str(error).splitlines()[0]})")
        else:
            return TensorRt(module, name, logger)
    raise BackendUnavailableError("; ".join(broken) or "no TensorRT package is installed (requirements-gpu.txt)")


def _make_logger(module: Any) -> Any:
    """A logger that keeps the newest error, for a sentence to the user, and prints nothing."""

    class ErrorKeeper(module.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.last_error = ""

        def log(self, severity: Any, message: str) -> None:
            if severity in (module.ILogger.Severity.INTERNAL_ERROR, module.ILogger.Severity.ERROR):
                self.last_error = message

    return ErrorKeeper()
