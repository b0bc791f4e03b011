"""Every Redis key of wirewatch: a function with its lifetime.

All keys share the hash tag ``{ww}``, so that one script may touch any of them on a cluster too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

PREFIX = "{ww}"

RELEASE_LIFETIME = timedelta(days=400)  # a yearly serial ("Annual Meeting") meets its sibling of the year before
EVENT_LIFETIME = timedelta(days=60)  # far beyond the 75 hours that an alert may be tried for
RECEIPT_LIFETIME = timedelta(days=90)
SITE_LIFETIME = timedelta(days=45)  # beyond the last time that a release's page is read again
MAX_WEBSUB_LEASE = timedelta(days=30)  # of a subscription at a hub, whatever the hub says
CLAIM_LEASE = timedelta(minutes=10)  # longer than the slowest page with its retries; a crash delays a release by this


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long memory lasts: what an operator may set (``[memory]``)."""

    releases: timedelta = RELEASE_LIFETIME
    """Releases, their stories and pages, after they were last written."""
    events: timedelta = EVENT_LIFETIME
    receipts: timedelta = RECEIPT_LIFETIME


_lifetimes = Lifetimes()


def lifetimes() -> Lifetimes:
    """Return how long this process keeps things."""
    return _lifetimes


def set_lifetimes(lifetimes: Lifetimes) -> None:
    """Set how long this process, which serves one memory, keeps things; what was written before keeps its time."""
    global _lifetimes
    _lifetimes = lifetimes


@dataclass(frozen=True, slots=True)
class Key:
    """A key's name, and how long it lives after it was last written (None: for ever, with the reason beside it)."""

    name: str
    ttl: timedelta | None

    @property
    def seconds(self) -> int:
        """The lifetime in seconds; 0 for ever."""
        return int(self.ttl.total_seconds()) if self.ttl else 0


def _key(*parts: str) -> str:
    return ":".join((PREFIX, *parts))


def cursor(listing: str) -> Key:
    """JSON ``Cursor`` of a listing, by the digest of source and URL."""
    return Key(_key("cursor", listing), RELEASE_LIFETIME)


def seeded(listing: str) -> Key:
    """Set of the URL digests that a listing's first poll held, stored silently whenever read; and which poll it was."""
    return Key(_key("seeded", listing), timedelta(days=30))


def claim(url: str) -> Key:
    """The lease of a sighting that is being read, by the digest of its URL."""
    return Key(_key("claim", url), CLAIM_LEASE)


def page(url: str) -> Key:
    """Hash of what is known of a URL, by its digest: its release, the headline it was listed with, failures."""
    return Key(_key("page", url), _lifetimes.releases)


def release(release_id: str) -> Key:
    """A release: its story and its part in it in words, then its present revision, packed (see ``keeping``)."""
    return Key(_key("release", release_id), _lifetimes.releases)


def revisions(release_id: str) -> Key:
    """List of a release's earlier revisions (packed): the first, and then the latest, oldest first."""
    return Key(_key("revisions", release_id), _lifetimes.releases)


def story(story_id: str) -> Key:
    """Sorted set of a story: its releases by the moment they were first seen (ms), and marks at the score 0.

    ``c:`` a channel that was alerted of it: a correction reaches it whatever its own text matches; ``w:`` a watch that
    the story's alerts named; ``n:`` its newest notice.
    """
    return Key(_key("story", story_id), _lifetimes.releases)


def index(digest: str) -> Key:
    """The releases that share a trait (wire id, text, headline, band), 16 bytes each, the latest last.

    A release has a dozen of these: a short name and a plain string take a third less room than anything else.
    """
    return Key(_key("i", digest), _lifetimes.releases)


def dictionaries() -> Key:
    """Hash of the trained dictionaries by number, and which is the newest. For ever: releases are packed with them."""
    return Key(_key("dictionaries"), None)


