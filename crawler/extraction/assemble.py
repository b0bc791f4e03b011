"""Assembles a release from a page. Pure: no network, no Redis.

The steps: charset → page → blocks → selection (Trafilatura) → sections → the fields, each in its own module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from config.source_settings import ReleaseHints
from crawler.extraction.body import phrases
from crawler.extraction.body.blocks import Block, ancestors, is_under, read_blocks
from crawler.extraction.body.closing_blocks import take_closing
from crawler.extraction.body.company_headings import part_company_headings
from crawler.extraction.body.hidden_text import SHOWN, JsonText, find_json_text, reveal
from crawler.extraction.body.inline_markup import settle_inline
from crawler.extraction.body.paragraphs import Paragraph, paragraphs_of
from crawler.extraction.body.sections import Sections, split
from crawler.extraction.body.selection import choose
from crawler.extraction.body.site_boilerplate import Seen, drop_repeated
from crawler.extraction.body.text_under_headline import find_headed, keep_own
from crawler.extraction.charset import decode
from crawler.extraction.evidence import BlockVerdict, Evidence, Explanation
from crawler.extraction.field_limits import PARAGRAPHS_MAX, bounded
from crawler.extraction.fields.alternates import find_alternates
from crawler.extraction.fields.dates import is_date_line
from crawler.extraction.fields.headline import find_headline, find_subheadline, selected
from crawler.extraction.fields.images import caption_blocks, find_images
from crawler.extraction.fields.language import find_language
from crawler.extraction.fields.page_tags import find_page_tags
from crawler.extraction.fields.published import find_embargo, find_published
from crawler.extraction.fields.tags import find_tags, is_tag_line, unglue
from crawler.extraction.fields.tickers import find_tickers, listed_beside_the_text
from crawler.extraction.fields.wires import first_wire, wire_in_text, wire_of_ending
from crawler.extraction.page import Page, parse, select
from crawler.extraction.refusals import LEAST, refuse_listing, refuse_walls
from crawler.extraction.text import is_sentence, key, weight
from stories.model.release import NotARelease, Release
from stories.model.urls import canonical_url
from stories.text.linear_regex import linear

if TYPE_CHECKING:
    import lxml.html

HEADLINE_MAX = 200  # characters of a headline that is the text's first sentence
_SENTENCE = re.compile(r"(?<=[.!?])\s|(?<=[。！？])")
OPENING_MAX = 5_000  # Latin characters of the paragraph that it opens
MUCH_MORE = 1.5  # times what the page shows: its scripts hold the text then
_URL = re.compile(r"https?://[^\s<>\"']+")


def extract_release(
    html: bytes | str,
    url: str | None = None,
    hints: ReleaseHints | None = None,
    *,
    header_charset: str | None = None,
    seen: Seen | None = None,
) -> Release:
    """Return the release that a page holds; raise :class:`NotARelease` with the reason where it holds none.

    ``url`` is where the page was read, ``hints`` what is known of its source, ``header_charset`` the charset of the HTTP
    reply, ``seen`` what other pages of the site hold. What the page does not say is None or empty.
    """  # noqa: E501
    return _extract(html, url, hints, header_charset, seen, Evidence())


def explain_release(html: bytes | str, url: str | None = None, hints: ReleaseHints | None = None) -> Explanation:
    """Return what :func:`extract_release` does with a page, and why: block by block, witness by witness."""
    evidence = Evidence()
    try:
        release = _extract(html, url, hints, None, None, evidence)
    except NotARelease as refusal:
        return Explanation(None, str(refusal), evidence)
    return Explanation(release, None, evidence)


def _extract(
    html: bytes | str,
    url: str | None,
    hints: ReleaseHints | None,
    header_charset: str | None,
    seen: Seen | None,
    evidence: Evidence,
) -> Release:
    hints = hints or ReleaseHints()
    text = html if isinstance(html, str) else decode(html, header=header_charset, hint=hints.encoding)
    page = parse(text, url, evidence)
    addresses = list(_addresses(page))
    for selector in hints.drop:
        for element in select(page.tree, selector):
            if element.getparent() is not None:
                element.drop_tree()
    settle_inline(page.tree, text)
    part_company_headings(page.tree)
    blocks = read_blocks(page.tree)
    if _shown(blocks) < SHOWN and reveal(page):
        blocks = read_blocks(page.tree)
    evidence.verdicts = partial(_verdicts, blocks, None)
    headed = find_headed(blocks)
    is_proven = headed is not None and headed.may_be_mistaken and headed.is_proof
    scripted = _scripted(page, blocks, text)
    if scripted is None:
        refuse_walls(page, blocks, is_proven=is_proven)
        main = _choose(page, blocks, hints)
        if not hints.body:
            take_closing(blocks)
    else:
        evidence.note("body", scripted.paragraphs[0], scripted.path, is_used=True, reason="the page shows no text")
        main = _add_scripted(page, blocks, scripted)
    if headed is not None and is_proven and not hints.body and scripted is None:
        keep_own(blocks, headed)
    chosen = [block for block in blocks if block.chosen]
    first = chosen[0].index if chosen else 0
    headline = find_headline(page, blocks, first, hints) or (scripted.title if scripted else None)
    if seen is not None:
        drop_repeated(chosen, seen, headline)
        chosen = [block for block in chosen if block.chosen]
    captions = caption_blocks(main, blocks)
    sections = split(paragraphs_of(chosen), headline, captions)
    evidence.verdicts = partial(_verdicts, blocks, sections)
    title = key(page.title or "")
    # A title that is never closed holds the page's markup, and is no text.
    own = [text for _, text in sections.paragraphs if key(text) not in title]
    refuse_listing(blocks, own, is_proven=is_proven, dated=sections.found is not None)
    if headline is None:
        headline = _first_sentence(sections)
    return bounded(_release(page, blocks, sections, headline, hints, addresses, main, captions))


def _first_sentence(sections: Sections) -> str:
    """Return how the text begins, for a page without a title or a heading; raise where it has no text either."""
    opening = next(
        (text for _, text in sections.paragraphs if LEAST <= weight(text) <= OPENING_MAX and is_sentence(text)), None
    )
    if opening is None:
        raise NotARelease("no text", "nothing on the page is a headline")
    return _SENTENCE.split(opening, maxsplit=1)[0][:HEADLINE_MAX].rstrip()


def _shown(blocks: list[Block]) -> int:
    """Return how much running text a page shows."""
    return sum(
        weight(block.text)
        for block in blocks
        if not block.is_boilerplate and block.link_density < 0.5 and weight(block.text) >= 60
    )


def _scripted(page: Page, blocks: list[Block], source: str) -> JsonText | None:
    """Return the text that the page's scripts hold, where the page shows little of it."""
    shown = _shown(blocks)
    if shown >= SHOWN:
        return None
    found = find_json_text(page, source)
    if found is None or found.weight < MUCH_MORE * shown or (not found.is_named and shown >= LEAST):
        return None
    whole = key("".join(found.paragraphs))
    seen = sum(weight(block.text) for block in blocks if len(letters := key(block.text)) >= 24 and letters in whole)
    return found if seen < 0.5 * found.weight else None


