"""The few calls of the CUDA driver that running an engine takes, with errors that say what is the matter."""

import ctypes
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trt_engines.errors import BackendUnavailableError


@dataclass(frozen=True, slots=True)
class Card:
    """The first NVIDIA card.

    Attributes:
        name: As the driver calls it.
        capability: Compute capability, such as "8.6".
        driver: The `cuda.bindings.driver` module.
        context: The card's primary context, which TensorRT uses as well.
    """

    name: str
    capability: str
    driver: Any
    context: Any

    def call(self, function: str, *arguments: Any) -> Any:
        """Call the driver.

        Raises:
            BackendUnavailableError: The call failed.
        """
        return _checked(self.driver, function, getattr(self.driver, function)(*arguments))

    def make_current(self) -> None:
        """Use the card from the calling thread."""
        self.call("cuCtxSetCurrent", self.context)


def open_card() -> Card:
    """Find the first card and its primary context.

    Raises:
        BackendUnavailableError: There is no driver or no card, or they do not work.
    """
    try:
        from cuda.bindings import driver
    except ImportError as error:
        raise BackendUnavailableError("the package cuda-bindings is not installed (requirements-gpu.txt)") from error
    try:
        _checked(driver, "cuInit", driver.cuInit(0))
    except RuntimeError as error:  # cuda-bindings finds no driver library, or not all it needs in an old one
        missing = type(error).__name__ == "DynamicLibNotFoundError"
        reason = "no NVIDIA driver is installed" if missing else f"the NVIDIA driver is too old ({error})"
        raise BackendUnavailableError(reason) from error
    if _checked(driver, "cuDeviceGetCount", driver.cuDeviceGetCount()) == 0:
        raise BackendUnavailableError("no NVIDIA card was found")
    device = _checked(driver, "cuDeviceGet", driver.cuDeviceGet(0))
    attribute = driver.CUdevice_attribute
    major, minor = (
        _checked(driver, "cuDeviceGetAttribute", driver.cuDeviceGetAttribute(which, device))
        for which in (
            attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
            attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
        )
    )
    name = _checked(driver, "cuDeviceGetName", driver.cuDeviceGetName(128, device)).split(b"\0")[0].decode()
    context = _checked(driver, "cuDevicePrimaryCtxRetain", driver.cuDevicePrimaryCtxRetain(device))
    card = Card(name, f"{major}.{minor}", driver, context)
    card.make_current()
    return card


def _checked(driver: Any, function: str, answer: tuple[Any, ...]) -> Any:
    status, *values = answer
    if status == driver.CUresult.CUDA_SUCCESS:
        return values[0] if values else None
    if status == driver.CUresult.CUDA_ERROR_OUT_OF_MEMORY:
        raise BackendUnavailableError("the card has too little free memory")
    if status == driver.CUresult.CUDA_ERROR_NO_DEVICE:
        raise BackendUnavailableError("no NVIDIA card was found")
    if status == driver.CUresult.CUDA_ERROR_SYSTEM_DRIVER_MISMATCH:
        raise BackendUnavailableError("the NVIDIA driver does not fit its kernel module; update the driver")
    raise BackendUnavailableError(f"the NVIDIA driver failed in {function} ({getattr(status, 'name', status)})")


class PinnedTensor:
    """A float32 tensor on the card with its counterpart in page-locked memory of the host."""

    def __init__(self, card: Card, shape: tuple[int, ...]) -> None:
        """Allocate both.

        Raises:
            BackendUnavailableError: The memory does not suffice.
        """
        self._card = card
        size = math.prod(shape) * 4
        self.device_address = int(card.call("cuMemAlloc", size))
        try:
            self.host_address = int(card.call("cuMemHostAlloc", size, 0))
        except BackendUnavailableError:
            card.call("cuMemFree", self.device_address)
            raise
        block = (ctypes.c_float * math.prod(shape)).from_address(self.host_address)
        self.host: NDArray[np.float32] = np.ctypeslib.as_array(block).reshape(shape)

    def upload(self, rows: int, stream: Any) -> None:
        """Copy the first rows to the card."""
        self._card.call("cuMemcpyHtoDAsync", self.device_address, self.host_address, self.host[:rows].nbytes, stream)

    def download(self, rows: int, stream: Any) -> None:
        """Copy the first rows from the card."""
        self._card.call("cuMemcpyDtoHAsync", self.host_address, self.device_address, self.host[:rows].nbytes, stream)

    def free(self) -> None:
        """Give the memory back; `host` must not be used any more."""
        self._card.call("cuMemFree", self.device_address)
        self._card.call("cuMemFreeHost", self.host_address)