def releases() -> Key:
    """Sorted set of all releases by first seen (ms). For ever: trimmed by age as it is written."""
    return Key(_key("releases"), None)


def changes() -> Key:
    """Stream of the releases that were kept, field ``id``: what the index follows. For ever: trimmed by its length."""
    return Key(_key("changes"), None)


def memory_id() -> Key:
    """A name of this memory, random: an index knows by it whether it was made from it. For ever, as the memory is."""
    return Key(_key("archive"), None)


def memory_mark() -> Key:
    """The mark of this memory, random, set by the daemon alone: scripts refuse to write where it is missing or another.

    For ever, as the memory is.
    """
    return Key(_key("memory"), None)


def recovered_releases() -> Key:
    """Hash of the releases (16 bytes each) that were stored and alerted before Redis lost its data: stored silently.

    The value has the marks of their stories, one a line: the channels that were alerted, the watches that were named.
    """
    return Key(_key("known", "releases"), timedelta(days=30))


def data_loss() -> Key:
    """What Redis lost when it came back empty, in words, for warnings (JSON ``scheduler.leader.redis_mirror.Loss``)."""
    return Key(_key("loss"), timedelta(days=7))


def layout() -> Key:
    """The number of the layout of all these keys (``stories.store.migrations``). For ever, as the memory is."""
    return Key(_key("layout"), None)


def phrases_digest() -> Key:
    """The digest of the phrases that releases are packed with (``stories.store.migrations``). For ever, as the memory is."""
    return Key(_key("packing"), None)


def formats_digest() -> Key:
    """The digest of the records and forms that the data have (``stories.store.record_formats``). For ever, as the memory is."""
    return Key(_key("formats"), None)


def migrating() -> Key:
    """The lease of the process that carries data forward to another layout."""
    return Key(_key("migrating"), timedelta(minutes=1))


def clock_shift() -> Key:
    """The last time that due moments were moved because the server's clock was set back (``stories.store.due_times``)."""
    return Key(_key("clock_shift"), timedelta(minutes=10))


def epoch() -> Key:
    """Hash of how far this memory has come: ``epoch``, ``pulse`` (``stories.db.rollback``). For ever, as the memory is."""
    return Key(_key("epoch"), None)


def events() -> Key:
    """Stream of the newest events for programs that follow it, field ``event`` the contract's JSON.

    For ever: trimmed by its length as it is written. All events that are kept are in ``history``.
    """
    return Key(_key("events"), None)


def history() -> Key:
    """Stream of events as ``stories.store.event_log`` writes them. For ever: trimmed by age as it is written."""
    return Key(_key("history"), None)


def event(event_id: str) -> Key:
    """The id that an event has in the stream ``history``."""
    return Key(_key("event", event_id), _lifetimes.events)


def alert(alert_id: str) -> Key:
    """Hash of one alert: ``event``, ``channel``, ``story``, ``state``, ``attempt``, and in the end its receipt."""
    return Key(_key("alert", alert_id), _lifetimes.receipts)


def outbox(channel: str) -> Key:
    """Sorted set of a channel's alerts that are due, by when (ms). For ever: empties as alerts are settled."""
    return Key(_key("outbox", channel), None)


def sent_at(channel: str) -> Key:
    """Sorted set of when a channel's alerts went out (ms), within the period of its rate, which is its lifetime."""
    return Key(_key("starts", channel), timedelta(days=1))


def story_queue(channel: str, story_id: str) -> Key:
    """Sorted set of a story's unsettled alerts on a channel in the order of events: the first goes before the rest."""
    return Key(_key("line", channel, story_id), _lifetimes.receipts)


def claimed_alerts(token: str) -> Key:
    """The answer of one claim of alerts, so that a repeat after a lost reply gets the same alerts, not further ones."""
    return Key(_key("claimed", token), timedelta(minutes=1))


def alerts() -> Key:
    """Sorted set of all alerts by when they were made (ms). For ever: trimmed by age as it is written."""
    return Key(_key("alerts"), None)


