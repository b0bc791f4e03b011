"""The sentences by which a body says that it corrects, updates, withdraws or repeats an earlier release.

Patterns are for folded text (small letters, no Latin accents). ``<release>`` and ``<gone>`` stand for the words below.
Where a wire prints a sentence always the same way, the comment says which.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stories.release import NoticeKind

_RELEASE = r"(?:(?:press|news|media)\s+)?(?:release|announcement|advisory|communique)"
_GONE = r"(?:retracted|withdrawn|rescinded|killed|cancell?ed|revoked)"
_SENT = r"(?:issued|published|distributed|disseminated|released|sent)"
WRONG = (
    r"(?:instead of|rather than|should (?:have )?(?:read|been|be|stated?|said)|incorrect(?:ly)?"
    r"|erroneous(?:ly)?|errantly"
    r"|mistaken(?:ly)?|inadvertent(?:ly)?|please note|we are advised|\berrors?\b|misstated|typo)"
)
"""Words that explain what was wrong."""
POINTER = (
    r"the (?:complete,? )?(?:and )?corrected (?:release|version|text|copy|announcement|story)"
    r" (?:reads|follows|is as follows|is below|appears)"
)
"""Business Wire's and PR Newswire's line before the corrected text; the reason stands before it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One sentence frame."""

    kind: NoticeKind
    cues: tuple[str, ...]
    """The pattern is tried on a body that holds one of these (small letters, accents kept)."""
    pattern: re.Pattern[str]
    opening: bool = False
    """Counts only in the first sentence of the body: elsewhere it tells of a slip inside another story."""


def _frame(kind: NoticeKind, cues: str, *parts: str, opening: bool = False) -> Frame:
    pattern = "".join(parts)
    for name, words in (("release", _RELEASE), ("gone", _GONE), ("sent", _SENT), ("wrong", WRONG)):
        pattern = pattern.replace(f"<{name}>", words)
    return Frame(kind, tuple(cues.split("|")), re.compile(pattern), opening)


_EUROPEAN: tuple[Frame, ...] = (
    # "Please disregard the earlier release and use the following" corrects, so it stands before the withdrawals.
    _frame(
        "correction",
        "disregard",
        r"\bdisregard (?:the|our|that|all|any|this)?\s?(?:\w+ ){0,3}<release>s?\b[^.]{0,200}",
        r"\b(?:replaced?|corrected (?:version|release)|use the following|instead)\b",
    ),
    # PR Newswire: "We are advised by X that journalists and other readers should disregard the news release, …"
    _frame("withdrawal", "disregard", r"\bshould disregard (?:the|this|a|our) (?:\w+ ){0,2}<release>"),
    _frame(
        "withdrawal",
        "disregard",
        r"\b(?:please|kindly|asked to|asks? (?:\w+ ){0,3}to) disregard ",
        r"(?:the|our|that|all|any|this)?\s?(?:\w+ ){0,3}<release>",
    ),
    _frame(
        "withdrawal",
        "retract|withdrawn|rescind|killed|cancel|revoked",
        r"\b(?:this|the|our|that|its) (?:\w+ ){0,3}(?:press |news |media )(?:release|announcement)[^.]{0,160}",
        r"\b(?:has been|is|was|is being) (?:hereby )?<gone>",
    ),
    _frame("withdrawal", "retract|withdrawn|rescind|killed", r"\bthis release (?:has been|is|was) (?:hereby )?<gone>"),
    _frame(
        "withdrawal",
        "retract|withdraw|rescind",
        r"\b(?:retracts?|withdraws?|rescinds?|is retracting|is withdrawing) (?:the|its|our|this|that) (?:\w+ ){0,2}",
        r"(?:press |news |media )(?:release|announcement)\b",
    ),
    _frame(
        "withdrawal",
        "mistakenly|inadvertently|erroneously|prematurely|in error|by mistake|without",
        r"\b(?:this|the|that|a) (?:\w+ ){0,3}<release>[^.]{0,120}\b(?:was|were|has been) (?:",
        r"(?:mistakenly|inadvertently|erroneously|prematurely) <sent>",
        r"|<sent> (?:in error|by mistake|without (?:\w+ ){0,3}(?:approval|authori[sz]ation)))",
    ),
    # Business Wire: "Please replace the release dated … with the following corrected version due to …"
    _frame(
        "correction",
        "please replace|please substitute|please use",
        r"\bplease (?:replace|substitute|use) (?:the|our|this) (?:[^.]{0,40} )?<release>\b[^.]{0,120}",
        r"\b(?:with|by|following|corrected|version|issued|dated)\b",
    ),
    _frame(
        "correction",
        "replaces|supersedes|corrects|is a correction",
        r"\b(?:this|the following) (?:corrected |revised )?(?:<release>"
        r"|version) (?:corrects(?: and replaces)?|replaces",
        r"|supersedes|is a correction (?:to|of))\b[^.]{0,120}\b(?:<release>|version|one)\b",
    ),
    # GlobeNewswire: "In a release issued under the same headline earlier today …"; PR Newswire: "In the news release,"
    _frame(
        "correction",
        "instead of|rather than|should|incorrect|erroneous|errantly|mistaken|inadvertent|please note|advised|error|typo"
        "|misstated",
        r"\b(?P<marker>in (?:a|the|our|its|an earlier|a previous) (?:\w+ )?<release>)\b.{0,300}?",
        r"\b(?:<sent>|dated|titled|entitled)\b.{0,500}?<wrong>",
    ),
    _frame(
        "correction",
        "been corrected|issued|been edited",
        r"\b(?:this|the) <release> has been (?:corrected|reissued|re-issued|edited) (?:to|since|from|because|by|in)\b",
    ),
    _frame(
        "correction",
        "this is a corr",
        r"\bthis is a correct(?:ion|ed) (?:to|of|version of) (?:the|our|an?) (?:\w+ ){0,3}<release>",
    ),
    _frame(
        "correction",
        "to correct|to fix|to rectify",
        r"\b(?:re-?issu(?:ed|ing)|re-?sent|resending|corrected) (?:(?:the|this) )?(?:<release> )?(?:in order )?",
        r"to (?:correct|fix|rectify)\b",
    ),
    _frame(
        "correction",
        "corrects",
        r"\bcorrects (?:an?|the) (?:\w+ ){0,2}(?:errors?|mistakes?|typo\w*)\b[^.]{0,80}\b<release>",
    ),
    # EQS and DGAP, under the headline: "Key word(s): … / Correction of a release from 05.05.2020, 11:00 CET/CEST"
    _frame(
        "correction", "correction of", r"\bcorrection of an? (?:release|announcement|publication) (?:from|of|dated) \d"
    ),
    _frame(
        "correction",
        "errantly|incorrectly|mistakenly|erroneously|inadvertently|misstated",
        r"\b(?:a|an|our|the) (?:previous|earlier|prior|original)(?:ly issued)? <release>\b[^.]{0,80}",
        r"\b(?:errantly|incorrectly|mistakenly|erroneously|inadvertently|misstated)\b",
        opening=True,
    ),
    _frame(
        "update",
        "release updates|version updates|been updated|been revised|been amended|an updated version",
        r"\b(?:this|the following) (?:(?:press|news|media) release|release|version) ",
        r"(?:updates (?:and|the|our|an?)|has been (?:updated|revised|amended)|is an updated version)\b",
    ),
    _frame(
        "update",
        "this is an update",
        r"\bthis is an updated? (?:to|of|version of) (?:the|our|an?) (?:\w+ ){0,3}<release>",
    ),
    _frame(
        "repeat",
        "re-sent| resent|retransmitted|redistributed|re-distributed| repeated|re-released|rereleased",
        r"\b(?:this|the following) <release> (?:is being|has been|was|is) ",
        r"(?:re-?sent|retransmitted|re-?distributed|repeated|re-?released)\b",
    ),
    _frame("correction", "corrected", rf"\b{POINTER}"),
    # German
    _frame(
        "correction",
        "korrektur",
        r"\bkorrektur (?:einer|der|unserer|zur) \w*(?:veroffentlichung|mitteilung|meldung|bekanntmachung)\b",
    ),
    _frame(
        "correction",
        "ersetzt|korrigiert|berichtigt",
        r"\b(?:diese|die (?:nach)?folgende) \w*(?:mitteilung|meldung|fassung|version) (?:ersetzt"
        r"|korrigiert|berichtigt)\b",
    ),
    _frame(
        "correction",
        "korrigierte|berichtigte",
        r"\b(?:es folgt|nachfolgend|hier) (?:\w+ ){0,3}(?:korrigierte|berichtigte) (?:fassung|version"
        r"|\w*meldung|\w*mitteilung)",
    ),
    _frame(
        "correction",
        "mitteilung|meldung",
        r"\bin (?:der|unserer) (?:\w+ )?(?:presse|ad-hoc-|corporate-news-)?(?:mitteilung|meldung)\b.{0,300}?",
        r"(?:muss es|richtig (?:ist|lautet|muss)|falschlicherweise|irrtumlich|heisst es richtig)\b",
    ),
    _frame(
        "withdrawal",
        "mitteilung|meldung",
        r"\b\w*(?:mitteilung|meldung)\b.{0,120}\b(?:wird (?:hiermit )?(?:zuruckgezogen|widerrufen)|ist gegenstandslos)",
    ),
    # French; GlobeNewswire: "Le communiqué suivant corrige et remplace le communiqué de presse intitulé …"
    _frame(
        "correction",
        "remplace",
        r"\b(?:corrige et remplace|annule et remplace|rectifie et remplace|remplace et annule) ",
        r"(?:le|celui|notre)\b(?: precedent)?(?: communique)?",
    ),
    _frame("correction", "remplace", r"\b(?:communique|version) (?:\w+ )?remplace (?:le|celui|notre)\b"),
    _frame(
        "correction",
        "veuillez",
        r"\bveuillez (?:remplacer|noter).{0,60}communique.{0,200}\b(?:corrige|remplac|au lieu|erreur|suivant)",
    ),
    _frame("correction", "corrig", r"\bversion (?:complete et )?corrigee (?:suit|du communique|est)"),
    _frame(
        "withdrawal",
        "communiqu",
        r"\b(?:ne pas tenir compte|ignorer|retire) (?:du|le|de notre) (?:precedent )?communique",
    ),
    # Spanish, Portuguese, Italian
    _frame(
        "correction",
        "comunicado|nota de prensa|nota a imprensa",
        r"\b(?:comunicado|nota|version|versao)\b.{0,40}\b(?:corrige|sustituye|reemplaza|rectifica|substitui|retifica) ",
        r"(?:y (?:sustituye|reemplaza|corrige) |e substitui )?(?:al?|el|la|o|ao)\b.{0,30}(?:comunicado"
        r"|nota|anterior|publicad)",
    ),
    _frame(
        "withdrawal",
        "comunicado|nota de prensa",
        r"\b(?:ignorar|ignoren|desconsiderar|desconsiderem|hacer caso omiso"
        r"|no tener en cuenta)\b.{0,40}(?:comunicado|nota de prensa)",
    ),
    _frame(
        "correction",
        "comunicato|nota stampa",
        r"\b(?:corregge|sostituisce|annulla|rettifica)(?: e (?:sostituisce|corregge))? ",
        r"(?:il|la|quello|quanto)\b.{0,30}(?:comunicato|nota stampa|precedente)",
    ),
    # Swedish, Danish, Norwegian, Finnish, Vietnamese
    _frame(
        "correction",
        "meddel|melding",
        r"\b(?:ersatter|korrigerar|rattar|erstatter|korrigerer|retter|berigtiger) .{0,50}",
        r"(?:pressmeddeland|borsmeddeland|meddelels|pressemelding|borsmelding|meldingen)",
    ),
    _frame("correction", "tiedot", r"\b(?:korvaa|korjaa|oikaisee) .{0,60}tiedot"),
    _frame(
        "correction", "đính chính|thay thế", r"\bxin (?:duoc )?dinh chinh\b|\bthay the (?:cho )?(?:thong cao|ban tin)"
    ),
)

_ASIAN: tuple[Frame, ...] = (
    # Chinese
    _frame(
        "withdrawal",
        "请|請",
        r"(?:请|請)(?:忽略|作废|作廢|删除|刪除|勿采用|勿採用|停止使用).{0,30}(?:稿|公告|聞|闻)",
    ),
    _frame("withdrawal", "撤|作", r"(?:新闻稿|新聞稿|稿件).{0,20}(?:现予|現予|予以)?(?:撤回|撤销|撤銷|作废|作廢)"),
    _frame("correction", "更正", r"特此更正|更正如下|(?:现|現)(?:予|作)?更正"),
    _frame("correction", "以", r"(?:请|請)以(?:此|本|更正后|更正後).{0,4}(?:版|稿|版本|内容|內容)(?:为|為)(?:准|準)"),
    _frame(
        "correction",
        "取代|替换|替換|更正",
        r"(?:取代|替换|替換|更正)(?:此前|先前|之前|较早|較早|原).{0,20}(?:新闻稿|新聞稿|公告|稿件|版本)",
    ),
    # Japanese
    _frame(
        "withdrawal",
        "下げ|撤回",
        r"(?:リリース|発表|お知らせ|記事).{0,30}(?:取り?下げ|撤回)(?:させて|いた|致|ます|しま)",
    ),
    _frame(
        "correction",
        "誤り|訂正",
        r"(?:リリース|発表|お知らせ|内容|記載).{0,30}(?P<marker>誤りが(?:あり|ござい)|訂正すべき)",
    ),
    _frame(
        "correction",
        "訂正|差替|差し替",
        r"(?:以下|下記|次)の(?:通り|とおり|ように).{0,10}(?:訂正|差し?替え)",
        r"|訂正(?:させていただ|いたし|致し|してお詫び)|差し?替え(?:させていただ|いたし)",
    ),
    # Korean
    _frame(
        "withdrawal", "보도자료|기사", r"(?:보도자료|기사).{0,30}(?:철회|삭제|취소)(?:합니다|하오니|를? ?(?:요청|부탁))"
    ),
    _frame(
        "correction",
        "정정|수정|바로잡",
        r"(?:보도자료|기사).{0,40}(?P<marker>정정|수정)(?:합니다|하여|해|하오니|되어)|바로잡습니다|정정합니다",
    ),
)


# What each European frame speaks of; most bodies name none of it in their first paragraphs.
_NOUNS = re.compile(
    r"release|announcement|advisory|corrected|publication|communiqu|comunica|nota |mitteilung|meldung"
    r"|fassung|veröffentlichung|bekanntmachung"
    r"|version|versi[oó]n|versão|meddel|melding|tiedo|thông cáo|bản tin|đính chính"
)
_IDEOGRAPHS = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def frames_for(lowered: str) -> list[Frame]:
    """Return the frames that a body in small letters may hold, the more telling first."""
    known: tuple[Frame, ...] = _EUROPEAN if _NOUNS.search(lowered) else ()
    if not lowered.isascii() and _IDEOGRAPHS.search(lowered):
        known += _ASIAN
    return [frame for frame in known if any(cue in lowered for cue in frame.cues)]
