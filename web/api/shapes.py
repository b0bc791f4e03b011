"""The answers of the API as the OpenAPI document describes them; the answers themselves are built elsewhere."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from stories.model.release import TagOrigin
from web.etag import conditional

Kind = Literal["new", "copy", "correction", "update", "withdrawal", "repeat", "revised"]
_EVENT = "evt_01KD3V5Z0W5R7Q4T9XJ2M8B6CA"
_RELEASE = "rel_01KD3V5Z0W5R7Q4T9XJ2M8B6CB"
_CURSOR = "1770857045123-rel_01KD3V5Z0W5R7Q4T9XJ2M8B6CB"
_STORY = "sty_01KD3V5Z0W5R7Q4T9XJ2M8B6CC"


def answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return an answer as JSON."""
    return Response(msgspec.json.encode(content), status_code=status, media_type="application/json", headers=headers)


def conditional_answer(request: Request, content: Any) -> Response:
    """Return an answer as JSON, or 304 if the client has this content."""
    return conditional(request, msgspec.json.encode(content), "application/json")


NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": {"schema": {"type": "string"}, "description": "Send it back as `If-None-Match`"}}},
    304: {"description": "Not modified: `If-None-Match` has the current ETag"},
}
"""The OpenAPI description of conditional answers."""


class Shape(BaseModel):
    """The base of all shapes."""

    model_config = ConfigDict(extra="forbid")


class DatelineShape(Shape):
    """Where, by which wire and when a release says it was issued."""

    place: str | None
    wire: str | None
    date: str | None


class NoticeShape(Shape):
    """What a release says about an earlier one."""

    kind: Literal["correction", "update", "withdrawal", "repeat"]
    marker: str = Field(examples=["Correcting and Replacing"])
    statement: str | None


class ImageShape(Shape):
    """A picture that belongs to the release."""

    url: str
    caption: str | None


class ReleaseShape(Shape):
    """One published document at one URL of one source. Unknown is null or an empty list."""

    id: str = Field(examples=[_RELEASE])
    revision: int = Field(description="The state of the page's content, from 1")
    url: str | None
    source: str | None = Field(examples=["media-outreach"])
    wire: str | None = Field(examples=["Media OutReach Newswire"])
    wire_id: str | None
    headline: str = Field(description="Without the notice's marker")
    subheadline: str | None
    dateline: DatelineShape | None
    published_at: str | None = Field(description="With an offset; only the date where the page has no time")
    published_from: Literal["page", "listing", "text"] | None = Field(
        description="Where `published_at` comes from: the page, the listing that named it, or the dateline in its text"
    )
    first_seen_at: str | None
    embargoed_until: str | None
    tags: list[str]
    tags_from: dict[str, TagOrigin] = Field(
        description="Where each tag was seen: in the text, in the page's markup, in a listing",
        examples=[{"HKSTP": "text"}],
    )
    tickers: list[str] = Field(examples=[["HKEX:0700"]])
    issuer: str | None
    language: str | None
    body: list[str]
    about: list[str]
    disclaimer: str | None
    contacts: list[str]
    images: list[ImageShape]
    notice: NoticeShape | None


class ListedReleaseShape(ReleaseShape):
    """A release with its part in its story."""

    story: str = Field(examples=[_STORY])
    kind: Kind


class QueryShape(Shape):
    """What a query means, and what is suspicious in it."""

    explanation: str = Field(examples=["headline contains “science park”, and not (headline contains “golf”)"])
    warnings: list[str] = Field(examples=[["'and' is searched for as a word; write AND in capitals"]])


class ReleasesShape(Shape):
    """A page of releases, newest first."""

    releases: list[ListedReleaseShape]
    next: str | None = Field(description="Pass it as `cursor` for the next page; null at the end", examples=[_CURSOR])
    query: QueryShape | None = Field(None, description="Notes on `q`; null without `q`")


class StoredReleaseShape(Shape):
    """A release, its part in its story and why."""

    release: ReleaseShape
    story: str = Field(examples=[_STORY])
    kind: Kind
    verdict: str = Field(examples=["notice"])
    why: str = Field(description="Why it belongs to this story")
    replaces: str | None = Field(description="The release that it is a notice about", examples=[_RELEASE])


class ReleaseWithRevisionsShape(StoredReleaseShape):
    """A release with all its revisions."""

    revisions: list[ReleaseShape] = Field(description="Oldest first, the current one last")


class StoryShape(Shape):
    """All releases that are the same announcement."""

    id: str = Field(examples=[_STORY])
    watches: list[str]
    channels: list[str] = Field(description="Channels that were alerted")
    releases: list[StoredReleaseShape] = Field(description="First seen first")


class EventShape(BaseModel):
    """Something that happened to a story or a source: the same JSON as in webhooks."""

    type: str = Field(examples=["release.corrected"])
    id: str = Field(examples=[_EVENT])
    timestamp: str
    data: dict[str, Any] = Field(
        description="`watches`, `story`, `release`, `replaces`, `changes`, `claims`, `outdated`, `relation` "
        "(of `release.syndicated`), `follows` (of `release.linked`: the event of the notice); for `source.…` "
        "`source` and `detail`"
    )


class EventsShape(Shape):
    """A page of events in the order they happened."""

    events: list[EventShape]
    next: str | None = Field(description="Pass it as `after` for the next events, now or later", examples=[_EVENT])


