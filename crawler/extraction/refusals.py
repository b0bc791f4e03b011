"""Pages that are no release, and why: listings, error pages, walls, shells that need JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from crawler.extraction.body.blocks import ASIDE, Block, ancestors, is_under
from crawler.extraction.page import Page
from crawler.extraction.page_phrases import CONSENT, COOKIES, ERROR, JAVASCRIPT, LOGIN
from crawler.extraction.text import is_cut_short, is_sentence, key, weight
from stories.model.release import NotARelease

REASONS = ("empty", "not HTML", "listing", "error page", "log-in wall", "cookie wall", "needs JavaScript", "no text",
           "unreadable", "too large", "took too long", "reader crashed")  # fmt: skip
"""The fixed list of reasons."""

LITTLE = 600  # Latin characters: less text than the shortest releases have, so that a wall's words count
MANY_LINKS = 400  # without a paragraph next to them; a wire's menu has some 300
LONG = 400  # Latin characters; no headline and few teasers have as many
OPENING = 4  # paragraphs of text or teasers that a page opens with
SUMMARIES = 0.75  # of a listing's text; a lead story may have two paragraphs
LEAST = 80  # Latin characters of running text that a release has
OPENING_TEXT = 100  # Latin characters of a first paragraph
SENTENCE = 25  # Latin characters
SHORTEST = 40  # Latin characters of a release that is alone on its page; "Write to us." is not one
FEW_LINKS = 2
OWN = 60  # Latin characters without a wall's words, which are a text: one sentence
OWN_SHARE = 0.4  # of the running text, so that the wall's own further sentences are no text
WALL_MAX = 8_000  # Latin characters; the longest consent text measured has 5,000
CONSENT_SHARE = 0.5  # of the running text is in paragraphs with a wall's words
CONSENT_SHARE_HEADED = 0.3  # … under a heading with such words
CONSENT_IN = 250  # characters of each of them
CONSENT_WITHIN = 3  # paragraphs from the top, one of which has a wall's words
UNDER_HEADLINE = 6  # blocks
ENDS = (".", "!", "。", "！", "”", '"', "」", "।", "።")

_WALLS = (CONSENT, COOKIES, ERROR, JAVASCRIPT, LOGIN)


def refuse_walls(page: Page, blocks: Sequence[Block], *, is_proven: bool = False) -> None:
    """Raise ``NotARelease`` for a page whose text is an error, a wall, or a shell.

    Words count where they are in running text and headings: the menus of any wire name cookies and log-ins. A text of
    its own, without such words, is read whatever else the page says.
    ``is_proven``: the page has a headline over a dateline or a notice (``body/text_under_headline.py``). Then its
    little text is what there is to read.
    """
    around = [block for block in blocks if not block.is_boilerplate and block.link_density < 0.5]
    running = [block for block in around if weight(block.text) >= 60]
    amount = sum(weight(block.text) for block in running)
    title = page.title or ""
    if not is_proven and amount < WALL_MAX and _is_consent_wall(title, around, running, amount):
        raise NotARelease("cookie wall", title)
    if amount >= 2 * LITTLE:
        return
    everything = " \n".join(block.text for block in blocks)[:20_000]
    near = " \n".join(block.text for block in around)[:20_000]
    links = sum(block.links for block in blocks)
    if amount < LEAST and links >= MANY_LINKS:
        raise NotARelease("listing", f"{links} links and no text of its own")
    first = " ".join(block.text for block in blocks if block.kind == "heading")[:400]
    if ERROR.search(title) or (ERROR.search(first) and amount < LITTLE):
        raise NotARelease("error page", title or first[:120])
    if amount < LITTLE and not is_proven:
        own = sum(weight(block.text) for block in running if not _has_wall_words(block.text))
        has_own = (own >= OWN and own >= OWN_SHARE * amount) or _has_text_under_heading(around)
        if (not has_own or LOGIN.search(f"{title}\n{first}")) and _is_log_in_wall(page, near, own):
            raise NotARelease("log-in wall", title)
        if (
            not (has_own or _opens_with_text(title, running))
            and len(COOKIES.findall(near)) >= 3
            and 2 * _weight_of(running, COOKIES) >= amount
        ):
            raise NotARelease("cookie wall", title)
        if not has_own and ERROR.search(near):
            raise NotARelease("error page", title or everything.strip()[:120])
        script = " ".join(element.text_content() for element in page.tree.iter("noscript"))
        shell = page.tree.xpath(
            "boolean(//*[@id='root' or @id='app' or @id='__next' or @id='__nuxt'][not(.//p)]|//app-root)"
        )
        if amount < LEAST and (JAVASCRIPT.search(script) or JAVASCRIPT.search(everything) or shell):
            raise NotARelease("needs JavaScript", "the page is an empty shell without a browser")
        if amount < LEAST and page.scripts and weight(everything) < LEAST:
            raise NotARelease("needs JavaScript", "scripts and no text")
        if not everything.strip():
            raise NotARelease("empty", "the page has no text")


def _is_consent_wall(title: str, around: Sequence[Block], running: Sequence[Block], amount: int) -> bool:
    """Whether most of what a page says asks the reader to agree to cookies and the like.

    Not where headline and first paragraph say nothing of it: then the wall is an overlay over a text.
    """
    if not any(CONSENT.search(block.text[:CONSENT_IN]) for block in running[:CONSENT_WITHIN]):
        return False
    asking = [block for block in running if CONSENT.search(block.text)]
    phrases = {pattern for block in asking for pattern in _consent_phrases(block.text)}
    share = sum(weight(block.text) for block in asking) / amount
    heading = next((block for block in around if block.level in (1, 2)), None)
    heads = f"{title}\n{heading.text if heading else ''}"
    is_headed = CONSENT.search(heads) is not None or COOKIES.search(heads) is not None
    if len(phrases) < (3 if is_headed else 4) or share < (CONSENT_SHARE_HEADED if is_headed else CONSENT_SHARE):
        return False
    return is_headed or not (_has_text_under_heading(around) or _opens_with_text(title, running))


def _has_text_under_heading(around: Sequence[Block]) -> bool:
    """Whether a sentence without a wall's words is right under a heading without them."""
    heading = next((block for block in around if block.level in (1, 2)), None)
    if heading is None or _has_wall_words(heading.text):
        return False
    return any(
        weight(block.text) >= SENTENCE and is_sentence(block.text) and not _has_wall_words(block.text)
        for block in around
        if heading.index < block.index <= heading.index + UNDER_HEADLINE
    )


