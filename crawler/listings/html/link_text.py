"""What texts on a listing are: headlines, or the words of its navigation."""

from __future__ import annotations

import html
import re

from lxml import etree
from lxml.html import fragment_fromstring

from stories.text.scripts import UNSPACED_CHARACTER, unspaced_count

HEADLINE_MAX = 600  # characters; the longest real headlines (several subheadings run together) stay under it
MARKUP = re.compile(
    r"</?(?:a|abbr|applet|b|big|blink|blockquote|br|center|code|del|div|em|embed|font|form|frame|frameset|h[1-6]|hr|html|i"
    r"|iframe|img|input|ins|li|link|mark|meta|object|p|param|pre|q|s|script|small|span|strike|strong|style|sub|sup|table|td"
    r"|title|tr|tt|u|ul|video|wbr)(?:\s[^<>]*)?/?>|<!--",
    re.IGNORECASE,
)
ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ud800-\udfff]")
"""Letters of scripts that put no spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""
WORD = re.compile(r"[^\W_]+(?:['’.&-][^\W_]+)*")

NAVIGATION = re.compile(
    r"""(?:
    (?:click\ here\ to\ |please\ )?(?:read|learn|show|see|view|load|find\ out|discover|browse)\ (?:more|all|full
    |details)\b.{0,40}
    |(?:full|read|view|continue|see)\ (?:the\ )?(?:full\ )?(?:story|article|release|reading|text
    |press\ release)(?:\ [→»›"“].{0,80})?
    |continue\ reading\b.{0,80}
    |more(?:\ (?:news|info|information|details|stories|(?:press\ )?releases|results|articles))?|more\ from\ .{0,40}
    |details?|continue|here|click\ here|open|go|home(?:\ ?page)?|start|about(?:\ us)?|contact(?:\ us)?
    |privacy(?:\ (?:policy|notice))?
    |terms(?:\ (?:of\ (?:use|service)|and\ conditions|&\ conditions))?|cookies?(?:\ (?:policy|settings|notice
    |preferences))?|imprint
    |log\ ?in|log\ ?out|sign\ (?:in|up|out)(?:\ (?:for|to)\ .{0,30})?|register(?:\ (?:now|here|for\ free))?
    |subscribe(?:\ (?:now|to\ .{0,30}))?
    |newsletters?|search|menu|share(?:\ (?:this|on|via|to)\b.{0,25})?|tweet|print(?:\ this.{0,10})?
    |e-?mail(?:\ (?:us|this|alerts?).{0,12})?
    |rss(?:\ feeds?)?|comments?|leave\ a\ (?:comment|reply)\b.{0,80}|(?:\d+|no)\ comments?\b.{0,80}|(?:skip|jump
    |back)\ to\ .{0,30}
    |next(?:\ (?:page|article|release|story|post|\d+))?|prev(?:ious)?(?:\ (?:page|article|release|story|post|\d+))?
    |(?:older|newer)(?:\ (?:posts|entries|news|articles|releases|stories))?|first|last|all|page\ \d+
    |download(?:\ (?:pdf|image|photo|press\ (?:kit|release)|now|here).{0,20})?|pdf.{0,12}|send\ (?:us\ )?a\ release
    |submit\ (?:a|your)\ .{0,30}
    |request\ (?:a|more)\ .{0,20}|get\ started
    |(?:(?:view|see|show)\ )?(?:all|latest|recent|more)\ (?:press\ |news\ )?(?:releases|news|stories|articles
    |announcements)(?:\ (?:from|by)\ .{0,30})?
    |mehr(?:\ (?:lesen|erfahren|dazu|infos?))?|weiter(?:lesen)?|weiterlesen\b.{0,80}|zum\ artikel
    |(?:zur\ )?(?:meldung|pressemitteilung)(?:\ lesen)?
    |alle\ (?:meldungen|pressemitteilungen|news|nachrichten|artikel|beiträge|anzeigen|ansehen)(?:\ anzeigen
    |\ ansehen)?|startseite|kontakt|impressum
    |datenschutz(?:erklärung|hinweise)?|suche|anmelden|abonnieren|drucken|teilen
    |lire\ (?:la\ suite|plus)\b.{0,80}|en\ savoir\ plus|leer\ m[aá]s\b.{0,80}|ver\ m[aá]s|seguir\ leyendo
    |leia\ mais|leggi\ (?:tutto|di\ pi[uù])
    |lees\ (?:meer|verder)|english|deutsch|français|español
    |(?:阅读|閱讀|查看|了解|點擊|点击)(?:更多|全文|全部|详情|詳情)|更多.{0,4}|详细|詳細|詳情|详情|全文|首页|首頁|下一?[页頁]|上一?[页頁]|[关關]于我[们們]|關於我們|联系我们|聯絡我們
    |登录|登入|注册|註冊|[繁简簡][体體](?:中文)?|中文|日本語|続きを読む|もっと見る|次へ|前へ|詳しくはこちら
    )[\s.:…»›→>+-]*""",
    re.IGNORECASE | re.VERBOSE,
)
ASIDE = re.compile(
    r"""(?:the\ |our\ |other\ )?(?:most\ (?:read|viewed|popular|shared|clicked|commented|discussed|watched)
    |top\ (?:stories|reads|news|\d+)|trending|popular|hot\ (?:topics|news)
    |related|recommended|recommendations|suggested|(?:you\ )?(?:may|might)\ (?:also\ )?(?:like
    |be\ interested.{0,10})|also\ (?:from\ this\ source|read|of\ interest)
    |editor['’]?s?['’]?\ (?:picks?|choice)|must[\ -]reads?|don['’]t\ miss|sponsored|advertisements?
    |partner\ content|from\ our\ partners|in\ case\ you\ missed\ it
    |upcoming\ events|events|quick\ links|useful\ links
    |meist(?:gelesen|geklickt|kommentiert)\w*|beliebte?\w*|am\ meisten\ gelesen|das\ könnte\ .{0,30}
    |auch\ interessant|ähnliche\w*|verwandte\w*|anzeigen?|top[\ -]themen
    |lire\ aussi|à\ lire\ aussi|les\ plus\ lus|más\ leíd[oa]s|relacionad[oa]s|le\ più\ lett[ei]|mais\ lidas
    |meest\ gelezen)
    (?:\s(?:news|stories|articles|posts|releases|press\ releases|press|content|topics|reading|videos|links|now
    |today|this\ (?:week|month)|here|beiträge|artikel|meldungen|themen
    |(?:in|on|from)\ .{1,20}))*[\s\W]*
    |(?:相关|相關|热门|熱門|推荐|推薦|精彩推荐|本周|本週|今日)?(?:新闻|新聞|文章|阅读|閱讀|报道|報導|稿件|点击|點擊)?(?:排行榜?|热门|熱門|推荐|推薦|相关|相關|人气|人氣|最多(?:阅读
    |閱讀|人看).{0,4})(?:新闻|新聞|文章|阅读|閱讀|报道|報導|稿件|榜)?
    |猜你喜欢|猜你喜歡|最多人看|おすすめ.{0,6}|.{0,8}ランキング|人気記事|関連.{0,6}""",
    re.IGNORECASE | re.VERBOSE,
)
"""What is above a box next to a listing."""


def one_line(text: str) -> str:
    """Return the text with its white space as single spaces and without invisible characters."""
    return " ".join(INVISIBLE.sub("", text).split())


def plain_text(text: str) -> str:
    """Return the words of a text that may be HTML, or have its entities encoded once too often."""
    for _ in range(2):  # feeds that encode an encoded title once more exist; more often would undo what was meant
        if MARKUP.search(text):
            text = _without_tags(text)
        elif ENTITY.search(text):
            text = html.unescape(text)
        else:
            break
    return one_line(text)


def _without_tags(text: str) -> str:
    try:
        element = fragment_fromstring(INVISIBLE.sub("", text), create_parent="div")
    except (etree.LxmlError, ValueError):
        return MARKUP.sub(" ", text)
    etree.strip_elements(element, "script", "style", etree.Comment, with_tail=False)
    for line_break in element.iter("br", "p", "div", "li"):
        line_break.tail = " " + (line_break.tail or "")
    return str(element.text_content())


def word_count(text: str) -> float:
    """Return how many words a text has; two letters of a script without spaces count as a word."""
    unspaced = unspaced_count(text)
    return len(WORD.findall(UNSPACED_CHARACTER.sub(" ", text) if unspaced else text)) + unspaced / 2


def is_navigation(text: str) -> bool:
    """Return whether a link's text leads somewhere instead of naming a release ("Read more", "Next", "Log in")."""
    return len(text) <= 120 and NAVIGATION.fullmatch(text) is not None


def heads_a_side_box(line: str) -> bool:
    """Return whether a line is the title of a box next to the listing ("Most read", "Related news")."""
    return len(line) <= 50 and ASIDE.fullmatch(line) is not None


def headline_likeness(text: str) -> float:
    """Return from 0 (no headline) to 3 (a headline) how much a text reads like one."""
    if len(text) < 4 or len(text) > HEADLINE_MAX or is_navigation(text):
        return 0.0
    words = word_count(text)
    if words < 2:
        likeness = 0.5 if any(letter.isalpha() for letter in text) else 0.0
    elif words < 4:
        likeness = 1.3
    elif words <= 30:
        likeness = 3.0
    else:
        likeness = 2.0 if words <= 45 else 0.7
    if text.endswith((".", "…", "。")) and words > 12:
        likeness -= 0.8  # a teaser
    return max(likeness, 0.0)
