"""Which newswire carried a release, and the wire's own id of it: from addresses, pixels and text.

Patterns of stored pages and archives of the wires; a syndicated copy carries the wire's tracking pixel or a "View source
version" link, so that it is tied to its original without comparing texts.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Iterable

from stories.text.linear_regex import LinearTable

ADDRESSES = LinearTable(
    (
        (r"//track\.media-outreach\.com/index\.php/WebView/(?P<id>\d+)", "Media OutReach Newswire"),
        (r"//(?:[\w-]+\.)*media-outreach\.com/news/[\w-]+/\d{4}/\d\d?/\d\d?/(?P<id>\d+)", "Media OutReach Newswire"),
        (r"//(?:www\.)?media-outreach\.com/release\.php/View/(?P<id>\d+)", "Media OutReach Newswire"),
        (r"//(?:[\w-]+\.)*businesswire\.com/news/home/(?P<id>\d{14})", "Business Wire"),
        (r"//cts\.businesswire\.com/ct/CT\?.*?\b(?:sty=|newsitemid=)(?P<id>\d{14})", "Business Wire"),
        (r"//(?:www\.)?prnewswire\.(?:com|co\.uk)/(?:[\w-]+/)?news-releases/(?:[^/?#]*-)?(?P<id>\d{9})\.html", "PR Newswire"),  # noqa: E501
        (r"//(?:www\.)?newswire\.ca/(?:[\w-]+/)?news-releases/(?:[^/?#]*-)?(?P<id>\d{9})\.html", "CNW"),
        (r"//(?:www\.)?globenewswire\.com/(?:[a-z]{2}/)?news-release/\d{4}/\d\d?/\d\d?/(?P<id>\d{5,8})", "GlobeNewswire"),  # noqa: E501
        (r"//(?:www\.)?newsfilecorp\.com/release/(?P<id>\d{4,7})", "Newsfile"),
        (r"//(?:www\.)?accessnewswire\.com/newsroom/\w\w/[\w-]+/(?:[^/?#]*-)?(?P<id>\d{4,})(?:$|[/?#])", "ACCESS Newswire"),  # noqa: E501
        (r"//api\.newsfilecorp\.com/newsinfo/(?P<id>\d{4,7})", "Newsfile"),
        (r"//(?:www\.)?access(?:news)?wire\.com/img\.ashx\?id=(?P<id>\d{5,})", "ACCESS Newswire"),
        (r"//(?:www\.)?accesswire\.com/(?:viewarticle\.aspx\?id=|)(?P<id>\d{5,})", "ACCESS Newswire"),
        (r"//(?:www\.)?(?:eqs-news|dgap)\.(?:com|de)/(?:[a-z]{2}/)?(?:news|company)/.*?(?P<id>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", "EQS News"),  # noqa: E501
        (r"//(?:www\.)?(?:eqs-news|dgap)\.(?:com|de)/(?:[a-z]{2}/)?news/.*?/(?P<id>\d{5,})(?:$|[/?#])", "EQS News"),
        (r"//(?:www\.)?eqs-cockpit\.com/cgi-bin/fncls\.ssp\?.*?\bapplication_id=(?P<id>\d{5,9})", "EQS News"),
        (r"//(?:[\w-]+\.)?acnnewswire\.com/press-release/\w+/(?P<id>\d{4,7})", "ACN Newswire"),
        (r"//(?:[\w-]+\.)?jcnnewswire\.com/.*?[?&]artid=(?P<id>\d+)", "JCN Newswire"),
        (r"//(?:[\w-]+\.)?prnasia\.com/story/(?P<id>\d+)-\d", "PR Newswire"),
        (r"//(?:[\w-]+\.)?prnasia\.com/releases/(?:apac|global)/(?:[^/?#]*-)?(?P<id>\d+)\.shtml", "PR Newswire"),
        (r"//(?:www\.)?newsdirect\.com/news/(?:[^/?#]*-)?(?P<id>\d{7,9})(?:$|[/?#])", "News Direct"),
        (r"//(?:www\.)?newmediawire\.com/news/(?:[^/?#]*-)?(?P<id>\d{6,8})(?:$|[/?#])", "NewMediaWire"),
        (r"//(?:[\w-]+\.)?24-7pressrelease\.com/press-release/(?P<id>\d{5,7})", "24-7 Press Release"),
        (r"//(?:www\.)?kyodonewsprwire\.jp/release/(?P<id>\d+)", "Kyodo News PR Wire"),
        (r"//(?:www\.)?einpresswire\.com/article/(?P<id>\d+)", "EIN Presswire"),
        (r"//(?:www\.)?presseportal\.(?:de|ch)/pm/(?P<id>\d+/\d+)", "news aktuell"),
        (r"//rt\.newswire\.ca/rt\.gif\?.*?NewsItemId=(?P<id>\w+)", "PR Newswire"),
        (r"//rt\.prnewswire\.com/rt\.gif\?.*?NewsItemId=(?P<id>\w+)", "PR Newswire"),
    ),
    ignore_case=True,
)  # fmt: skip
PIXELS = re.compile(r"track\.media-outreach\.com|cts\.businesswire\.com/ct/|rt\.(?:prnewswire\.com|newswire\.ca)/rt\.gif|img\.ashx\?id=|/newsinfo/\d|fncls\.ssp\?|globenewswire\.com/newsroom/ti\?|"  # noqa: E501
                    r"qmod\.com|(?:pixel|feedtrack|tracker|tracking|beacon|counter|stats?|analytics)[./?_-]|doubleclick|/ct/CT\?|1x1|spacer\.|blank\.gif|\bp\.gif", re.I)  # fmt: skip  # noqa: E501
_EQS_ID = re.compile(r"\b(?:EQS|DGAP)[ -](?:News|Message)[ -]ID\s*+[:：]?[\s|]*+[:：]?[\s|]*+(\d{5,9})\b", re.I)
_ASIANET = re.compile(r"\bMEDIA RELEASE (PR\d{4,6})\b")


def wire_of(address: str) -> tuple[str, str] | None:
    """Return (wire, id) of an address of a wire's own page or pixel."""
    found = ADDRESSES.search(address)
    return (found[1], found[0]["id"]) if found else None


def first_wire(addresses: Iterable[str]) -> tuple[str, str] | None:
    """Return (wire, id) of the first address that has one."""
    return next((found for address in addresses if (found := wire_of(address))), None)


def wire_in_text(text: str) -> tuple[str, str] | None:
    """Return (wire, id) that the text itself prints: ``EQS News ID: 1621957``."""
    if match := _EQS_ID.search(text):
        return "EQS News", match[1]
    if match := _ASIANET.search(text):
        return "AsiaNet", match[1]
    return None
