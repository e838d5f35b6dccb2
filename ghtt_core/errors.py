"""The one exception type that reaches the person at the keyboard."""


class UserError(Exception):
    """Something the user can put right: one sentence saying what is wrong, with which value, and what to do.

    The command line prints the sentence and exits with status 2; the window shows it as a toast. It may quote a stranger's
    file, so line ends and terminal commands come out escaped.
    """

    def __str__(self) -> str:
        text = super().__str__()
        return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
