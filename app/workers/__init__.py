"""Threads and what lies between them."""

from app.workers.mailbox import Mailbox
from app.workers.worker import MailWorker, Worker, WorkerState, WorkerStatus

__all__ = ["MailWorker", "Mailbox", "Worker", "WorkerState", "WorkerStatus"]
