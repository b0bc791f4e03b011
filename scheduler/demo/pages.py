"""Renders the pages, listings and feeds of the loopback newswire. The markup follows real wires; the words are ours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from scheduler.demo.sites import Page, Site, long_day, slug

TEASERS = 8  # teasers next to an article; real pages have a dozen

EVERGREENS = (
    (
        "Why a Shed Is the Best Office You Will Ever Have",
        "A desk, a kettle and a endpoint that closes: what more does a good idea need? We asked five people who moved "
        "their company to the bottom of the garden and never came",
    ),
    (
        "Nine Knots Every Weekend Sailor Should Forget",
        "There are some four thousand knots, and most of them hold. Our columnist has spent a summer untying those "
        "that do not, and he has a few things to say to the person who",
    ),
    (
        "The Return of the Lunch Break",
        "Half an hour away from the screen is worth more than a gym membership, a new survey of people who eat lunch "
        "suggests. Employers are slowly coming round to",
    ),
)
"""Permanent content of a syndicator's columns, which belongs to no release."""


def article(site: Site, page: Page) -> bytes:
    """Return a release's page with the site's navigation, columns and footer."""
    others = [other for other in site.listed() if other is not page][:TEASERS]
    return _render(
        f"{site.custom.name}/article.html",
        site=site.custom,
        base=site.base,
        url=site.base + page.path,
        page=page,
        others=others,
        evergreens=EVERGREENS,
    )


def listing(site: Site, pages: Sequence[Page], heading: str, following: str | None) -> bytes:
    """Return an html listing of ``pages``; ``following`` is the path of the next page."""
    return _render(
        f"{site.custom.name}/listing.html",
        site=site.custom,
        base=site.base,
        pages=pages,
        heading=heading,
        next=following,
    )


def feed(site: Site, pages: Sequence[Page], kind: str, path: str) -> bytes:
    """Return a feed, ``kind`` being ``rss`` or ``atom``."""
    return _render(
        f"{site.custom.name}/{kind}.xml",
        site=site.custom,
        base=site.base,
        url=site.base + path,
        pages=pages,
        updated=max((page.modified_at for page in pages), default=datetime(2026, 1, 1, tzinfo=UTC)),
    )


def sitemap(site: Site, pages: Sequence[Page]) -> bytes:
    """Return a news sitemap."""
    entries = "".join(
        f"<url><loc>{Markup.escape(site.base + quote(page.path))}</loc><lastmod>{_iso_z(page.modified_at)}</lastmod>"
        f"<news:news><news:publication><news:name>{Markup.escape(site.custom.title)}</news:name>"
        f"<news:language>{page.handout.language}</news:language></news:publication>"
        f"<news:publication_date>{_iso_z(page.published_at)}</news:publication_date>"
        f"<news:title>{Markup.escape(page.headline)}</news:title></news:news></url>\n"
        for page in pages
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">\n{entries}</urlset>\n'
    ).encode()


def _render(template: str, **values: object) -> bytes:
    return _environment().get_template(template).render(**values).encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("scheduler.demo"),
        autoescape=select_autoescape(["html", "xml"]),
        undefined=StrictUndefined,
    )
    environment.filters |= {
        "slug": slug,
        "teaser": _teaser,
        "cdata": _cdata,
        "iso": lambda moment, site: site.local(moment).isoformat(timespec="seconds"),
        "iso_z": _iso_z,
        "day_month_year": lambda moment, site: long_day(site.local(moment)),
        "american_date": lambda moment, site: f"{(day := site.local(moment)).month}/{day.day}/{day.year}",
        "american_time": lambda moment, site: f"{site.local(moment):%I:%M:%S %p}".lstrip("0"),
        "american_long": lambda moment, site: f"{site.local(moment):%B %d, %Y %H:%M} ET",
        "eastern_style": lambda moment, site: f"{site.local(moment):%b %d, %Y, %H:%M} ET",
        "rfc822_without_seconds": lambda moment: f"{moment.astimezone(UTC):%a, %d %b %Y %H:%M} GMT",
    }
    return environment


def _iso_z(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _teaser(page: Page, length: int) -> str:
    """Truncate as the sites do: inside a word, with three dots."""
    parts = (page.handout.subheadline or "", *page.before, page.dateline.text if page.dateline else "", *page.text)
    text = " ".join(part.strip() for part in parts if part)
    return text if len(text) <= length else text[:length].rstrip() + "..."


def _cdata(text: str) -> Markup:
    return Markup(text.replace("]]>", "]]]]><![CDATA[>"))  # noqa: S704 (inside CDATA nothing else is special)
