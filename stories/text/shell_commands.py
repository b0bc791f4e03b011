"""Commands that texts propose to a person, safe to paste into a shell whatever they name."""

from __future__ import annotations

import shlex
import unicodedata
from urllib.parse import quote

_PRINTABLE_ASCII = "".join(chr(number) for number in range(0x21, 0x7F))


def command(*arguments: str) -> str:
    """Return ``wirewatch`` with these arguments as one line for a POSIX shell.

    Each argument arrives as it is given, with one exception: characters that a terminal obeys or does not show. These
    are control characters, line ends, direction overrides, surrogates and zero-width signs. They are percent-encoded in
    a web address, where that means the same, and are written as ``\\x1b`` in anything else.

    Args:
        arguments: the words after ``wirewatch``, unquoted.
    """
    return " ".join(["wirewatch", *(shlex.quote(printable(argument)) for argument in arguments)])


def printable(argument: str) -> str:
    """Return an argument without characters that a terminal obeys or does not show."""
    if argument.startswith(("http://", "https://")):
        if all(_is_shown(character) for character in argument):
            return argument
        return quote(argument.encode("utf-8", "surrogatepass"), safe=_PRINTABLE_ASCII)
    return "".join(
        character if _is_shown(character) else character.encode("unicode_escape").decode() for character in argument
    )


def _is_shown(character: str) -> bool:
    return character == " " or unicodedata.category(character)[0] not in "CZ"