def _add_scripted(page: Page, blocks: list[Block], text: JsonText) -> lxml.html.HtmlElement:
    """Add the paragraphs of a text that the page does not show as chosen blocks; return the element they are under."""
    for block in blocks:
        block.key = key(block.text)
        block.leave("the page's text is in its scripts")
    body = page.tree.find("body")
    for line in text.paragraphs:
        blocks.append(Block(line, "text", body, len(blocks), key=key(line)))
        blocks[-1].choose(f"in the page's scripts: {text.path}")
    return body


def _verdicts(blocks: list[Block], sections: Sections | None) -> list[BlockVerdict]:
    """Return what became of each block, in the page's order; of a chosen one, of each of its paragraphs."""
    pieces: dict[int, list[Paragraph]] = {}
    for piece in sections.pieces if sections else ():
        pieces.setdefault(piece.block.index, []).append(piece)
    found = []
    for block in blocks:
        if not block.chosen or block.index not in pieces:
            reason = block.reason or (
                "in a box next to the text" if block.is_boilerplate else "not part of the main text"
            )
            found.append(BlockVerdict(block.index, "chosen" if block.chosen else "dropped", reason, block.text))
            continue
        for piece in pieces[block.index]:
            found.append(
                BlockVerdict(
                    block.index, piece.part or "dropped", piece.reason or block.reason or "main text", piece.text
                )
            )
    return found


def _choose(page: Page, blocks: list[Block], hints: ReleaseHints) -> lxml.html.HtmlElement:
    """Mark the article's blocks: those in the hinted element, else those that are found."""
    if hints.body:
        elements = select(page.tree, hints.body)
        if elements:
            inside = {descendant for element in elements for descendant in element.iter()}
            for block in blocks:
                block.key = key(block.text)
                block.chosen = block.element in inside and not block.is_boilerplate
            if sum(weight(block.text) for block in blocks if block.chosen) >= 80:
                return elements[0]
    return choose(page, blocks)


