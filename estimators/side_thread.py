"""One more thread for native work, which does not keep the program from ending when a call hangs."""

from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Any, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class SideThread:
    """Runs calls one after the other. The standard library's executors wait for their threads when the program ends."""

    def __init__(self, name: str, begin: Callable[[], None] = lambda: None) -> None:
        """Start it.

        Args:
            name: As logs show it.
            begin: Called in the thread, before anything else.

        Raises:
            Exception: What `begin` raised.
        """
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        Thread(target=self._run, name=name, daemon=True).start()
        try:
            self.submit(begin).result()
        except BaseException:
            self.close()
            raise

    def submit(
        self, call: Callable[Parameters, Result], /, *arguments: Parameters.args, **options: Parameters.kwargs
    ) -> Future[Result]:
        """Have a call made."""
        future: Future[Result] = Future()
        self._calls.put((future, lambda: call(*arguments, **options)))
        return future

    def close(self) -> None:
        """End the thread after the calls that wait."""
        self._calls.put(None)

    def _run(self) -> None:
        while (waiting := self._calls.get()) is not None:
            future, call = waiting
            try:
                future.set_result(call())
            except BaseException as error:  # handed to whoever waits
                future.set_exception(error)
            del waiting, future, call  # holds pictures
