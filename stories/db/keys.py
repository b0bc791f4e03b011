"""Every Redis key of wirewatch: a function that returns the key's name and lifetime.

Each docstring states the Redis type, the content and the lifetime. All keys share the hash tag ``{ww}``, so one script
may touch any of them on a Redis Cluster too. The key strings are stored data: change a function's name, not its string.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

PREFIX = "{ww}"

RELEASE_LIFETIME = timedelta(days=400)  # a yearly serial ("Annual Meeting") meets its sibling of the year before
EVENT_LIFETIME = timedelta(days=60)  # far beyond the 75 hours for which an alert is retried
RECEIPT_LIFETIME = timedelta(days=90)
SITE_LIFETIME = timedelta(days=45)  # longer than the revisit schedule of a release's page
MAX_WEBSUB_LEASE = timedelta(days=30)  # of a subscription, whatever the hub grants
CLAIM_LEASE = timedelta(minutes=10)  # longer than the slowest page with its retries; a crash delays a release by this


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long stored data last: the lifetimes that an operator may set (``[memory]``)."""

    releases: timedelta = RELEASE_LIFETIME
    """Releases, their stories and pages, since their last write."""
    events: timedelta = EVENT_LIFETIME
    receipts: timedelta = RECEIPT_LIFETIME


_lifetimes = Lifetimes()


def lifetimes() -> Lifetimes:
    """Return the lifetimes that this process uses."""
    return _lifetimes


def set_lifetimes(lifetimes: Lifetimes) -> None:
    """Set the lifetimes that this process uses; keys written earlier keep theirs."""
    global _lifetimes
    _lifetimes = lifetimes


@dataclass(frozen=True, slots=True)
class Key:
    """A key's name, and its lifetime since the last write.

    ``ttl`` is None for a key without expiry; the function's docstring then gives the reason.
    """

    name: str
    ttl: timedelta | None

    @property
    def seconds(self) -> int:
        """The lifetime in seconds; 0 for a key without expiry."""
        return int(self.ttl.total_seconds()) if self.ttl else 0


def _key(*parts: str) -> str:
    return ":".join((PREFIX, *parts))


def cursor(listing: str) -> Key:
    """String, JSON ``Cursor``: the state of a listing's polls, by the digest of source and URL. 400 days."""
    return Key(_key("cursor", listing), RELEASE_LIFETIME)


def seeded(listing: str) -> Key:
    """Set: the URL digests that a listing's first poll held, and a mark of that poll. 30 days.

    Their releases are stored without an alert, whenever they are read.
    """
    return Key(_key("seeded", listing), timedelta(days=30))


def claim(url: str) -> Key:
    """String, the holder's token: the lease on a sighting while its page is read, by URL digest. 10 minutes."""
    return Key(_key("claim", url), CLAIM_LEASE)


def page(url: str) -> Key:
    """Hash: what is known of a URL, by its digest: its release, listed headlines, failures. ``releases`` lifetime."""
    return Key(_key("page", url), _lifetimes.releases)


def release(release_id: str) -> Key:
    """String: a release's story facts as text, then its present revision, packed. ``releases`` lifetime.

    ``stories.store.releases`` describes the format.
    """
    return Key(_key("release", release_id), _lifetimes.releases)


def revisions(release_id: str) -> Key:
    """List of packed releases: the first revision, then the latest ones, oldest first. ``releases`` lifetime."""
    return Key(_key("revisions", release_id), _lifetimes.releases)


def story(story_id: str) -> Key:
    """Sorted set: a story's releases by first seen (ms), and marks with the score 0. ``releases`` lifetime.

    Marks: ``c:`` a channel that was alerted, so that it receives corrections whatever their text matches; ``w:`` a
    watch that the alerts named; ``n:`` the newest notice.
    """
    return Key(_key("story", story_id), _lifetimes.releases)


def index(digest: str) -> Key:
    """String: the ids (16 bytes each, latest last) of releases with one blocking key. ``releases`` lifetime.

    A blocking key is a wire id, text, headline or MinHash band. A release has a dozen of these strings, so the name is
    short; a string takes a third less memory than a set or list.
    """
    return Key(_key("i", digest), _lifetimes.releases)


