"""Fills a store for tests of what reads it: releases and events as the pipelines keep them, every word made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from stories.model.event import Event, EventType, Replaced, StoryRef
from stories.model.ids import event_id, release_id, story_id
from stories.model.page_result import PageResult
from stories.model.release import Change, Release
from stories.model.timestamps import timestamp
from stories.model.urls import url_digest
from stories.store.releases import Decision, ReleaseStore

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class ArchiveFiller:
    """Keeps releases one after the other, a minute apart."""

    def __init__(self, redis: Redis, began: datetime = BEGAN) -> None:
        self._keeper = ReleaseStore(redis)
        self._kept = 0
        self.now = began
        self.began = began

    async def publish(
        self,
        headline: str = "Marlow Harbour Opens a Tidal Battery Plant",
        *,
        kind: EventType = "release.new",
        story: str | None = None,
        verdict: str | None = None,
        why: str = "nothing like it was seen before",
        replaces: Release | None = None,
        changes: Sequence[Change] = (),
        watches: Sequence[str] = (),
        channels: Sequence[str] = (),
        silent: bool = False,
        **fields: Any,
    ) -> Release:
        """Keep a release with its event, and return it as it is stored."""
        self._kept += 1
        self.now = self.began + timedelta(minutes=self._kept)
        url = fields.pop("url", f"https://harbour-wire.example/news/{self._kept}")
        own = release_id(url_digest(url))
        defaults: dict[str, Any] = {
            "source": "harbour",
            "wire": "Harbour Newswire",
            "body": ("The plant stores 48 megawatt hours.", "It cost 310 million crowns."),
            "published_at": timestamp(self.now),
        }
        release = Release(
            id=own, url=url, headline=headline, first_seen_at=timestamp(self.now), **(defaults | fields)
        )  # fmt: skip
        await self._keep(release, story or story_id(own), kind, verdict or kind_word(kind), why, replaces, changes,
                         watches, channels, silent=silent, revises=False)  # fmt: skip
        return release

    async def revise(
        self, release: Release, *, changes: Sequence[Change] = (), watches: Sequence[str] = (), **fields: Any
    ) -> Release:
        """Keep a further state of a release, changed in place, and return it."""
        self._kept += 1
        self.now = self.began + timedelta(minutes=self._kept)
        revised = replace(release, revision=release.revision + 1, **fields)
        await self._keep(revised, story_id(release.id or ""), "release.revised", "revised", "its text changed",
                         release, changes, watches, (), silent=False, revises=True)  # fmt: skip
        return revised

    async def _keep(
        self, release: Release, story: str, kind: EventType, verdict: str, why: str, replaces: Release | None,
        changes: Sequence[Change], watches: Sequence[str], channels: Sequence[str], *, silent: bool, revises: bool,
    ) -> None:  # fmt: skip
        assert release.id is not None
        event = Event(
            id=event_id(kind, release.id, release.revision),
            type=kind,
            timestamp=timestamp(self.now),
            watches=tuple(watches),
            story=StoryRef(id=story, releases=1 if kind == "release.new" or revises else 2),
            release=release,
            replaces=_replaced(replaces) if replaces else None,
            changes=tuple(changes),
        )
        keep = Decision(
            release=release,
            story=story,
            verdict=verdict,
            why=why,
            replaces=replaces.id if replaces and not revises else None,
            revises=revises,
            events=() if silent else (event,),
            alerts={event.id: dict.fromkeys(channels, self.now)},
        )
        reading = PageResult(url=release.url or "", source=release.source or "", release=release)
        knowledge = await self._keeper.lookup(release.id, ())
        assert await self._keeper.commit(keep, reading, (), knowledge.fingerprint, self.now)


def kind_word(kind: EventType) -> str:
    """Return the verdict that leads to an event."""
    return {"release.new": "new", "release.syndicated": "copy", "release.revised": "revised"}.get(kind, "notice")


def _replaced(release: Release) -> Replaced:
    return Replaced(
        id=release.id or "",
        url=release.url,
        source=release.source,
        headline=release.headline,
        published_at=release.published_at,
    )