def _addresses(page: Page) -> Iterator[str]:
    """Yield the addresses that may name the wire's own id: the page's own, pixels, links to a source version."""
    for own in (page.url, page.canonical, page.first("og:url")):
        if own:
            yield own
    for image in page.tree.iter("img"):
        if source := image.get("src") or image.get("data-src"):
            yield source if "//" in source[:8] else ""
    for link in page.tree.iter("a"):
        href = link.get("href") or ""
        if "//" in href[:8] and phrases.VIEW_SOURCE.search(
            f"{link.getprevious() is None and (link.getparent().text or '')} {link.text_content()}"[:200]
        ):
            yield href


def _release(
    page: Page,
    blocks: list[Block],
    sections: Sections,
    headline: str,
    hints: ReleaseHints,
    addresses: list[str],
    main: lxml.html.HtmlElement,
    captions: set[int],
) -> Release:
    dateline = sections.found.dateline if sections.found else None
    first = next((block.index for block in blocks if block.chosen), 0)
    near = blocks[max(0, first - 8) : max(first + 6, sections.start)]
    subheadline = find_subheadline(
        page, near, sections.lead, headline, hints, first=sections.start, dated=dateline is not None
    )
    own = _own(sections, subheadline)
    body = [text for part, text in own if part == "body"]
    if sections.found is not None:
        position = len(_before_dateline(sections, subheadline))
        body[position] = body[position][sections.found.end :].strip()
    about = tuple(text for part, text in own if part == "about")
    every = [*sections.tag_lines, *(text for _, text in own)]
    listed = listed_beside_the_text(page, blocks, _article(main))
    original = _original(page, sections, blocks)
    known = first_wire([*addresses, *([original] if original else [])])
    printed = wire_in_text(
        "\n".join([*every, *sections.notes, *(b.text for b in blocks if "ID" in b.text and weight(b.text) < 200)])
    )
    published = find_published(page, blocks, first, hints, dateline.date if dateline else None, headline)
    wire_id = _hinted_id(page, hints) or (known[1] if known else printed[1] if printed else None)
    tags = find_tags([*every, *_loose_tags(blocks, main, every[-1] if every else "")])
    page_tags = find_page_tags(page, _article(main), tags)
    return Release(
        url=_own_url(page),
        headline=headline,
        subheadline=subheadline,
        dateline=dateline,
        published_at=published.at,
        published_from=published.origin,
        published_dates=published.dates,
        embargoed_until=find_embargo([block.text for block in blocks[:60]], hints.timezone),
        tags=(*tags, *page_tags),
        page_tags=page_tags,
        tickers=find_tickers([headline, subheadline or "", *every, *listed]),
        issuer=_issuer(page, sections, about, blocks, hints),
        language=find_language([*body, *about], page.language),
        body=tuple(text for text in body if text),
        about=about,
        disclaimer=sections.disclaimer,
        contacts=tuple(sections.contacts),
        images=find_images(page, main, blocks, captions),
        wire=hints.wire
        or (known[0] if known else None)
        or (dateline.wire if dateline else None)
        or (printed[0] if printed else None)
        or wire_of_ending(sections.notes),
        wire_id=wire_id,
        original_url=original,
        alternates=find_alternates(page, _own_url(page)),
        text="\n".join(text for _, text in own),
    )


def _article(main: lxml.html.HtmlElement) -> lxml.html.HtmlElement | None:
    return next((element for element in ancestors(main) if element.tag == "article"), main.getparent())


def _loose_tags(blocks: list[Block], main: lxml.html.HtmlElement, ending: str) -> Iterator[str]:
    """Yield the lines of hashtags in the article's element, up to other stories; ``ending`` ends the release's text.

    Trafilatura drops some of them, and some follow the text.
    """
    article = _article(main)
    wanted = key(ending)
    last = max((block.index for block in blocks if block.chosen and wanted in block.key), default=0)
    opens = next((block.index for block in blocks if block.chosen), 0)
    for block in blocks[opens:]:
        if block.index > last and (phrases.RELATED.match(block.text) or not is_under(block.element, article)):
            return
        if not block.is_boilerplate:
            yield from (line for line in unglue(block.text).split("\n") if is_tag_line(line))


def _before_dateline(sections: Sections, subheadline: str | None) -> list[str]:
    """Return what is between headline and dateline and is of the text: highlights, a word on an earlier release.

    Behind such an advisory the release begins anew, often with the headline that its title does not have.
    """
    kept: list[str] = []
    advised = False
    for piece in sections.lead:
        advised = advised or phrases.ADVISORY.search(piece.text) is not None
        if (advised or _is_highlight(piece)) and piece.text != subheadline and not is_date_line(piece.text):
            kept.append(piece.text)
    return kept


