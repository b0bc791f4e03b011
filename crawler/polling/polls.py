"""The polls of a configuration: one for each listing, and for ``{tag}`` listings one for each watched tag."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

from config.settings import Settings
from config.source_settings import ListingSettings, SourceSettings
from stories.model.sighting import Poll, PollReason
from stories.text.linear_regex import linear


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page that is polled: a source's listing with its tag filled in."""

    source: str
    url: str
    tag: str | None
    settings: ListingSettings
    interval: timedelta

    def poll(self, now: datetime, reason: PollReason = "clock", crawl_id: str | None = None) -> Poll:
        """Return the question to put in the queue."""
        return Poll(
            source=self.source,
            listing=self.url,
            kind=self.settings.kind,
            tag=self.tag,
            reason=reason,
            crawl_id=crawl_id,
            asked_at=now,
        )


def listings_of(name: str, source: SourceSettings, tags: Iterable[str], interval: timedelta) -> Iterator[Listing]:
    """Yield the pages of a source that are polled for these tags."""
    for listing in source.listings:
        span = listing.interval or source.interval or interval
        if listing.per_tag:
            for tag in tags:
                url = listing.url.replace("{tag}", quote(tag, safe=""))
                yield Listing(source=name, url=url, tag=tag, settings=listing, interval=span)
        else:
            yield Listing(source=name, url=listing.url, tag=None, settings=listing, interval=span)


def all_listings(settings: Settings) -> list[Listing]:
    """Return the pages that the daemon polls: those of every source that is enabled."""
    tags = settings.watched_tags()
    return [
        listing
        for name, source in settings.sources.items()
        if source.enabled
        for listing in listings_of(name, source, tags, settings.polling.interval)
    ]


def listing_settings(source: SourceSettings, url: str) -> ListingSettings:
    """Return the settings of the listing that a polled URL came from."""
    for listing in source.listings:
        before, per_tag, after = listing.url.partition("{tag}")
        if url == listing.url or (per_tag and url.startswith(before) and url.endswith(after)):
            return listing
    return ListingSettings(url=url)


def interval_of(settings: Settings, source: str, url: str) -> timedelta:
    """Return the time between two polls of a listing, as the configuration has it."""
    found = settings.sources.get(source)
    if found is None:
        return settings.polling.interval
    return listing_settings(found, url).interval or found.interval or settings.polling.interval


def siblings(settings: Settings, poll: Poll) -> list[Listing]:
    """Return the other listings of a poll's source that may name the same releases: without a tag, or with its own."""
    source = settings.sources.get(poll.source)
    if source is None:
        return []
    tags = [poll.tag] if poll.tag else []
    found = listings_of(poll.source, source, tags, settings.polling.interval)
    return [listing for listing in found if listing.url != poll.listing]


def source_of(url: str, sources: Mapping[str, SourceSettings]) -> str:
    """Return the source that a page belongs to: by its release pattern, else by its host; else the host is its name."""
    host = urlsplit(url).hostname or ""
    by_host = [name for name, source in sources.items() if host in hosts(source)]
    for name in by_host:
        pattern = sources[name].release.url
        if pattern and linear(pattern).search(url):
            return name
    return by_host[0] if by_host else host


def hosts(source: SourceSettings) -> set[str]:
    """Return the hosts of a source's listings, each with and without ``www.``."""
    found = {urlsplit(listing.url).hostname or "" for listing in source.listings}
    return found | {host.removeprefix("www.") for host in found} | {f"www.{host}" for host in found}