def dictionaries() -> Key:
    """Hash: trained zstd dictionaries by number, and the number of the newest. No expiry: releases need them."""
    return Key(_key("dictionaries"), None)


def releases() -> Key:
    """Sorted set: all release ids by first seen (ms). No expiry: each write trims it by age."""
    return Key(_key("releases"), None)


def changes() -> Key:
    """Stream: stored releases, field ``id``; the search index follows it. No expiry: each write trims it by length."""
    return Key(_key("changes"), None)


def memory_id() -> Key:
    """String: the random id of the data in this Redis; a search index is valid for one id. No expiry, as the data."""
    return Key(_key("archive"), None)


def memory_mark() -> Key:
    """String: the random mark of the data in this Redis, which only the daemon sets. No expiry, as the data.

    Scripts refuse to write where the mark is missing or differs.
    """
    return Key(_key("memory"), None)


def recovered_releases() -> Key:
    """Hash: releases that were stored and alerted before Redis lost its data, by id (16 bytes). 30 days.

    They are stored without an alert. The value holds the marks of their stories, one a line: alerted channels and named
    watches.
    """
    return Key(_key("known", "releases"), timedelta(days=30))


def data_loss() -> Key:
    """String, JSON ``scheduler.leader.redis_mirror.Loss``: what Redis lost, for warnings. 7 days."""
    return Key(_key("loss"), timedelta(days=7))


def layout() -> Key:
    """String: the number of the key layout (``stories.store.migrations``). No expiry, as the data."""
    return Key(_key("layout"), None)


def phrases_digest() -> Key:
    """String: the digest of the phrases that releases are packed with (``stories.db.codec``). No expiry."""
    return Key(_key("packing"), None)


def formats_digest() -> Key:
    """String: the digest of the stored record formats (``stories.store.record_formats``). No expiry, as the data."""
    return Key(_key("formats"), None)


def migrating() -> Key:
    """String, a token: the lease of the process that migrates the data to another layout. 1 minute."""
    return Key(_key("migrating"), timedelta(minutes=1))


def clock_shift() -> Key:
    """String, a token: the last shift of due times after a clock jump (``stories.store.due_times``). 10 minutes."""
    return Key(_key("clock_shift"), timedelta(minutes=10))


def epoch() -> Key:
    """Hash: the fields ``epoch`` and ``pulse`` of rollback detection (``stories.db.rollback``). No expiry."""
    return Key(_key("epoch"), None)


def events() -> Key:
    """Stream: the newest events, field ``event`` the contract's JSON, for programs that follow it.

    No expiry: each write trims it by length. ``history`` has all events that are kept.
    """
    return Key(_key("events"), None)


def history() -> Key:
    """Stream: all kept events (``stories.store.event_log``). No expiry: each write trims it by age."""
    return Key(_key("history"), None)


def event(event_id: str) -> Key:
    """String: the id of an event's entry in the stream ``history``. ``events`` lifetime."""
    return Key(_key("event", event_id), _lifetimes.events)


def alert(alert_id: str) -> Key:
    """Hash: one alert with ``event``, ``channel``, ``story``, ``state``, ``attempt``, then its receipt.

    ``receipts`` lifetime.
    """
    return Key(_key("alert", alert_id), _lifetimes.receipts)


def outbox(channel: str) -> Key:
    """Sorted set: a channel's alerts by due time (ms). No expiry: entries leave as alerts are settled."""
    return Key(_key("outbox", channel), None)


def sent_at(channel: str) -> Key:
    """Sorted set: the times (ms) of a channel's recent sends, for its rate limit. The limit's period, at most 1 day."""
    return Key(_key("starts", channel), timedelta(days=1))


def story_queue(channel: str, story_id: str) -> Key:
    """Sorted set: a story's unsettled alerts on a channel, in event order. ``receipts`` lifetime.

    The first must be settled before the next is sent.
    """
    return Key(_key("line", channel, story_id), _lifetimes.receipts)


def claimed_alerts(token: str) -> Key:
    """String, JSON: the reply of one claim of alerts; a retry after a lost reply gets the same alerts. 1 minute."""
    return Key(_key("claimed", token), timedelta(minutes=1))