def dead_alerts() -> Key:
    """Sorted set of the alerts that were given up, by when (ms). For ever: they wait for ``alerts retry``."""
    return Key(_key("alerts", "dead"), None)


def channel(name: str) -> Key:
    """Hash of a channel's state: ``off`` with its reason after a 410, ``paused_until`` when the receiver asked for it,
    and its last receipts. For ever: it is off until a person turns it on."""
    return Key(_key("channel", name), None)


def reads_in_progress(subject: str, doing: str) -> Key:
    """Set of the readings of a page or listing that began and did not end, by who reads (``stories.crawl_state.quarantine``)."""
    return Key(_key("begun", doing, subject), timedelta(days=7))


def quarantined() -> Key:
    """Hash of what is set aside, JSON ``QuarantinedItem`` by what it is known by (``stories.crawl_state.quarantine``)."""
    return Key(_key("aside"), RELEASE_LIFETIME)


def acl_probe() -> Key:
    """Nothing: a name under which it is tried whether a user may write, without writing (``stories.db.acl``)."""
    return Key(_key("probe"), timedelta(seconds=1))


def write_probe() -> Key:
    """Empty: readiness writes it to see whether Redis takes writes (``web.health``)."""
    return Key(_key("probe", "write"), timedelta(minutes=1))


def poll_requests() -> Key:
    """List of polls asked for by ``trigger`` or the API, JSON ``Poll``. For ever: empties as they are taken."""
    return Key(_key("polls"), None)


def requested_polls() -> Key:
    """Hash of the polls that were asked for and did not come to their end, JSON ``Poll`` by the crawl's id."""
    return Key(_key("asked"), timedelta(days=1))


def crawl(crawl_id: str) -> Key:
    """JSON ``CrawlState`` of a crawl that was asked for."""
    return Key(_key("crawl", crawl_id), timedelta(days=1))


def source(name: str) -> Key:
    """Hash of a source's health: last reading, last error, counts."""
    return Key(_key("source", name), RELEASE_LIFETIME)


def gaps(source: str) -> Key:
    """Hash of a source's gaps, JSON ``Gap`` by id; a month after the last one was found they are history."""
    return Key(_key("gaps", source), timedelta(days=30))


def pending_sightings() -> Key:
    """Hash of the sightings that are in hand, JSON ``PendingSighting`` by the digest of their URL. For ever: empties."""
    return Key(_key("open"), None)


def pending_due() -> Key:
    """Sorted set of the same digests by when to look what became of them (ms). For ever: empties with the hash."""
    return Key(_key("open", "due"), None)


def backlog(source: str) -> Key:
    """Sorted set of the pages of a source that wait for its budget, digests by rank (``stories.crawl_state.backlog``).

    For ever: empties as they are read.
    """
    return Key(_key("backlog", source), None)


def backlog_sources() -> Key:
    """Set of the names of the sources that have a backlog. For ever: a name leaves it with the last page."""
    return Key(_key("backlogs"), None)


def validators(release_id: str) -> Key:
    """JSON ``Validators`` of a release's page; beyond the last step of the ladder nobody asks by them."""
    return Key(_key("validators", release_id), SITE_LIFETIME)


def page_states(release_id: str) -> Key:
    """JSON ``PageStates`` of a release's page, of pages that changed."""
    return Key(_key("states", release_id), min(SITE_LIFETIME, _lifetimes.releases))


def site_volatile_lines(host: str) -> Key:
    """Sorted set of what moves on a site's pages while nothing else does (``stories.crawl_state.page_observations``), by when it was seen."""
    return Key(_key("noise", host), SITE_LIFETIME)


def site_removed_pages(host: str) -> Key:
    """Hash of a site's pages that are gone and were not told of: since when (ms) and how, by release id."""
    return Key(_key("gone", host), min(SITE_LIFETIME, _lifetimes.releases))


