"""The demo's script: which actions of the loopback newswire happen, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from scheduler.demo import stories
from scheduler.demo.newswire import Newswire

LAST_WORD = 0.8  # share of the time; the rest is for the daemon to notice


class Clock(Protocol):
    """The clock of the script."""

    def now(self) -> datetime:
        """Return an aware time."""

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""


class WallClock:
    """The real clock."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Sleep in the running event loop."""
        await asyncio.sleep(seconds)


class Desk:
    """The newswire's operator: each method is an action of the script, and stores the URLs of what it published."""

    def __init__(self, wire: Newswire) -> None:
        self.wire = wire
        self.urls: dict[str, str] = {}
        self.said: list[str] = []
        """The actions so far, in words, in order."""

    def open_the_pages(self) -> None:
        """Publish yesterday's releases, so that each page has a sidebar that must be left out."""
        yesterday = self.wire.now() - timedelta(hours=20)
        for number, handout in enumerate(stories.YESTERDAY):
            for site in ("harbourline", "pressline"):
                if (number == 0) == (site == "harbourline"):
                    self.wire.publish(handout, site, at=yesterday + timedelta(minutes=number))

    def publish(self, name: str, handout: stories.Handout, site: str) -> None:
        """Publish a release."""
        self.urls[name] = self.wire.publish(handout, site)
        self._say(f"{site} publishes: {handout.headline}")

    def syndicate(self, name: str, site: str = "quayside") -> None:
        """Copy a release to another site."""
        self.urls[f"{name}@{site}"] = self.wire.syndicate(self.urls[name], site)
        self._say(f"{site} copies: {self.wire.page(self.urls[name]).headline}")

    def correct(self, name: str, handout: stories.Handout) -> None:
        """Correct a release in the way of its site."""
        self.urls[f"{name} corrected"] = url = self.wire.correct(self.urls[name], handout)
        where = "in place" if url == self.urls[name] else "as a new page"
        self._say(f"corrected {where}: {self.wire.page(url).headline}")

    def update(self, name: str, handout: stories.Handout) -> None:
        """Update a release."""
        self.urls[f"{name} updated"] = url = self.wire.update(self.urls[name], handout)
        self._say(f"updated: {self.wire.page(url).headline}")

    def edit(self, name: str, handout: stories.Handout) -> None:
        """Edit a release without a notice."""
        self.wire.edit(self.urls[name], handout)
        self._say(f"edited silently: {handout.headline}")

    def withdraw(self, name: str) -> None:
        """Publish a notice that a release is to be disregarded."""
        self.urls[f"{name} withdrawn"] = url = self.wire.withdraw(self.urls[name])
        self._say(f"withdrawn: {self.wire.page(url).headline}")

    def remove(self, name: str) -> None:
        """Remove a release's page."""
        self.wire.remove(self.urls[name])
        self._say(f"taken down: {self.wire.page(self.urls[name]).headline}")

    def correct_before_the_original(self, name: str, original: stories.Handout, corrected: stories.Handout) -> None:
        """List a correction whose original is not listed yet."""
        self.urls[name] = self.wire.publish(original, "harbourline", listed=False)
        self.urls[f"{name} corrected"] = self.wire.correct(self.urls[name], corrected)
        self._say(f"corrected before the original is listed: {corrected.headline}")

    def list_the_original(self, name: str) -> None:
        """List the original of an early correction."""
        self.wire.put_on_listing(self.urls[name])
        self._say(f"the original appears: {self.wire.page(self.urls[name]).headline}")

    def _say(self, words: str) -> None:
        self.said.append(words)


def lines(desk: Desk) -> tuple[tuple[float, Callable[[], None]], ...]:
    """Return the script: each action with its time, as a part of the whole (0 to 1).

    A page that is removed, edited or corrected in place was available for a quarter of the time, so that a daemon
    that polls every second has read it.
    """
    return (
        (0.02, lambda: desk.publish("vanishing", stories.VANISHING, "harbourline")),
        (0.04, lambda: desk.publish("market", stories.NIGHT_MARKET, "harbourline")),
        (0.08, lambda: desk.publish("bridges", stories.BRIDGE_SENSORS, "pressline")),
        (0.12, lambda: desk.publish("ferry", stories.FERRY_ROBOTS, "harbourline")),
        (0.16, lambda: desk.publish("batteries", stories.TRAM_BATTERIES, "meridian")),
        (0.20, lambda: desk.publish("seaplanes", stories.FALSE_START, "pressline")),
        (0.24, lambda: desk.syndicate("ferry")),
        (0.28, lambda: desk.publish("tide", stories.TIDE_FUND, "harbourline")),
        (0.32, lambda: desk.remove("vanishing")),
        (0.36, lambda: desk.publish("quarter", stories.QUARTER, "meridian")),
        (0.40, lambda: desk.correct("bridges", stories.BRIDGE_SENSORS_CORRECTED)),
        (0.44, lambda: desk.edit("market", stories.NIGHT_MARKET_EDITED)),
        (0.48, lambda: desk.syndicate("tide")),
        (0.52, lambda: desk.correct("batteries", stories.TRAM_BATTERIES_CORRECTED)),
        (
            0.56,
            lambda: desk.correct_before_the_original(
                "speakers", stories.EARLY_CORRECTION_ORIGINAL, stories.EARLY_CORRECTION
            ),
        ),
        (0.60, lambda: desk.correct("tide", stories.TIDE_FUND_CORRECTED)),
        (0.64, lambda: desk.withdraw("seaplanes")),
        (0.68, lambda: desk.syndicate("batteries")),
        (0.72, lambda: desk.update("quarter", stories.QUARTER_UPDATED)),
        (0.76, lambda: desk.list_the_original("speakers")),
        (LAST_WORD, lambda: desk.syndicate("tide corrected")),
    )


async def play(wire: Newswire, seconds: float = 60.0, clock: Clock | None = None, desk: Desk | None = None) -> Desk:
    """Play the script over ``seconds`` and return the desk, with the actions and URLs.

    The last action is at four fifths of the time; the rest is for the daemon. Pass a ``desk`` to read ``desk.said``
    while the script runs.
    """
    clock = clock or WallClock()
    desk = desk or Desk(wire)
    began = clock.now()
    desk.open_the_pages()
    for part, line in lines(desk):
        due = began + timedelta(seconds=seconds * part)
        await clock.sleep(max(0.0, (due - clock.now()).total_seconds()))
        line()
    await clock.sleep(max(0.0, (began + timedelta(seconds=seconds) - clock.now()).total_seconds()))
    return desk