def _is_highlight(piece: Paragraph) -> bool:
    return piece.block.kind == "item" and piece.block.link_density < 0.3 and weight(piece.text) >= 30


def _own(sections: Sections, subheadline: str | None) -> list[tuple[str, str]]:
    """Return the release's paragraphs in page order with the part each belongs to."""
    lead = [("body", text) for text in _before_dateline(sections, subheadline)] if sections.found else []
    return [*lead, *((part, text) for part, text in sections.paragraphs if text != subheadline)][:PARAGRAPHS_MAX]


_SPECIFIC = re.compile(r"\d{3,}|\w-\w+-\w")
"""Of a path that names one release: a number, or a headline's words."""


def _own_url(page: Page) -> str | None:
    """Return the page's URL; the one that its canonical link names if that only leaves out parameters.

    Listings add the session or the position in the list to their links: each poll would find other releases.
    """
    try:
        own = canonical_url(page.url) if page.url else None
        said = canonical_url(page.canonical) if page.canonical else None
    except ValueError:
        return None
    if own is None or said is None or own == said:
        return own
    (path, _, query), (said_path, _, said_query) = own.partition("?"), said.partition("?")
    kept = set(filter(None, said_query.split("&")))
    if path.split("://")[1] != said_path.split("://")[1] or not kept < set(query.split("&")):
        return own
    return said if kept or _SPECIFIC.search(urlsplit(path).path) else own


def _hinted_id(page: Page, hints: ReleaseHints) -> str | None:
    if hints.url and page.url and (match := linear(hints.url).search(page.url)):
        return match.groupdict().get("id")
    return None


def _original(page: Page, sections: Sections, blocks: list[Block]) -> str | None:
    """Return where the release first stood: "View source version on …", else a canonical address on another page."""
    for block in blocks:
        if weight(block.text) <= 700 and phrases.VIEW_SOURCE.search(block.text):
            if match := _URL.search(block.text):
                return match[0].rstrip(".,)")
            for link in block.element.iter("a"):
                if href := page.absolute(link.get("href")):
                    return href
    own = _own_url(page)
    for said in (page.canonical, page.absolute(page.first("og:url"))):
        try:
            address = canonical_url(said) if said else None
        except ValueError:
            continue
        if (
            address
            and own
            and address.split("://")[1].rstrip("/") != own.split("://")[1].rstrip("/")
            and address.count("/") > 3
        ):
            return address
    return None


_EQS_ISSUER = re.compile(r"^(?:EQS|DGAP)-(?:News|Ad-?hoc|[\w-]+)\s*:\s*(?P<name>[^/|\n]{2,80}?)\s*(?:/|$)|^(?:Company|Unternehmen)\s*:\s*(?P<row>\S.{1,80})$|^\| (?:Company|Unternehmen):? \| (?P<cell>[^|]{2,80}) \|", re.M)  # fmt: skip  # noqa: E501
_ABOUT_NAME = re.compile(
    r"^\W*(?:More\s+)?(?:About|Über|À propos d[eu'’]s?|Acerca de|Sobre|關於|关于|Về)\s*(?:die |the )?(?P<name>[^:：\n]{2,90}?)\s*[:：]?$",  # noqa: E501
    re.I,
)

_LEGAL_FORM = re.compile(
    r"\b(?:Inc|Ltd|Corp|Co|Cos|Bros|Bhd|Pty|plc|L\.?L\.?C|L\.?P|S\.?A|N\.?V|B\.?V|A\.?G|S\.?p\.?A|S\.?E|K\.?K|C\.V|S\.r\.l)\.$",
    re.I,
)


def _issuer(
    page: Page, sections: Sections, about: tuple[str, ...], blocks: list[Block], hints: ReleaseHints
) -> str | None:
    """Return the company that issued it: as the SOURCE line, the wire's header or the first about section names it."""
    if name := selected(page, hints.issuer) or sections.source or sections.company:
        return name
    for index, block in enumerate(blocks):
        if weight(block.text) <= 160:
            if match := phrases.PROVIDED_BY.match(block.text.replace("\n", " ")):
                following = blocks[index + 1].text.split("\n")[0] if index + 1 < len(blocks) else ""
                name = match["name"].strip() or following
                if name and weight(name) <= 90:
                    return name
            if match := _EQS_ISSUER.search(block.text):
                return (match["name"] or match["row"] or match["cell"]).strip()
    heading = about[0].rstrip(":：") if about else ""
    if (
        weight(heading) <= 140
        and (_LEGAL_FORM.search(heading) or not is_sentence(heading))
        and (match := _ABOUT_NAME.match(heading))
        and match["name"].lower() not in ("us", "the company")
    ):
        return match["name"].strip()
    return None
