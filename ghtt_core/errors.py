"""The one exception type that reaches the person at the keyboard."""


class UserError(Exception):
    """Something the user can put right: one sentence saying what is wrong, with which value, and what to do.

    The command line prints the sentence and exits with status 2; the window shows it as a toast.
    """