def _opens_with_text(title: str, running: Sequence[Block]) -> bool:
    """Whether the first paragraph of a page has none of a wall's words, and its title neither: a wall says so first."""
    return (
        bool(running)
        and weight(running[0].text) >= OPENING_TEXT
        and not _has_wall_words(running[0].text)
        and not _has_wall_words(title)
    )


def _has_wall_words(text: str) -> bool:
    return any(words.search(text) for words in _WALLS)


def _consent_phrases(text: str) -> Iterator[str]:
    """Yield the first words of each thing that a consent text says."""
    for match in CONSENT.finditer(text):
        yield match[0][:24].lower()


def _is_log_in_wall(page: Page, near: str, own: int) -> bool:
    """Whether a page asks for a log-in: by a password field, where little else is said, or by several such phrases."""
    phrases = len(LOGIN.findall(near))
    return phrases >= 2 or (_asks_for_password(page) and (phrases > 0 or own < OWN))


def _asks_for_password(page: Page) -> bool:
    """Whether the page has a password field itself, not in the log-in form of its header or menu."""
    return any(
        not any(around.tag in ASIDE or around.tag == "header" for around in ancestors(field))
        for field in page.tree.xpath("//input[@type='password']")
    )


def _weight_of(blocks: Sequence[Block], words: re.Pattern[str]) -> int:
    """Return how much of the running text is in paragraphs that hold such words."""
    return sum(weight(block.text) for block in blocks if words.search(block.text))


def refuse_listing(blocks: Sequence[Block], own: Sequence[str], *, dated: bool, is_proven: bool = False) -> None:
    """Raise ``NotARelease`` for a page that names other pages and has no text of its own.

    ``own`` are the paragraphs that would be the release's; ``dated``: they open with a dateline. A page is a listing where
    paragraphs that are cut short say as much as whole ones do, or open it, and where nearly all that is whole is under
    linked headlines. A text of its own is never refused for the teasers behind it or between its paragraphs.
    """  # noqa: E501
    if is_proven and own:
        return
    links = [block for block in blocks if _is_linked_headline(block)]
    whole = [text for text in own if _is_own_text(text)]
    own_weight = sum(map(weight, whole))
    cut = [text for text in own if is_cut_short(text)]
    opening = [text for text in own if _is_own_text(text) or is_cut_short(text)][:OPENING]
    many = len(cut) >= 4 or (len(cut) >= 3 and len(links) >= 5)
    if many and (sum(map(weight, cut)) >= own_weight or sum(map(is_cut_short, opening)) >= 3):
        raise NotARelease("listing", f"{len(cut)} teasers and no text of its own")
    under = _under_linked_headlines(blocks)
    summaries = [weight(text) for text in whole if key(text) in under]
    if len(summaries) >= 3 and sum(summaries) >= SUMMARIES * own_weight:
        raise NotARelease("listing", f"{len(summaries)} summaries of other pages and no text of its own")
    if own_weight == 0 and not dated:
        titles = " ".join(block.key for block in links)
        named = sum(weight(text) for text in own if key(text) in titles)
        if len(links) >= 5 or 2 * named >= sum(map(weight, own)) > 0:
            raise NotARelease("listing", f"{len(links)} headlines of other pages and no text of its own")
    amount = sum(map(weight, own))
    if amount < LEAST and not dated and not _is_short_text(blocks, own):
        raise NotARelease("no text", f"{amount} characters of running text")


def _is_short_text(blocks: Sequence[Block], own: Sequence[str]) -> bool:
    """Whether the little text of a page is all that it has to say: sentences, on a page without other stories."""
    sentences = sum(weight(text) for text in own if is_sentence(text))
    if any(_is_linked_headline(block) for block in blocks):
        return sentences >= SENTENCE
    # One paragraph that is no sentence may be the page's title again.
    has_lines = len(own) > 1 and sum(map(weight, own)) >= SHORTEST
    return sentences >= SHORTEST or (has_lines and sum(block.links for block in blocks) <= FEW_LINKS)


def _is_linked_headline(block: Block) -> bool:
    return block.links > 0 and block.link_density > 0.7 and weight(block.text) >= 25 and not block.is_boilerplate


def _under_linked_headlines(blocks: Sequence[Block]) -> set[str]:
    """Return the keys of the paragraphs that are under a heading that is a link, or under the date below one."""
    found: set[str] = set()
    for block in blocks:
        if block.kind == "heading" and block.links == 1 and _is_linked_headline(block):
            item = block.element.getparent()
            following = blocks[block.index + 1 : block.index + 3]
            text = next((other for other in following if weight(other.text) >= 60), None)
            if text is not None and is_under(text.element, item):
                found.add(text.key)
    return found


def _is_own_text(text: str) -> bool:
    """Whether a paragraph is a text of its own: whole, and a sentence or so long that no full stop need end it."""
    return not is_cut_short(text) and (weight(text) >= LONG or (weight(text) >= 100 and is_sentence(text)))