class ListingShape(Shape):
    """A page of a source that names recent releases."""

    url: str
    kind: Literal["html", "feed", "sitemap"] | None


class VerdictShape(Shape):
    """How a source is doing, in one state."""

    state: Literal["working", "slow", "degraded", "broken", "forbidden", "dead"] | None = Field(
        description="Null before the first poll; broken: it answers, but the answer has no entries"
    )
    word: str | None = Field(description="The reason, in a word")
    detail: str | None = Field(description="The reason as text", examples=["nothing for 3 days, usually 14 a day"])
    since: str | None
    whole: float | None = Field(description="The share of recent polls that were proven complete")
    usual_a_day: float | None = Field(description="New sightings per day, after the first day")


class PushShape(Shape):
    """The WebSub subscription of a listing at its hub."""

    state: Literal["asked", "verified", "denied", "failed"]
    hub: str
    detail: str | None = Field(description="The last error", examples=["404 Not Found from the hub"])
    lease_until: str | None = Field(description="The end of the subscription, while it is active")
    pushed_at: str | None = Field(description="The last notification of the hub")
    pushes: int
    trusted: bool = Field(
        description="False after a poll found releases without a push; polls then no longer wait for pushes"
    )


class ListingHealthShape(Shape):
    """How a listing is doing, with its tag filled in."""

    url: str
    state: Literal["working", "slow", "degraded", "broken", "forbidden", "dead"]
    word: str | None
    detail: str | None
    since: str | None
    polled_at: str | None
    next_at: str | None
    pace: str | None = Field(description="Why it is polled then", examples=["busy"])
    usual_a_day: float | None
    readings: int
    whole: int = Field(description="Number of polls proven complete")
    push: PushShape | None = Field(description="Null for a listing that names no hub, and without `[web] public_url`")


class GapShape(Shape):
    """A period in which releases of a listing may have been missed."""

    id: str
    source: str
    listing: str
    from_at: str
    to_at: str
    opened_at: str
    closed_at: str | None


class QuarantinedItemShape(Shape):
    """A quarantined page or listing: it crashed its readers, and is not read until a person requests it."""

    kind: Literal["page", "listing"]
    source: str
    url: str
    why: str
    deaths: int = Field(description="Reader crashes in a row")
    since: str


class HealthShape(Shape):
    """How a source is doing."""

    polled_at: str | None
    read_at: str | None = Field(description="The last poll without an error")
    failures: int = Field(description="Failures in a row of the last polled listing")
    error: str | None
    sightings: int
    releases: int
    last_release_at: str | None
    verdict: VerdictShape
    listings: list[ListingHealthShape] = Field(description="Polled listings, by URL")
    gaps: list[GapShape] = Field(description="Open gaps, oldest first")
    waiting_pages: int = Field(description="Pages that wait for the source's budget")
    set_aside: list[QuarantinedItemShape] = Field(
        description="Quarantined pages and listings, which are not read until a person requests it"
    )


class SourceShape(Shape):
    """A site that is polled."""

    name: str
    title: str | None
    wire: str | None
    enabled: bool
    reason: str | None = Field(description="Why it is off")
    verified: bool
    timezone: str | None
    language: str | None
    interval: str = Field(examples=["5m"])
    listings: list[ListingShape]
    health: HealthShape


class SourcesShape(Shape):
    """Every source of the configuration."""

    sources: list[SourceShape]


class AlertShape(Shape):
    """One event for one channel, and its state."""

    id: str
    event: str = Field(examples=[_EVENT])
    channel: str
    story: str | None
    type: str
    state: Literal["pending", "leased", "sent", "failed"]
    tries: int
    created: str
    listed: str | None
    due: str | None
    settled: str | None
    detail: str | None
    error: str | None


class ChannelShape(Shape):
    """The counts and state of a channel."""

    channel: str
    waiting: int
    failed: int = Field(description="Given up; `wirewatch alerts retry` sends them again")
    sent: int
    oldest_waiting: str | None = Field(description="Creation time of the oldest waiting alert")
    off: str | None = Field(description="Why it was switched off; null while it is on")
    off_at: str | None
    last_sent: str | None
    last_error: str | None
    last_error_at: str | None


class AlertsShape(Shape):
    """The newest alerts, newest first, and the state of each channel."""

    alerts: list[AlertShape]
    channels: list[ChannelShape]


class FeedShape(Shape):
    """Where a watch's feeds are."""

    watch: str = Field(examples=["hkstp"])
    title: str
    atom: str = Field(examples=["https://desk.example/feeds/hkstp.atom?key=5f1c…"])
    json_: str = Field(alias="json", examples=["https://desk.example/feeds/hkstp.json?key=5f1c…"])


class FeedsShape(Shape):
    """The feeds of every watch."""

    feeds: list[FeedShape]


class CrawlIdShape(Shape):
    """A requested crawl; `GET /api/v1/crawls/{id}` follows it."""

    id: str = Field(examples=["crl_01KD3V5Z0W5R7Q4T9XJ2M8B6CD"])


class CrawlShape(Shape):
    """The state of a crawl."""

    id: str
    state: Literal["queued", "running", "done", "failed"]
    source: str | None
    tag: str | None
    url: str | None
    asked_at: str | None
    done_at: str | None
    listings: int = Field(description="Read without an error")
    releases: int = Field(description="Read")
    events: int
    errors: list[str]
