"""What redis-py answers, as text: its types allow for both of its modes, ours is bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def text(answer: Any) -> str:
    """Return one answer as text; bytes that are no UTF-8 are replaced."""
    return answer.decode(errors="replace") if isinstance(answer, bytes) else str(answer)


def texts(answers: Iterable[Any]) -> list[str]:
    """Return several answers as text."""
    return [text(answer) for answer in answers]
