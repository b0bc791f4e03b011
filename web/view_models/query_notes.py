"""What a page and the API say about a valid query: its meaning in words, and what is suspicious in it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from config.query import QuerySyntaxError
from config.query_lint import lint_query
from config.query_words import explain_query
from config.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryNotes:
    """A query in words, and warnings about it."""

    explanation: str
    warnings: Sequence[str]


def query_notes(settings: Settings, q: str) -> QueryNotes | None:
    """Return the notes of a query; None for no query and for an invalid one."""
    if not q.strip():
        return None
    try:
        titles = {name: source.title or name for name, source in settings.sources.items()}
        return QueryNotes(explanation=explain_query(q), warnings=lint_query(q, titles))
    except QuerySyntaxError:
        return None