def site_present_pages(host: str) -> Key:
    """Sorted set of the releases of a site whose pages were read again and stood, the last ones, by when (ms)."""
    return Key(_key("pages", host), min(SITE_LIFETIME, _lifetimes.releases))


def site_last_present(host: str) -> Key:
    """When a page of a site was last read well while others were gone (ms)."""
    return Key(_key("stood", host), SITE_LIFETIME)


def retry_after(host: str) -> Key:
    """Until when a host that said 429 or 503 is left alone (ISO 8601); it lives no longer than that."""
    return Key(_key("patience", host), timedelta(days=1))


def websub_subscription(listing: str) -> Key:
    """Hash of a listing's subscription at its hub (``stories.crawl_state.websub``); beyond its lease it is asked for anew."""
    return Key(_key("push", listing), MAX_WEBSUB_LEASE + timedelta(days=7))


def feed_entry(url: str) -> Key:
    """Hash of what a feed's entry said that a release was read from (``stories.crawl_state.feed_entries``), by the page's digest."""
    return Key(_key("entry", url), SITE_LIFETIME)


def websub_due() -> Key:
    """Sorted set of the listings to be polled because of a push, by when (ms). For ever: empties as they are polled."""
    return Key(_key("push", "due"), None)


def clock_tick() -> Key:
    """When the clock last ticked (ISO 8601)."""
    return Key(_key("clock"), timedelta(hours=1))


def canary(name: str) -> Key:
    """JSON ``CanaryReport`` of a process (``stories.crawl_state.canary_reports``); one that is older than this proves nothing."""
    return Key(_key("canary", name), timedelta(minutes=10))


def leader_lease() -> Key:
    """The lease of the one daemon that polls: its process id and host."""
    return Key(_key("daemon"), timedelta(seconds=6))


def revisits_due() -> Key:
    """Sorted set of the releases whose page is read again, by when (ms). For ever: they leave at the ladder's end."""
    return Key(_key("revisits"), None)


def site_lines(host: str) -> Key:
    """Sorted set of the lines at the edges of a host's releases, digests of line and issuer, by last seen (ms)."""
    return Key(_key("site", host, "lines"), SITE_LIFETIME)


def site_headlines(host: str) -> Key:
    """Sorted set of the headlines of a host's releases, digests, by last seen (ms)."""
    return Key(_key("site", host, "headlines"), SITE_LIFETIME)


def site_page_lines(url: str) -> Key:
    """Set of the lines (digests) at the edges of a page as it was read, by the digest of its URL."""
    return Key(_key("site", "page", url), SITE_LIFETIME)


def leader_term() -> Key:
    """The fencing number of the clock's holder, raised whenever it changes hands. For ever: it only ever grows."""
    return Key(_key("term"), None)


def workers() -> Key:
    """Set of the names of the processes that share the polls, those included that were killed lately."""
    return Key(_key("crew"), timedelta(days=1))


def worker(name: str) -> Key:
    """A process that shares the polls and lives."""
    return Key(_key("crew", name), timedelta(seconds=10))


def next_polls() -> Key:
    """List of what workers polled and when that is due again, JSON, for the clock."""
    return Key(_key("due"), timedelta(hours=1))


def next_slot(host: str) -> Key:
    """When the last request to a host was to go out (ms), for all processes, and the time between two (ms)."""
    return Key(_key("turn", host), timedelta(minutes=5))


def throttle(host: str) -> Key:
    """Seconds between two requests to a host that said 429; it lives until its own pace is tried again."""
    return Key(_key("slower", host), timedelta(hours=1))


def robots(server: str) -> Key:
    """A server's robots.txt, compressed: asked for once a day (RFC 9309 section 2.4: not kept longer)."""
    return Key(_key("robots", server), timedelta(days=1))


def docket(part: str) -> Key:
    """What docket keeps for the tasks of workers. For ever: tasks leave as they end, its stream and sets stay."""
    return Key(_key("docket", part), None)
