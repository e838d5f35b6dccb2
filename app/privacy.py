"""Taking out of texts what is nobody else's business. Standard library only: the doctor uses it where nothing else works."""

import getpass
import platform
import re
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s'\"<>]+", re.IGNORECASE)
_SHORTEST_NAME = 4
"""A name of fewer letters tells nothing, and would be found in every other word."""
_named: dict[str, str] = {}


def keep_private(path: Path | str) -> None:
    """Remember a file or folder that the user named: `without_private` shows it as `<file>` with its ending from now on."""
    path = Path(path)
    for text in (str(path), str(path.absolute()), path.name):
        if len(text) >= _SHORTEST_NAME:
            _named[text] = f"<file>{path.suffix}"


def without_private(text: str) -> str:
    """The text without the files the user named, secrets in addresses, the home folder, and the user's and machine's names."""
    for private, public in (*sorted(_named.items(), key=lambda item: -len(item[0])), (str(_ROOT), "<checkout>")):
        text = _replaced(text, private, public)
    text = _URL.sub(lambda found: without_secrets(found[0]), text)
    for private, public in ((str(Path.home()), "~"), (_user(), "<user>"), (platform.node(), "<host>")):
        if len(private) > 1 and private not in ("root", "localhost"):
            text = _replaced(text, private, public)
    return text


def without_secrets(url: str) -> str:
    """The URL as it may be shown and stored: no user, password or query, even where it is misspelt."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        scheme, rest = "", url
    return scheme + mark + re.split("[?#]", rest.rpartition("@")[2])[0]


def _replaced(text: str, private: str, public: str) -> str:
    """Whole words only: a user called "al" must not spoil every "also"."""
    return re.sub(rf"(?<![\w.-]){re.escape(private)}(?![\w-])", lambda _: public, text)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # A container may run under a number without a name.
        return ""
