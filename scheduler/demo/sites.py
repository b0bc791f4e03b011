"""The sites of the loopback newswire: the URLs, layout and correction style of each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from scheduler.demo.stories import Handout


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedDateline:
    """A dateline whose wire name is a part of its own, because some wires link it."""

    before: str
    wire: str
    after: str

    @property
    def text(self) -> str:
        """The whole dateline."""
        return self.before + self.wire + self.after


@dataclass(slots=True, kw_only=True)
class Page:
    """The current page of a release."""

    id: int
    path: str
    handout: Handout
    """The headline without a marker."""
    headline: str
    """The headline as printed, with its marker."""
    dateline: PrintedDateline | None
    published_at: datetime
    modified_at: datetime
    advisory: tuple[str, ...] = ()
    """The statement of a correction, an update or a withdrawal about the earlier release."""
    advisory_first: bool = False
    """Whether the statement precedes the dateline."""
    listed: bool = True
    first_listed: datetime | None = None
    """When a listing with this headline was first served."""
    gone: int | None = None
    """The HTTP status of the removed page."""
    origin: str | None = None
    """The title of the site from which it was copied."""
    origin_id: int | None = None
    """The id on the original site, if that counts readers by a pixel in the text."""

    @property
    def before(self) -> tuple[str, ...]:
        """The paragraphs before the dateline."""
        return self.advisory if self.advisory_first else ()

    @property
    def text(self) -> tuple[str, ...]:
        """The paragraphs from the dateline on."""
        return self.handout.body if self.advisory_first else (*self.advisory, *self.handout.body)


NoticeKind = Literal["correction", "update", "withdrawal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom:
    """The style of a site."""

    name: str
    """The name of its template folder, and of the source in the configuration."""
    title: str
    timezone: str
    first_id: int
    path: Callable[[int, str, datetime, Handout], str]
    """Returns the path of a page, from its id, its headline as a slug, its time of publication and its content."""
    dateline: Callable[[str, datetime], PrintedDateline] | None
    """Returns the dateline from place and local date; None for a site that only copies."""
    marked: Callable[[NoticeKind, Handout], str]
    """Returns the headline of a notice."""
    advisory: Callable[[NoticeKind, Handout, datetime], tuple[str, ...]]
    """Returns the paragraphs that explain a notice, from the original and its time of publication."""
    corrects_in_place: bool = False
    advisory_first: bool = False
    """Whether a notice's explanation precedes the dateline."""
    pixel: bool = False
    id_pattern: str | None = None
    """The configured pattern of release URLs; None: it is not configured."""
    listings: tuple[str, ...]
    """The paths in the configuration."""

    def local(self, moment: datetime) -> datetime:
        """Return a time in the site's time zone."""
        return moment.astimezone(ZoneInfo(self.timezone))


@dataclass(slots=True, kw_only=True)
class Site:
    """A site with its pages."""

    custom: Custom
    base: str = ""
    """``http://127.0.0.1:PORT``, once it is served."""
    depth: int = 20
    """The number of releases on a page of a listing."""
    robots: str | None = "User-agent: *\nDisallow: /search\nDisallow: /images/\n"
    """None: the answer is 404."""
    validators: bool = True
    """Whether answers have ETag and Last-Modified, and 304 is used."""
    by_entry: bool = False
    """Whether listings are sorted by when a page was added, not by its printed time."""
    pages: dict[str, Page] = field(default_factory=dict)
    """The pages by their path."""

    def add(self, handout: Handout, *, headline: str, published_at: datetime, now: datetime) -> Page:
        """Return a new page with the next id."""
        number = self.custom.first_id + 7 * len(self.pages)
        local = self.custom.local(published_at)
        path = self.custom.path(number, slug(headline), local, handout)
        dateline = self.custom.dateline(handout.place, local) if self.custom.dateline and handout.place else None
        page = Page(
            id=number,
            path=path,
            handout=handout,
            headline=headline,
            dateline=dateline,
            published_at=published_at,
            modified_at=now,
            advisory_first=self.custom.advisory_first,
        )
        self.pages[path] = page
        return page

    def listed(self, tag: str | None = None) -> list[Page]:
        """Return the releases of a listing, newest first; with ``tag``, only those that have it."""
        wanted = tag.casefold() if tag is not None else None
        found = [
            page
            for page in self.pages.values()
            if page.listed
            and page.gone is None
            and (wanted is None or wanted in (handout_tag.casefold() for handout_tag in page.handout.tags))
        ]
        if self.by_entry:
            return found[::-1]
        return sorted(found, key=lambda page: (page.published_at, page.id), reverse=True)


