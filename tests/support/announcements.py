"""Press releases for tests of identity: every word of them made up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pipelines.identity import Verdict, blocking_keys_of, identify
from pipelines.notices import find_notice
from stories.model.release import Release
from stories.store.releases import KnownRelease

NOW = datetime(2026, 3, 31, tzinfo=UTC)

HEADLINE = "Marlow Harbour Opens Its First Tidal Battery Plant in Port Ellery"
BODY = (
    "Marlow Harbour Limited today opened its first tidal battery plant in Port Ellery, a site that stores 48 megawatt "
    "hours of energy drawn from the channel twice a day.",
    "The plant employs 120 people and cost 310 million crowns, of which the county of Ellery gave a fifth. It will "
    "supply 26,000 homes from 4 May 2026.",
    '"The sea keeps better time than any of us," said Ida Brandvold, who leads the company. "We only had to listen to '
    'it and build where it told us to."',
    "Work on a second plant, at Saint Corwen, begins in the autumn. The company has asked three banks for the money "
    "and expects an answer before the summer ends.",
)
SERIAL = (
    "Oakmere Trust plc announces that on {day} it bought {count} of its own ordinary shares at a mean price of "
    "{price} pence a share, the lowest paid being {low} pence and the highest {high} pence.",
    "The shares will be held in treasury. After this purchase {held} ordinary shares are in issue, and this figure "
    "may be used by holders to work out whether they must notify an interest under the rules.",
)


def release(headline: str = HEADLINE, body: tuple[str, ...] = BODY, **fields: Any) -> Release:
    """Return a release as it leaves the crawler, its notice found and taken off the headline."""
    notice = find_notice(headline, body)
    base = Release(
        id="rel_one",
        source="harbour-wire",
        url="https://harbour-wire.example/news/1",
        headline=notice.headline if notice else headline,
        notice=notice,
        body=body,
        published_at="2026-03-10T09:00:00+00:00",
        first_seen_at="2026-03-10T09:01:00Z",
    )
    return replace(base, **fields)


def again(of: Release, number: int = 2, **fields: Any) -> Release:
    """Return the release once more, somewhere else, an hour later."""
    elsewhere: dict[str, Any] = {
        "id": f"rel_{number}",
        "source": "daily-mirror",
        "url": f"https://daily-mirror.example/{number}",
        "published_at": "2026-03-10T10:00:00+00:00",
        "first_seen_at": "2026-03-10T10:01:00Z",
    }
    return replace(of, **(elsewhere | fields))


def stored(of: Release, story: str = "sty_one", replaces: str | None = None, first: bool = True) -> KnownRelease:
    """Return a release as memory holds it."""
    return KnownRelease(release=of, story=story, replaces=replaces, first=first)


def judged(new: Release, *known: KnownRelease) -> Verdict:
    """Return the verdict on a release over those known releases that memory would find for it."""
    keys = set(blocking_keys_of(new))
    return identify(new, [candidate for candidate in known if keys & set(blocking_keys_of(candidate.release))], NOW)


def serial(day: str, **figures: str) -> tuple[str, ...]:
    """Return the text of one issue of a serial."""
    return tuple(paragraph.format(day=day, **figures) for paragraph in SERIAL)
