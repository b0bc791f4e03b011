"""The sentences by which a body says that it corrects, updates, withdraws or repeats an earlier release.

Patterns are for folded text (small letters, no Latin accents). Where a wire prints a sentence always the same way, the
comment says which.
"""

from __future__ import annotations

import re

from pipelines.notices.frames_abroad import ASIAN, EUROPEAN
from pipelines.notices.framing import POINTER, Frame, frame

ENGLISH: tuple[Frame, ...] = (
    # "Please disregard the earlier release and use the following" corrects, so it stands before the withdrawals.
    frame(
        "correction",
        "disregard",
        r"\bdisregard (?:the|our|that|all|any|this)?\s?(?:\w+ ){0,3}<release>s?\b[^.]{0,200}",
        r"\b(?:replaced?|corrected (?:version|release)|use the following|instead)\b",
    ),
    # PR Newswire: "We are advised by X that journalists and other readers should disregard the news release, …"
    frame("withdrawal", "disregard", r"\bshould disregard (?:the|this|a|our) (?:\w+ ){0,2}<release>"),
    frame(
        "withdrawal",
        "disregard",
        r"\b(?:please|kindly|asked to) disregard (?:the|our|that|all|any|this)?\s?(?:\w+ ){0,3}<release>",
        r"|\basks? (?:\w+ ){0,3}to disregard (?:the|our|that|its|this) (?:\w+ ){0,2}(?:press|news|media) release",
    ),
    frame(
        "withdrawal",
        "should be disregarded|should not be used|not be published|not publish",
        r"\b(?:the|this|our|that) (?:\w+ ){0,3}(?:<release>)\b.{0,160}?\b(?:should|must|is to) ",
        r"(?:be disregarded|not be (?:used|published))",
    ),
    frame(
        "withdrawal",
        "kill |delete |remove |discard ",
        r"\b(?:asked|asks|requested|urged|please|kindly|must|should) (?:\w+ ){0,2}?(?:kill|delete|remove|discard) ",
        r"(?:the|this|our) (?:\w+ ){0,2}(?:(?:press|news|media) release|release issued)",
    ),
    frame(
        "withdrawal",
        "retract|withdrawn|rescind|killed|cancel|revoked",
        r"\b(?:this|the|our|that|its) (?:\w+ ){0,3}(?:press |news |media )(?:release|announcement)[^.]{0,160}",
        r"\b(?:has been|is|was|is being) (?:hereby )?<gone>",
    ),
    frame(
        "withdrawal",
        "retract|withdrawn|rescind|killed|cancel",
        r"\bthis (?:release|story|article) (?:has been|is|was) (?:hereby )?<gone>(?! (?:from|by the (?:court|studio)))",
    ),
    frame(
        "withdrawal",
        "retracted|withdrawn|rescinded",
        r"\b(?:has|have) (?:hereby )?(?:retracted|withdrawn|rescinded) (?:the|its|our|a|that) (?:\w+ ){0,1}",
        r"(?:press|news|media) release\b",
    ),
    frame(
        "withdrawal",
        "retract|withdraw|rescind",
        r"\b(?:retracts?|withdraws?|rescinds?|is retracting|is withdrawing) (?:the|its|our|this|that) (?:\w+ ){0,2}",
        r"(?:press |news |media )(?:release|announcement)\b",
    ),
    frame(
        "withdrawal",
        "mistakenly|inadvertently|erroneously|prematurely|in error|by mistake|without",
        r"\b(?:this|the|that|a) (?:\w+ ){0,3}<release>[^.]{0,120}\b(?:was|were|has been) (?:",
        r"(?:mistakenly|inadvertently|erroneously|prematurely) <sent>",
        r"|<sent> (?:in error|by mistake|prematurely|inadvertently|without (?:\w+ "
        r"){0,3}(?:approval|authori[sz]ation)))",
    ),
    frame(
        "withdrawal",
        "to withdraw|to kill|to retract|to remove",
        r"\b(?:asked|requested|advised|instructed)(?: by [^.]{2,60})? to (?:withdraw|kill|retract|remove) "
        r"(?:the|this|a|its|our) (?:\w+ ){0,2}<release>",
    ),
    # Business Wire: "Please replace the release dated … with the following corrected version due to …"
    frame(
        "correction",
        "please replace|please substitute|please use",
        r"\bplease (?:replace|substitute|use) (?:the|our|this) (?:[^.]{0,40} )?<release>\b[^.]{0,120}",
        r"\b(?:with|by|following|corrected|version|issued|dated)\b",
    ),
    frame(
        "correction",
        "replaces|supersedes|corrects|is a correction",
        r"\b(?:this|the following) (?:corrected |revised )?(?:<release>"
        r"|version) (?:corrects(?: and replaces)?|replaces",
        r"|supersedes|is a correction (?:to|of))\b[^.]{0,120}\b(?:<release>|version|one)\b",
    ),
    # GlobeNewswire: "In a release issued under the same headline earlier today …"; PR Newswire: "In the news release,"
    frame(
        "correction",
        "instead of|rather than|should|incorrect|erroneous|errantly|mistaken|inadvertent|please note|advised|error|typo"
        "|misstated",
        r"\b(?P<marker>in (?:a|the|our|its|an earlier|a previous) (?:\w+ )?<release>)\b.{0,300}?",
        r"\b(?:<sent>|dated|titled|entitled|of (?:\d|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov"
        r"|dec)\w*)\b.{0,500}?<wrong>",
    ),
    frame(
        "correction",
        "been corrected|issued|been edited",
        r"\b(?:this|the) <release> has been (?:corrected|reissued|re-issued|edited) (?:to|since|from|because|by|in)\b",
    ),
    frame(
        "correction",
        "to correct|to fix|to rectify",
        r"\b(?:this|the|our) (?:\w+ )?<release> (?:has been|was|is) (?:being )?(?:updated|revised|amended|replaced) "
        r"(?:in order )?to (?:correct|fix|rectify)\b",
    ),
    frame(
        "correction",
        "correction to|correction of",
        r"\b(?:a|this|the following) (?P<marker>correction (?:to|of)) (?:the|our|its|an?) (?:\w+ ){0,3}<release>\b",
        opening=True,
    ),
    frame(
        "correction",
        "corrected version of|corrected copy of",
        r"\b(?:a|the) (?P<marker>corrected (?:version|copy) of) (?:the|our|this|its|today['’]s|yesterday['’]s) "
        r"(?:\w+ ){0,2}<release>",
    ),
    frame("correction", "replaces the", r"^\W*(?P<marker>replaces) the (?:\w+ ){0,2}<release> (?:<sent>|dated|of)\b"),
    frame(
        "correction",
        "version of",
        r"\b(?:an?|the) (?:incorrect|wrong|erroneous|outdated|draft|earlier) version of "
        r"(?:the|this|our|its|a) <release> "
        r"(?:was|has been|had been) (?:\w+ )?<sent>",
    ),
    frame(
        "correction",
        "use this|use the",
        r"\b(?:please|kindly) use (?:this|the following|the below|the attached) (?:\w+ )?(?:version|<release>)\b"
        r"[^.]{0,80}\b(?:instead|rather than|not the)\b",
    ),
    frame(
        "correction",
        "apolog",
        r"\bapologi[sz]es? for (?:the|an|any) (?:errors?|mistakes?|inaccurac\w+) in (?:our|the|its) "
        r"(?:\w+ ){0,3}<release>",
    ),
    # HKEX: "Reference is made to the announcement dated … The Board wishes to clarify that due to a clerical error …"
    frame(
        "correction",
        "clarif|to correct|there ",
        r"\b<release> (?:of the \w+ )?(?:dated|issued|of)\b.{0,200}?"
        r"\b(?P<marker>(?:wish(?:es)?|would like) to (?:clarify|correct)|there (?:was|were|is|are)\b)\b.{0,250}?"
        r"\b(?:and not|instead of|rather than|inadvertent\w*|errors?|incorrect\w*|erroneous\w*|typographical)\b",
        opening=True,
    ),
    frame(
        "correction",
        "this is a corr",
        r"\bthis is a correct(?:ion|ed) (?:to|of|version of) (?:the|our|an?) (?:\w+ ){0,3}<release>",
    ),
    frame(
        "correction",
        "to correct|to fix|to rectify",
        r"\b(?:re-?issu(?:ed|ing)|re-?sent|resending|corrected) (?:(?:the|this) )?(?:<release> )?(?:in order )?",
        r"to (?:correct|fix|rectify)\b",
    ),
    frame(
        "correction",
        "corrects",
        r"\bcorrects (?:an?|the) (?:\w+ ){0,2}(?:errors?|mistakes?|typo\w*)\b[^.]{0,80}\b<release>",
    ),
    # EQS and DGAP, under the headline: "Key word(s): … / Correction of a release from 05.05.2020, 11:00 CET/CEST"
    frame(
        "correction", "correction of", r"\bcorrection of an? (?:release|announcement|publication) (?:from|of|dated) \d"
    ),
    frame(
        "correction",
        "errantly|incorrectly|mistakenly|erroneously|inadvertently|misstated",
        r"\b(?:a|an|our|the) (?:previous|earlier|prior|original)(?:ly issued)? <release>\b[^.]{0,80}",
        r"\b(?:errantly|incorrectly|mistakenly|erroneously|inadvertently|misstated)\b",
        opening=True,
    ),
    frame(
        "update",
        "release updates|version updates|been updated|been revised|been amended|an updated version",
        r"\b(?:this|the following) (?:(?:press|news|media) (?:release|advisory)|release|version) ",
        r"(?:updates (?:and|the|our|an?)|has been (?:updated|revised|amended)|is an updated version)\b",
    ),
    frame(
        "update",
        "is an update",
        r"\b(?:this|the following) (?:<release> )?is an updated? (?:to|of|version of) (?:the|our|an?) "
        r"(?:\w+ ){0,3}<release>",
    ),
    frame(
        "repeat",
        "re-sent| resent|retransmitted|redistributed|re-distributed| repeated|re-released|rereleased",
        r"\b(?:this|the following) <release> (?:is being|has been|was|is) ",
        r"(?:re-?sent|retransmitted|re-?distributed|repeated|re-?released)\b",
    ),
    frame(
        "repeat",
        "repeat|retransmi|reissue|re-issue",
        r"\bthis (?:<release> )?is an? (?:repeat|retransmission|re-?issue|re-?transmission) of (?:the|our|a)\b",
        r"|\b(?:this|the following) <release> was (?:originally |first )?<sent>\b[^.]{0,60}"
        r"\bis being (?:retransmitted|re-?sent|repeated|re-?distributed|re-?issued)\b",
    ),
    frame("correction", "corrected", rf"\b{POINTER}"),
    # RNS: "The following amendment has been made to the '…' announcement released on … at … under RNS No …"
    frame(
        "correction",
        "been made to",
        r"\bthe following (?:\w+ )?(?:amendments?|corrections?|changes?) (?:has|have) been made to (?:the"
        r"|our) .{0,120}?",
        r"\b(?:announcement|release)\b.{0,60}?\b(?:<sent>|made|dated|rns)\b",
    ),
    # RNS: "This replaces the announcement released at …"
    frame(
        "correction",
        "replaces the",
        r"\b(?:this|the following) (?:announcement )?replaces the (?:[\w'’“”\"-]+ ){0,6}?(?:announcement|release)\b",
        r".{0,40}?\b(?:<sent>|made|dated|rns)\b",
    ),
    frame(
        "correction",
        "contained|included",
        r"\b(?P<marker><release>\b.{0,120}?\b(?:<sent>|dated|of \d|of [a-z]+ \d|titled)\b.{0,160}?",
        r"\b(?:contained|included) (?:an?|some|several|two|the) (?:\w+ ){0,2}",
        r"(?:errors?|mistakes?|incorrect|inaccura\w+|wrong|typo\w*))",
        opening=True,
    ),
    frame(
        "correction",
        "error",
        r"\b(?P<marker>(?:an? )?errors? in (?:the|our|its) (?:\w+ )?<release>) (?:<sent>|dated|of "
        r"(?=\d|jan|feb|mar|apr|may|jun"
        r"|jul|aug|sep|oct|nov|dec|yesterday|earlier))\b",
        opening=True,
    ),
    # Agencies: "This article updates and corrects a prior version …", "(Corrects paragraph 2 …)"
    frame(
        "correction",
        "corrects",
        r"\b(?:this|the present) (?:article|story|version|report|(?:(?:press"
        r"|news) )?release) (?:updates and )?corrects\b",
        opening=True,
    ),
    frame("correction", "(correct", r"^\s*\(\s*(?P<marker>correct(?:s|ed|ing|ion))\b"),
    frame(
        "correction",
        "version of this|version of the",
        r"\b(?:an?|the) (?:earlier|previous|prior|original) version of (?:this|the) (?:<release>|story|article"
        r"|report)\b",
        r"[^.]{0,160}?\b(?:<wrong>|contained|omitted|corrected|stated)\b",
    ),
    frame(
        "correction",
        "correct",
        r"\bre-?issu(?:ing|es|ed) (?:its|the|our|this|a) .{0,60}?<release>\b.{0,80}?\bto (?:correct|fix|rectify)\b",
    ),
    frame(
        "correction",
        "wishes to|would like to|hereby",
        r"\b(?:wishes to|would like to|hereby) (?:correct|clarif)\w* (?:its|the|our|an?) (?:\w+ ){0,3}",
        r"(?:press|news|media) release",
    ),
    frame("correction", "correction", r"^\W*(?P<marker>the (?:update/)?corrections?)\s*:"),
    frame("update", "the update", r"^\W*(?P<marker>the update)\s*:.{0,300}<release>"),
    frame(
        "correction",
        "please be advised|please note|advised that",
        r"\b(?P<marker>please (?:be advised|note)|advised that)\b.{0,60}?\b<release>\b.{0,160}?\b(?:<sent>|dated"
        r"|of \d)\b",
        r".{0,200}?(?:contained an?|should (?:have )?(?:read|be|been|stated?)|incorrect|erroneous|\berrors?\b"
        r"|misstat|wrong)",
        opening=True,
    ),
    # Business Wire: "First paragraph, first sentence of release should read: …"
    frame(
        "correction",
        "should read",
        r"\b(?P<marker>(?:headline|paragraph|sentence|bullet|table|subhead\w*|dateline"
        r"|caption)\b[^.]{0,60}\bshould read)\b",
        r"(?=.{0,400}\brelease\b)|\b(?:headline|paragraph|sentence)\b[^.]{0,40}\bof (?:the |our |its "
        r")?(?:\w+ )?release should read\b",
        opening=True,
    ),
    frame("update", "updated", r"\bthe updated (?:release|version) (?:reads|follows)"),
)


