"""Warnings about the queries of watches: by their words, and by the releases that are stored."""

from __future__ import annotations

from datetime import datetime, timedelta

from config.index_query import term_expression, watch_expression
from config.query import Near, Range, Regex, Term, parse_query, terms
from config.query_lint import lint_watch
from config.settings import Settings
from scheduler.cli.context import watch_filter
from scheduler.wiring import AppContext
from stories.model.timestamps import milliseconds
from stories.search.filters import ReleaseFilter, filtered

PERIOD = timedelta(days=30)
MAX_COUNTED = 10_000  # stored releases


def query_warnings(settings: Settings, name: str) -> list[str]:
    """Return what is suspicious in the query of a watch."""
    titles = {source: entry.title or source for source, entry in settings.sources.items()}
    return [f"watch {name!r}: {fault}" for fault in lint_watch(settings.watches[name], titles)]


async def stored_warnings(app: AppContext, settings: Settings, name: str, now: datetime) -> list[str]:
    """Return which terms of a watch no stored release contains, and whether the watch matches none.

    Empty without an up-to-date search index, and when nothing is stored.
    """
    watch, since = settings.watches[name], now - PERIOD
    if watch_expression(watch) is None:
        return []
    stored = await app.index.find(None, since=milliseconds(since), limit=MAX_COUNTED)
    if not stored:
        return []
    found = []
    async for match in filtered(app.archive, ReleaseFilter(parts=watch_filter(settings, name), since=since), app.index):
        found.append(match)
        break
    if found:
        return []
    count = f"{len(stored):,}" if len(stored) < MAX_COUNTED else f"more than {MAX_COUNTED:,}"
    warnings = [f"watch {name!r} matches 0 of {count} releases stored in the last {PERIOD.days} days"]
    for term in terms(parse_query(watch.query)) if watch.query else ():
        expression = term_expression(term)
        if expression is not None and await app.index.find(expression, limit=1) == []:
            warnings.append(f"watch {name!r}: no stored release contains {_words(term)}")
    return warnings


def _words(term: Term | Regex | Range | Near) -> str:
    match term:
        case Term(text, field):
            return f"{field}:{text}" if field else repr(text)
        case Near(left, right, _):
            return f"{left.text!r} and {right.text!r}"
        case _:
            return repr(term)
