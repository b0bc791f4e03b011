"""Notices in Chinese, Japanese and Korean headlines, where a marker is a bracket, a colon or the last word.

The forms are those of issuers on PR wires and exchanges: ``【更正】…``, ``更正：…``, ``…的更正公告``,
``（訂正）「…」``, ``「…」の一部訂正について``, ``[정정] …``. 修正 alone is no notice: 業績予想の修正 is a new forecast.
"""

from __future__ import annotations

import re

from pipelines.notices.folding import fold
from pipelines.notices.markers import PRIORITY
from stories.release import Notice, NoticeKind

_WORDS: dict[NoticeKind, str] = {
    "withdrawal": (
        "撤回稿件|撤回通知|撤回公告|撤回聲明|撤回声明|撤回|撤稿通知|撤稿|撤銷|撤销|作廢|作废|取消發布|取消发布|取り下げ|取下げ|配信取消|配信停止|取消"
        "|철회|배포취소|취소|삭제요청"
    ),
    "correction": (
        "澄清及更正|更正及澄清|订正|更正啟事|更正启事|更正公告|更正聲明|更正声明|更正通知|更正通告|更正稿|更正版|更正新聞稿|更正新闻稿|更正通稿|更正|勘誤啟事|勘误启事|勘誤公告|勘误公告|勘誤|勘误|修正版|修正稿|訂正版|訂正とお詫び"
        "|お詫びと訂正|訂正のお知らせ|一部訂正|訂正再送|訂正|差替版|差し替え|差替え|差替|정정보도문|정정보도자료|정정자료|정정보도|기재정정|정정공시|정정|수정본|바로잡습니다"
    ),
    "update": "更新版|更新稿|更新|修訂版|修订版|続報|업데이트|수정",
    "repeat": "重發|重发|重新發布|重新发布|再送|再配信|再掲|재송|재전송|재배포",
}
_KINDS: dict[str, NoticeKind] = {word: kind for kind, words in _WORDS.items() for word in words.split("|")}
_WORD = "|".join(sorted(_KINDS, key=len, reverse=True))
_EACH = re.compile(_WORD)

_OPEN, _CLOSE = r"[\[(【〔《〈<≪*★■◆]", r"[\])】〕》〉>≫*★■◆]"
_MORE = r"(?:(?:[^\w\])】〕》〉>≫][^\])】〕》〉>≫]{0,16}|\d)?)"  # "訂正・数値データ訂正", but not "수정테이프"
_TITLE = (
    r"更正(?:公告|啟事|启事|聲明|声明|通知|通告)|勘[误誤]公告|撤稿通知"
    r"|(?:(?:プレス|ニュース)リリース(?:の)?)?訂正のお知らせ"
)
_PREFIX = re.compile(
    rf"^(?:({_TITLE})(?:\s+|\s*[:|]\s*)(?=\S)"
    rf"|{_OPEN}\s*(?:(?:重要|緊急|紧急|お知らせ|公告|긴급)[:・\s]{{0,2}})?({_WORD}){_MORE}{_CLOSE}+\s*[:|—-]*"
    rf"|[「『]({_WORD})[」』]|({_WORD})\s*[:|/—)]+|({_WORD})\s+-\s)\s*"
)
_SUFFIX = re.compile(rf"\s*(?:[\[(【〔]\s*({_WORD}){_MORE}[\])】〕]|\s[-—|]+\s*({_WORD}))\s*$")
_LAST_WORDS = re.compile(
    r"(?:的|之)?(?P<zh>(?:(?:補充|补充|澄清)及?)?更正(?:及(?:補充|补充|澄清))?(?:公告|啟事|启事|聲明|声明|通知|通告))$"
    r"|(?:の|に関する)?(?P<ja>(?:一部)?訂正(?:について|に関するお知らせ|のお知らせ|とお詫び(?:について)?)|お詫びと訂正)(?:\s*\(.{0,20}\))?$"
    r"|(?:(?<=[」』])|(?<=リリース)|(?<=お知らせ)|(?<=ニュース)|(?<=記事))(?:の)?(?P<gone>(?:取り?下げ|撤回)(?:のお知らせ|に関するお知らせ|について))$"
    # Hong Kong's 澄清公告 corrects an earlier announcement; on the mainland it answers the papers.
    r"|^(?!.*(?:传闻|傳聞|媒体|媒體|报道|報道|報導|股价|股價|沽空|市场|市場))"
    r"(?:.*(?:公告|年报|年報|通函|业绩|業績|报告|報告)(?:之|的)?)?(?P<hk>澄清公告)$"
    r"|^(?:公告)?(?:補充|补充)?(?P<tw>更正)(?=本公司|.{2,30}(?:公告|資訊|資料|內容)$).*$"
    r"|\s(?P<ko>정정\s?(?:보도|안내|공지|공시)|정정합니다)$"
)
# Corrected accounts and a withdrawn application are news, not notices about a release.
_ABOUT_SOMETHING_ELSE = re.compile(
    r"会计差错|會計差錯|前期差错|有価証券報告書|上市申请|上市申請|申请|申請|入札|リコール|提案|訴訟"
)
_CHARACTERS = re.compile(r"[订澄撤作取配更勘修訂お一差重再続철배취삭정기수바업재]")


def asian_notice(headline: str) -> Notice | None:
    """Return what a Chinese, Japanese or Korean headline says about an earlier release, if it does."""
    if headline.isascii() or not _CHARACTERS.search(headline):
        return None
    folded = fold(headline)
    if found := _PREFIX.match(folded):
        rest = headline[found.end() :]
    elif found := _SUFFIX.search(folded):
        rest = headline[: found.start()]
    elif (found := _LAST_WORDS.search(folded)) and not _ABOUT_SOMETHING_ELSE.search(folded):
        # "関于…的更正公告" names what it corrects: the headline of an announcement, not the same headline again.
        start, end = found.span(found.lastgroup or 0)
        kind: NoticeKind = "withdrawal" if found.lastgroup == "gone" else "correction"
        rest = headline if found.lastgroup in ("tw", "hk") else headline[: found.start()].strip().rstrip("：:")
        return Notice(kind=kind, marker=headline[start:end], headline=rest)
    else:
        return None
    start, end = found.span(found.lastindex or 0)
    kinds = {_KINDS[word] for word in _EACH.findall(found[0])}  # "【再送・訂正】" is a correction
    return Notice(kind=min(kinds, key=PRIORITY.index), marker=headline[start:end], headline=rest.strip())