# What the frames speak of; most bodies name none of it in their first paragraphs. Found faster than by a pattern.
_ENGLISH_NOUNS = (
    "release",
    "announcement",
    "advisory",
    "corrected ",
    "correction of",
    "version of",
    "corrects",
    "(correct",
    "the correction",
    "should read",
)
_EUROPEAN_NOUNS = (
    "communiqu", "comunica", "nota ", "mitteilung", "meldung", "fassung", "veröffentlichung", "bekanntmachung",
    "meddel", "melding", "tiedo", "persbericht", "thông cáo", "bản tin", "đính chính", "version",
)  # fmt: skip
_IDEOGRAPHS = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def _by_cue(known: tuple[Frame, ...]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    places: dict[str, list[int]] = {}
    for place, one in enumerate(known):
        for cue in one.cues:
            places.setdefault(cue, []).append(place)
    return tuple((cue, tuple(found)) for cue, found in places.items())


_CUED = {known: _by_cue(known) for known in (ENGLISH, EUROPEAN, ASIAN)}


def frames_for(lowered: str) -> list[Frame]:
    """Return the frames that a body in small letters may hold, the more telling first."""
    families = []
    if any(noun in lowered for noun in _ENGLISH_NOUNS):
        families.append(ENGLISH)
    if any(noun in lowered for noun in _EUROPEAN_NOUNS):
        families.append(EUROPEAN)
    if not lowered.isascii() and _IDEOGRAPHS.search(lowered):
        families.append(ASIAN)
    found: list[Frame] = []
    for family in families:
        places = {place for cue, where in _CUED[family] if cue in lowered for place in where}
        found += [family[place] for place in sorted(places)]
    return found