def slug(text: str) -> str:
    """Return words in the form of a URL."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:90].rstrip("-") or "release"


def long_day(moment: datetime) -> str:
    """``22 November 2026``."""
    return f"{moment.day} {moment:%B %Y}"


def american_day(moment: datetime) -> str:
    """``Nov. 22, 2026``."""
    return f"{moment:%b}. {moment:%d, %Y}" if moment.strftime("%b") != "May" else f"{moment:%B %d, %Y}"


def _harbourline_marked(kind: NoticeKind, handout: Handout) -> str:
    marker = {"correction": "Correcting and Replacing", "update": "Update", "withdrawal": "Withdrawal"}[kind]
    return f"{marker}: {handout.headline}"


def _harbourline_advisory(kind: NoticeKind, original: Handout, published_at: datetime) -> tuple[str, ...]:
    if kind == "withdrawal":
        return (
            f'The release "{original.headline}", issued by {original.issuer} on {long_day(published_at)}, '
            "has been withdrawn at the request of the issuer and should be disregarded.",
        )
    if kind == "update":
        return ()
    return (
        f'Please replace the release "{original.headline}" dated {long_day(published_at)} '
        "with the following corrected version.",
    )


HARBOURLINE = Custom(
    name="harbourline",
    title="Harbour Line Newswire",
    timezone="Asia/Hong_Kong",
    first_id=482_301,
    path=lambda number, words, day, handout: f"/news/{handout.country}/{day:%Y/%m/%d}/{number}/{words}/",
    dateline=lambda place, day: PrintedDateline(
        before=f"{place} - ", wire="Harbour Line Newswire", after=f" - {long_day(day)} - "
    ),
    marked=_harbourline_marked,
    advisory=_harbourline_advisory,
    pixel=True,
    id_pattern=r"/news/[a-z-]+/\d{4}/\d{2}/\d{2}/(?P<id>\d+)/",
    listings=("/tag/{tag}",),
)
"""A wire with a page for each hashtag and a reader-counting pixel that contains the release's id."""


def _meridian_marked(kind: NoticeKind, handout: Handout) -> str:
    marker = {"correction": "CORRECTION: ", "update": "UPDATE -- ", "withdrawal": "RETRACTION: "}[kind]
    return marker + handout.headline


def _meridian_advisory(kind: NoticeKind, original: Handout, published_at: datetime) -> tuple[str, ...]:
    if kind == "withdrawal":
        return (
            f'{original.issuer} has retracted the release "{original.headline}" of {american_day(published_at)}. '
            "It should not be relied upon.",
        )
    if kind == "update":
        return ()
    return (
        f"In a release issued under the same headline earlier today by {original.issuer}, "
        "please note that the figures in the second paragraph were wrong. The corrected release follows:",
    )


MERIDIAN = Custom(
    name="meridian",
    title="Meridian Newswire",
    timezone="America/New_York",
    first_id=3_374_012,
    path=lambda number, words, day, handout: (
        f"/news-release/{day:%Y/%m/%d}/{number}/0/{handout.language}/{words.title()}.html"
    ),
    dateline=lambda place, day: PrintedDateline(
        before=f"{place}, {american_day(day)}  (", wire="MERIDIAN NEWSWIRE", after=") -- "
    ),
    marked=_meridian_marked,
    advisory=_meridian_advisory,
    id_pattern=r"/news-release/\d{4}/\d{2}/\d{2}/(?P<id>\d+)/",
    listings=("/RssFeed/orgclass/1/feedTitle/All",),
)
"""A wire that is followed by its feed, with the peculiarities of such feeds."""


def _pressline_marked(kind: NoticeKind, handout: Handout) -> str:
    if kind == "withdrawal":
        return f"/DISREGARD RELEASE: {handout.issuer}/"
    if kind == "correction":
        return f"/C O R R E C T I O N -- {handout.issuer}/"
    return f"Updated: {handout.headline}"


def _pressline_advisory(kind: NoticeKind, original: Handout, published_at: datetime) -> tuple[str, ...]:
    issued = f"issued {published_at:%B %d, %Y}"
    if kind == "withdrawal":
        return (
            f"We are advised by {original.issuer} that journalists and other readers should disregard the news "
            f"release, {original.headline}, {issued} over Pressline.",
        )
    if kind == "update":
        return ()
    return (
        f"In the news release, {original.headline}, {issued} by {original.issuer} over Pressline, we are advised by "
        "the company that the text has changed. The complete, corrected release follows:",
        original.headline,
    )


PRESSLINE = Custom(
    name="pressline",
    title="Pressline",
    timezone="America/New_York",
    first_id=302_847_112,
    path=lambda number, words, day, handout: f"/news-releases/{words}-{number}.html",
    dateline=lambda place, day: PrintedDateline(
        before=f"{place}, {american_day(day)} /", wire="Pressline", after="/ -- "
    ),
    marked=_pressline_marked,
    advisory=_pressline_advisory,
    corrects_in_place=True,
    advisory_first=True,
    listings=("/news-releases/news-releases-list/",),
)
"""A wire that publishes a correction at the same URL and changes only the title."""


QUAYSIDE = Custom(
    name="quayside",
    title="Quayside Business Mail",
    timezone="Australia/Sydney",
    first_id=20_659,
    path=lambda number, words, day, handout: f"/business-news/{number}-{words}",
    dateline=None,
    marked=_harbourline_marked,
    advisory=_harbourline_advisory,
    listings=("/business-news",),
)
"""A syndicator with a plain blog layout and columns full of teasers that are truncated with '...'."""

CUSTOMS = (HARBOURLINE, MERIDIAN, PRESSLINE, QUAYSIDE)
