"""The tags and tickers that the entries of feeds and news sitemaps give: categories, keywords, stock tickers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from crawler.extraction.fields.exchanges import EXCHANGES
from crawler.listings.html.link_text import plain_text
from crawler.listings.listing_page import ListingPage
from stories.text.index_words import tag_word

MAX_TAGS = 50  # of an entry; PR Newswire gives some 15
MAX_TAG_CHARACTERS = 100
_SEPARATOR = re.compile(r"[,;，、；|\n]")
_TICKER = re.compile(r"\s*(?P<exchange>[A-Za-z][\w .&-]{1,30}?)\s*[:：]\s*(?P<symbol>[A-Z0-9][A-Z0-9.\-]{0,11})\s*")
_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}\d")
_STOCK_SCHEME = re.compile(r"stock|ticker|symbol|isin", re.I)
_SEARCH_PARAMETERS = frozenset({"q", "s", "k", "query", "search", "keyword", "keywords", "kw", "wd", "text", "term"})


def split_tags(texts: Iterable[object]) -> tuple[str, ...]:
    """Return the tags that lists of keywords hold, without ``#``, each once."""
    found: dict[str, str] = {}
    for text in texts:
        if not isinstance(text, str):
            continue
        for part in _SEPARATOR.split(plain_text(text[: MAX_TAGS * MAX_TAG_CHARACTERS])):
            tag = part.strip().lstrip("#＃").strip()
            if 0 < len(tag) <= MAX_TAG_CHARACTERS and "://" not in tag:
                found.setdefault(tag.casefold(), tag)
    return tuple(found.values())[:MAX_TAGS]


def split_tickers(texts: Iterable[object], *, is_known: bool = False) -> tuple[str, ...]:
    """Return the tickers that texts hold, ``EXCHANGE:SYMBOL``; ``is_known``: only of exchanges in our table."""
    found: dict[str, None] = {}
    for text in texts:
        for part in _SEPARATOR.split(text[: MAX_TAGS * MAX_TAG_CHARACTERS]) if isinstance(text, str) else ():
            if (match := _TICKER.fullmatch(part)) is not None:
                printed = match["exchange"].strip().upper()
                if printed in EXCHANGES or not is_known:
                    found[f"{EXCHANGES.get(printed, printed)}:{match['symbol']}"] = None
            elif not is_known and _ISIN.fullmatch(part.strip()):
                found[f"ISIN:{part.strip()}"] = None
    return tuple(found)[:MAX_TAGS]


def with_symbols(tags: Iterable[str], tickers: Iterable[str]) -> tuple[str, ...]:
    """Return the tags with the symbols of the tickers, which watches follow like tags."""
    symbols = (ticker.rpartition(":")[2] for ticker in tickers if not ticker.startswith("ISIN:"))
    found = {tag.casefold(): tag for tag in reversed([*tags, *(symbol for symbol in symbols if not symbol.isdigit())])}
    return tuple(reversed(found.values()))[:MAX_TAGS]


def feed_tags(entry: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (tags, tickers) of an entry that feedparser read."""
    tags: list[object] = []
    stocks: list[object] = []
    for category in entry.get("tags") or ():
        term, label = category.get("term"), category.get("label")
        if _STOCK_SCHEME.search(str(category.get("scheme") or "")) or split_tickers([term], is_known=True):
            stocks.append(term)
        else:
            tags += [label, term]
    tags += [entry.get(name) for name in ("media_keywords", "dc_keyword", "keywords", "news_keywords")]
    stocks += [entry.get(name) for name in ("news_stock_tickers", "stock_tickers")]
    tickers = split_tickers(stocks)
    return with_symbols(split_tags(tags), tickers), tickers


def json_tags(tags: object) -> tuple[str, ...]:
    """Return the ``tags`` of a JSON Feed item."""
    return split_tags(tags[: 2 * MAX_TAGS]) if isinstance(tags, list) else split_tags([tags])


def sitemap_tags(row: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (tags, tickers) of a news sitemap's entry; a stock ticker without an exchange is a tag."""
    stocks = row.get("news:stock_tickers", "")
    tickers = split_tickers([stocks])
    loose = [tag for tag in split_tags([stocks]) if ":" not in tag]
    return with_symbols([*split_tags([row.get("news:keywords", "")]), *loose], tickers), tickers


def with_page_tag(listed: ListingPage, template: str, tag: str | None, url: str) -> ListingPage:
    """Return a listing whose entries carry the tag that it was polled for.

    The result pages of a search are left out: what they list need not carry the tag. So is a page at another address
    (``url``, after redirects) that does not name the tag: sites redirect unknown tags to their latest releases.
    """
    if tag is None or _is_search(template) or tag_word(tag) not in tag_word(unquote(url)):
        return listed
    tagged = (replace(one, tags=tuple(dict.fromkeys((tag, *one.tags)))) for one in listed.sightings)
    return replace(listed, sightings=tuple(tagged))


def _is_search(template: str) -> bool:
    query = parse_qsl(urlsplit(template).query)
    return any("{tag}" in value and name.lower() in _SEARCH_PARAMETERS for name, value in query)
