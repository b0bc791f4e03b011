"""What the resident spider works with; handed to it as an argument, since Scrapy copies its settings deeply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from config.settings import Settings
from crawler.guard import Guard
from crawler.progress import Progress
from crawler.queue import PollQueue
from crawler.reader import Reader
from stories.claims import Claims
from stories.desk import Desk
from stories.event import Event
from stories.reading import Reading
from stories.sighting import Poll


class Outcome(Protocol):
    """What became of a reading."""

    @property
    def events(self) -> Sequence[Event]: ...


class Remembers(Protocol):
    """The room that keeps releases, as this one sees it."""

    async def remember(self, reading: Reading) -> Outcome: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The spider's colleagues."""

    settings: Settings
    polls: PollQueue
    claims: Claims
    desk: Desk
    reader: Reader
    memory: Remembers
    guard: Guard
    progress: Progress
    clock: Callable[[], datetime]
    claimed: set[str] = field(default_factory=set)
    """URLs whose claim is ours and whose page is not settled yet."""

    def ask(self, poll: Poll) -> None:
        """Put a poll in the queue, and count it for whoever follows its crawl."""
        if self.polls.put(poll):
            self.progress.opened(poll.crawl_id)