def alerts() -> Key:
    """Sorted set: all alerts by creation time (ms). No expiry: each write trims it by age."""
    return Key(_key("alerts"), None)


def dead_alerts() -> Key:
    """Sorted set, the dead letters: alerts that failed for good, by time (ms). No expiry: kept for ``alerts retry``."""
    return Key(_key("alerts", "dead"), None)


def channel(name: str) -> Key:
    """Hash: a channel's state: ``off`` with its reason after a 410, ``paused_until``, its last receipts.

    No expiry: a channel stays off until a person switches it on.
    """
    return Key(_key("channel", name), None)


def reads_in_progress(subject: str, doing: str) -> Key:
    """Set: the readers that began to read a page or listing and have not ended. 7 days.

    An entry that is left over means that its reader crashed (``stories.crawl_state.quarantine``).
    """
    return Key(_key("begun", doing, subject), timedelta(days=7))


def quarantined() -> Key:
    """Hash: JSON ``QuarantinedItem`` by its key (``stories.crawl_state.quarantine``). 400 days."""
    return Key(_key("aside"), RELEASE_LIFETIME)


def acl_probe() -> Key:
    """Never written: the name with which ``stories.db.acl`` checks permissions. 1 second."""
    return Key(_key("probe"), timedelta(seconds=1))


def write_probe() -> Key:
    """String, empty: the readiness check writes it to see whether Redis accepts writes (``web.health``). 1 minute."""
    return Key(_key("probe", "write"), timedelta(minutes=1))


def poll_requests() -> Key:
    """List: JSON ``Poll`` requested by ``trigger`` or the API. No expiry: entries leave as they are taken."""
    return Key(_key("polls"), None)


def requested_polls() -> Key:
    """Hash: JSON ``Poll`` by crawl id, for requested polls that have not finished. 1 day."""
    return Key(_key("asked"), timedelta(days=1))


def crawl(crawl_id: str) -> Key:
    """String, JSON ``CrawlState``: the state of a requested crawl. 1 day."""
    return Key(_key("crawl", crawl_id), timedelta(days=1))


def source(name: str) -> Key:
    """Hash: a source's health: last reading, last error, counts. 400 days."""
    return Key(_key("source", name), RELEASE_LIFETIME)


def gaps(source: str) -> Key:
    """Hash: a source's gaps, JSON ``Gap`` by id. 30 days since the last gap was found."""
    return Key(_key("gaps", source), timedelta(days=30))


def pending_sightings() -> Key:
    """Hash: in-flight sightings, JSON ``PendingSighting`` by URL digest. No expiry: entries leave as they are read."""
    return Key(_key("open"), None)


def pending_due() -> Key:
    """Sorted set: the digests of ``pending_sightings`` by the time of their next check (ms).

    No expiry: entries leave with the hash.
    """
    return Key(_key("open", "due"), None)


def backlog(source: str) -> Key:
    """Sorted set: URL digests by rank, pages that wait for their source's budget (``stories.crawl_state.backlog``).

    No expiry: entries leave as they are read.
    """
    return Key(_key("backlog", source), None)


def backlog_sources() -> Key:
    """Set: the names of sources with a backlog. No expiry: a name leaves with the backlog's last page."""
    return Key(_key("backlogs"), None)


def validators(release_id: str) -> Key:
    """String, JSON ``Validators`` of a release's page, for conditional requests. 45 days: revisits end earlier."""
    return Key(_key("validators", release_id), SITE_LIFETIME)


def page_states(release_id: str) -> Key:
    """String, JSON ``PageStates`` of a page that changed. 45 days, or the ``releases`` lifetime if shorter."""
    return Key(_key("states", release_id), min(SITE_LIFETIME, _lifetimes.releases))


def site_volatile_lines(host: str) -> Key:
    """Sorted set: lines that change on a site's pages without an edit, by last seen (ms). 45 days.

    ``stories.crawl_state.page_observations`` describes the entries.
    """
    return Key(_key("noise", host), SITE_LIFETIME)


def site_removed_pages(host: str) -> Key:
    """Hash: a site's removed pages without an alert yet: since when (ms) and how, by release id.

    45 days, or the ``releases`` lifetime if shorter.
    """
    return Key(_key("gone", host), min(SITE_LIFETIME, _lifetimes.releases))


