"""Which URLs may be releases: what their shape alone says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlsplit

FILES = re.compile(
    r"\.(?:pdf|jpe?g|png|gif|svg|webp|avif|bmp|ico|zip|gz|rar|7z|tar|docx?|xlsx?|pptx?|odt|csv|mp[34]|m4[av]|mov|avi|webm|wav|ogg|"
    r"css|js|json|xml|rss|atom|ics|vcf|epub|exe|dmg|apk|woff2?|eot|ttf)",
    re.IGNORECASE,
)
SHARING = re.compile(
    r"(?:www\.|m\.|l\.|mobile\.|web\.|api\.|share\.|social-plugins\.)?(?:facebook|twitter|x|linkedin|pinterest|reddit|tumblr|whatsapp|telegram|weibo|vk|xing"
    r"|getpocket|instapaper|flipboard|instagram|youtube|tiktok|threads|addtoany|addthis|sharethis)\.(?:com|net|org|ru|de)"
    r"|t\.me|wa\.me|youtu\.be|lnkd\.in|line\.me|service\.weibo\.com|bsky\.app|(?:apps|podcasts|itunes)\.apple\.com|(?:play|plus|maps|translate|accounts)\.google\.com"
    r"|.*\.(?:doubleclick|googlesyndication|list-manage)\.(?:net|com)",
    re.IGNORECASE,
)
NEVER = re.compile(
    r"(?:categor(?:y|ies)|kategorien?|rubriken?|tags?|hashtags?|authors?|autor(?:en)?|by|users?|profiles?|search|suche|log-?in|log-?out|sign-?(?:in|up|out)"
    r"|register|registration|subscri(?:be|ption)s?|newsletters?|accounts?|my-?account|cart|checkout|shop|contact(?:-us)?|kontakt|impressum|imprint"
    r"|privacy(?:-policy)?|datenschutz|legal|cookies?|faqs?|careers?|sitemap|rss|feeds?|wp-(?:login\.php|admin|json)|share|print|send-a-release|request-demo"
    r"|comment-page-\d+|page)",
    re.IGNORECASE,
)
"""Parts of a path that lead to a directory or a service, whatever else is in it."""
SELDOM = re.compile(
    r"(?:topics?|themen?|sections?|writers?|members?|store|products?|solutions?|services?|platform|pricing|about(?:-us)?|ueber-uns|terms|help|support|jobs"
    r"|e?-?mail|compan(?:y|ies)|organi[sz]ations?|issuers?|industr(?:y|ies)|sectors?|countr(?:y|ies)|regions?|languages?|lang|archiv(?:es?|io)?|events?|calendar"
    r"|webinars?|videos?|photos?|gallery|galleries|podcasts?|advertise|partners?|p\d?|stock|quotes?)",
    re.IGNORECASE,
)
"""Parts of a path under which releases are only when they have a date or an id."""
RELEASES = re.compile(
    r"news|newsroom|newswire|news-?releases?|press|press-?releases?|releases?|pr|media|media-?releases?|press-?office|press-?cent(?:er|re)|stor(?:y|ies)"
    r"|articles?|artikel|aktuelles|announcements?|presse|pressemitteilung(?:en)?|pressemeldung(?:en)?|meldung(?:en)?|nachrichten|communiques?(?:-de-presse)?"
    r"|comunicados?|noticias?|notizie|blog|posts?|details?|view|show|xinwen|新闻|新聞|article\.aspx|shownews|newsdetail|content",
    re.IGNORECASE,
)
DATE = re.compile(
    r"(?:^|/)(?:19|20)\d\d[/-](?:0?[1-9]|1[0-2])(?:[/-][0-3]?\d)?(?=/|-|$)"
    r"|(?:^|[/_-])(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{0,8}(?!\d)"
)
UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{24,40}", re.IGNORECASE)
NUMBER = re.compile(r"\d{4,}")
YEAR = re.compile(r"(?:19|20)\d\d")
ID_KEYS = re.compile(
    r"(?:.*_)?(?:art|news|release|story|item|doc|content|pr|post|press)?_?(?:id|no|nr)|[pan]|nid|aid|newsitemid",
    re.IGNORECASE,
)
LANGUAGE = re.compile(r"[a-z]{2}(?:[-_](?:[a-z]{2}|hans|hant))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a URL's shape says."""

    evidence: float
    """For a release, about 0 to 7; below 0 for a directory, a service or an account."""
    family: tuple[object, ...]
    """Equal for URLs of the same kind of page."""
    host: str


@lru_cache(maxsize=4096)
def shape_of(url: str) -> Shape:
    """Return what a canonical URL's shape says, without looking at the page."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    segments = [segment for segment in path.split("/") if segment]
    while len(segments) > 1 and LANGUAGE.fullmatch(segments[0]):
        segments = segments[1:]
    query = parse_qsl(parts.query)
    last, extension = _split_extension(segments[-1] if segments else "")
    numeric = tuple(segment.isdigit() for segment in segments)
    family = (parts.hostname, len(segments), numeric, extension, tuple(sorted(name for name, _ in query)))
    identity = _identity(path, segments, last, query)
    evidence = identity + _slug(last)
    if any(RELEASES.fullmatch(segment) for segment in segments[:-1]):
        evidence += 1
    elif len(segments) == 1 and not query and RELEASES.fullmatch(segments[0]):
        evidence -= 0.5  # the newsroom itself
    if any(NEVER.fullmatch(segment) for segment in segments) or (segments and SELDOM.fullmatch(last)):
        evidence -= 3
    elif any(SELDOM.fullmatch(segment) for segment in segments):
        evidence -= 3 if not identity and SELDOM.fullmatch(segments[-2]) else 1
    if not segments and not query:
        evidence -= 5
    return Shape(evidence, family, parts.hostname or "")


def _split_extension(last: str) -> tuple[str, str]:
    stem, dot, extension = last.rpartition(".")
    return (stem, extension.lower()) if dot and 0 < len(extension) <= 5 and extension.isalpha() else (last, "")


def _identity(path: str, segments: list[str], last: str, query: list[tuple[str, str]]) -> float:
    evidence = 3.0 if DATE.search(path) else 0.0
    numbers = [number for number in NUMBER.findall(last) if not YEAR.fullmatch(number)]
    if (
        numbers
        or UUID.search(path)
        or any(NUMBER.fullmatch(segment) and not YEAR.fullmatch(segment) for segment in segments)
    ) or any(ID_KEYS.fullmatch(name) and value.isdigit() for name, value in query):
        evidence += 2
    elif re.match(r"\d{1,3}-", last) or re.search(r"-\d{2,3}$", last):
        evidence += 0.5
    return evidence


def _slug(last: str) -> float:
    words = [word for word in re.split(r"[-_+ ]+", last) if word]
    letters = sum(not letter.isascii() for letter in last)
    if len(words) >= 4 or letters >= 8:
        return 2.0
    return 1.0 if len(words) == 3 or letters >= 4 else 0.0


def is_no_page(url: str, host: str = "") -> bool:
    """Return whether a URL is a file, or a share button or profile elsewhere than on ``host``: never a release."""
    parts = urlsplit(url)
    _, dot, extension = parts.path.rpartition(".")
    if dot and FILES.fullmatch("." + extension):
        return True
    return parts.hostname != host and SHARING.fullmatch(parts.hostname or "") is not None


def is_directory(url: str) -> bool:
    """Return whether a URL names a directory, a service or an account, with nothing that speaks for a release."""
    return shape_of(url).evidence < 0
