"""Threads and what lies between them."""

from app.workers.mailbox import Mailbox
from app.workers.worker import Worker, WorkerState, WorkerStatus

__all__ = ["Mailbox", "Worker", "WorkerState", "WorkerStatus"]