def site_present_pages(host: str) -> Key:
    """Sorted set: releases of a site whose pages were last found present, by time (ms).

    45 days, or the ``releases`` lifetime if shorter.
    """
    return Key(_key("pages", host), min(SITE_LIFETIME, _lifetimes.releases))


def site_last_present(host: str) -> Key:
    """String: when a page of a site was last read successfully while others were removed (ms). 45 days."""
    return Key(_key("stood", host), SITE_LIFETIME)


def retry_after(host: str) -> Key:
    """String, ISO 8601: until when a host that replied 429 or 503 gets no request. Until that time, at most 1 day."""
    return Key(_key("patience", host), timedelta(days=1))


def websub_subscription(listing: str) -> Key:
    """Hash: a listing's subscription (``stories.crawl_state.websub_subscriptions``). 37 days: longer than its lease."""
    return Key(_key("push", listing), MAX_WEBSUB_LEASE + timedelta(days=7))


def feed_entry(url: str) -> Key:
    """Hash: the feed entry that a release was read from, by URL digest (``crawl_state.feed_entries``). 45 days."""
    return Key(_key("entry", url), SITE_LIFETIME)


def websub_due() -> Key:
    """Sorted set: listings to poll after a WebSub push, by due time (ms). No expiry: entries leave when polled."""
    return Key(_key("push", "due"), None)


def clock_tick() -> Key:
    """String, ISO 8601: when the leader's clock last ticked. 1 hour."""
    return Key(_key("clock"), timedelta(hours=1))


def canary(name: str) -> Key:
    """String, JSON ``CanaryReport`` of a process (``stories.crawl_state.canary_reports``). 10 minutes."""
    return Key(_key("canary", name), timedelta(minutes=10))


def leader_lease() -> Key:
    """String, process id and host: the lease of the one daemon that polls. 6 seconds."""
    return Key(_key("daemon"), timedelta(seconds=6))


def revisits_due() -> Key:
    """Sorted set: releases by the time of their next revisit (ms). No expiry: they leave after the last revisit."""
    return Key(_key("revisits"), None)


def site_lines(host: str) -> Key:
    """Sorted set: lines at the edges of a host's releases, digests of line and issuer, by last seen (ms). 45 days."""
    return Key(_key("site", host, "lines"), SITE_LIFETIME)


def site_headlines(host: str) -> Key:
    """Sorted set: digests of the headlines of a host's releases, by last seen (ms). 45 days."""
    return Key(_key("site", host, "headlines"), SITE_LIFETIME)


def site_page_lines(url: str) -> Key:
    """Set: digests of the lines at the edges of a page as it was read, by URL digest. 45 days."""
    return Key(_key("site", "page", url), SITE_LIFETIME)


def leader_term() -> Key:
    """String, a number: the leader's fencing token, raised with each change of leader. No expiry: it only grows."""
    return Key(_key("term"), None)


def workers() -> Key:
    """Set: the names of registered workers, including recently killed ones. 1 day."""
    return Key(_key("crew"), timedelta(days=1))


def worker(name: str) -> Key:
    """String: a worker's heartbeat. 10 seconds."""
    return Key(_key("crew", name), timedelta(seconds=10))


def next_polls() -> Key:
    """List, JSON: the listings that workers polled, with their next due time, for the leader. 1 hour."""
    return Key(_key("due"), timedelta(hours=1))


def next_slot(host: str) -> Key:
    """String: the slot of the last request to a host (ms) and the interval (ms), shared by all processes. 5 minutes."""
    return Key(_key("turn", host), timedelta(minutes=5))


def throttle(host: str) -> Key:
    """String: seconds between two requests to a host that replied 429. 1 hour; then the normal rate is tried again."""
    return Key(_key("slower", host), timedelta(hours=1))


def robots(server: str) -> Key:
    """String, compressed: a server's robots.txt. 1 day (RFC 9309, 2.4: not cached longer)."""
    return Key(_key("robots", server), timedelta(days=1))


def docket(part: str) -> Key:
    """Streams, sets and hashes of docket, the task queue of the workers. No expiry: tasks leave as they end."""
    return Key(_key("docket", part), None)
