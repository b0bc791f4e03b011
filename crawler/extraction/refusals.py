"""Stop 6, extract: pages that are no release, and why: listings, error pages, walls, shells that need JavaScript."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crawler.extraction.blocks import Block
from crawler.extraction.page import Page
from crawler.extraction.text import is_cut_short, is_sentence, weight
from stories.release import NotARelease

REASONS = ("empty", "not HTML", "listing", "error page", "log-in wall", "cookie wall", "needs JavaScript", "no text",
           "unreadable", "too large", "took too long", "reader crashed")  # fmt: skip
"""The fixed list of reasons."""

LITTLE = 600  # Latin characters: less text than the shortest releases have, so that a wall's words count
MANY_LINKS = 400  # without a paragraph beside them; a wire's menu has some 300
LEAST = 80  # Latin characters of running text that a release has

_ERROR = re.compile(
    r"\b(?:404|410|403|500|502|503)\b.{0,30}\b(?:not found|error|forbidden|unavailable|gone)|\b(?:page|article|content|file|story|release)\b.{0,25}\b(?:not found|(?:does\s*n[o']t|no longer) exist|could not be found|has been (?:re)?moved|is unavailable|not available)\b|"  # noqa: E501
    r"^(?:error )?(?:404|403|500|503)\b|access denied|(?:internal server|application) error|bad gateway|service (?:temporarily )?unavailable|something went wrong|seite (?:wurde )?nicht gefunden|"  # noqa: E501
    r"página não (?:foi )?encontrada|không tìm thấy trang|too many requests|(?:request|url) was rejected|request rejected|(?:down|closed|unavailable) for (?:\w+ )?maintenance|"
    r"under maintenance|wartungsarbeiten|en maintenance|メンテナンス中|系[統统][維维][護护]|점검 중|"  # noqa: E501
    r"page (?:introuvable|non trouvée)|página no encontrada|页面不存在|頁面不存在|找不到(?:页面|頁面|網頁)|ページが見つかりません|페이지를 찾을 수|just a moment|attention required|checking your browser|are you a (?:human|robot)|verify (?:that )?you are (?:a )?human|unusual traffic|request (?:was )?blocked|captcha",  # noqa: E501
    re.I,
)
_LOGIN = re.compile(
    r"\b(?:(?:please\s+)?(?:log|sign)[\s-]?in(?:to your account)?\s+(?:to|or|below|with)|subscribe (?:now )?to (?:continue|read|unlock)|(?:members|subscribers|registered users)[\s-]only|create (?:an?|your) (?:free )?account|already (?:a|have an?) (?:subscriber|member|account)|"  # noqa: E501
    r"forgot(?:ten)? (?:your )?password|bitte (?:melden sie sich|loggen)|jetzt anmelden|connectez-vous|iniciar sesión|請登入|请登录|ログインして|로그인)",  # noqa: E501
    re.I,
)
_COOKIES = re.compile(
    r"\b(?:cookies?|consent(?:ement|imiento|imento)?|gdpr|rgpd|einwilligung|données personnelles|datos personales|dados pessoais|datenschutz|privacy (?:choices|settings|preferences))\b|隐私|クッキー",
    re.I,
)
_SCRIPT = re.compile(
    r"(?:enable|activate|requires?|turn on|need to).{0,25}java\s?script|java\s?script.{0,40}(?:disabled|required|enable|activate|aktivier)|(?:please wait|loading)\W*$|javascript[をがは].{0,12}(?:有効|必要)|(?:启用|啟用|開啟|开启).{0,8}javascript|javascript.{0,6}(?:활성화|켜)|(?:aktivieren|activez|activer|active|habilite|ative|bật).{0,25}javascript|you are being redirected",  # noqa: E501
    re.I,
)


def refuse_walls(page: Page, blocks: Sequence[Block]) -> None:
    """Raise ``NotARelease`` for a page whose little text is an error, a wall, or a shell."""
    running = [block for block in blocks if not block.beside and weight(block.text) >= 60 and block.link_density < 0.5]
    amount = sum(weight(block.text) for block in running)
    everything = " \n".join(block.text for block in blocks)[:20_000]
    if amount >= 2 * LITTLE:
        return
    links = sum(block.links for block in blocks)
    if amount < LEAST and links >= MANY_LINKS:
        raise NotARelease("listing", f"{links} links and no text of its own")
    title = page.title or ""
    first = " ".join(block.text for block in blocks if block.kind == "heading")[:400]
    if _ERROR.search(title) or (_ERROR.search(first) and amount < LITTLE):
        raise NotARelease("error page", title or first[:120])
    if amount < LITTLE:
        password = page.tree.xpath("boolean(//input[@type='password'])")
        if password or len(_LOGIN.findall(everything)) >= 2:
            raise NotARelease("log-in wall", title)
        if len(_COOKIES.findall(everything)) >= 3:
            raise NotARelease("cookie wall", title)
        if _ERROR.search(everything):
            raise NotARelease("error page", title or everything.strip()[:120])
        script = " ".join(element.text_content() for element in page.tree.iter("noscript"))
        shell = page.tree.xpath(
            "boolean(//*[@id='root' or @id='app' or @id='__next' or @id='__nuxt'][not(.//p)]|//app-root)"
        )
        if amount < LEAST and (_SCRIPT.search(script) or _SCRIPT.search(everything) or shell):
            raise NotARelease("needs JavaScript", "the page is an empty shell without a browser")
        if amount < LEAST and page.scripts and weight(everything) < LEAST:
            raise NotARelease("needs JavaScript", "scripts and no text")
        if not everything.strip():
            raise NotARelease("empty", "the page has no text")


def refuse_listing(page: Page, blocks: Sequence[Block], own: Sequence[str]) -> None:
    """Raise ``NotARelease`` for a page that names other pages and has no text of its own.

    ``own`` are the paragraphs that would be the release's.
    """
    prose = [text for text in own if weight(text) >= 100 and is_sentence(text) and not is_cut_short(text)]
    amount = sum(map(weight, own))
    links = [
        block
        for block in blocks
        if block.links and block.link_density > 0.7 and weight(block.text) >= 25 and not block.beside
    ]
    cut = sum(map(is_cut_short, own))
    if len(links) >= 5 and (not prose or (cut >= 3 and cut * 2 >= len(prose))):
        raise NotARelease("listing", f"{len(links)} headlines of other pages and no text of its own")
    if cut >= 4 and cut * 2 >= len(own) - cut:
        raise NotARelease("listing", f"{cut} teasers and no text of its own")
    if amount < LEAST:
        raise NotARelease("no text", f"{amount} characters of running text")
