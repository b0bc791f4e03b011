"""Recognises notices by phrases of the headline: "Correction to Half-Year Report", "… Corrects Record Date"."""

from __future__ import annotations

from pipelines.notices.grammar import HeadlineFrame, headline_frames
from pipelines.notices.headline_tokens import SEPARATORS, HeadlineTokens, joined
from pipelines.notices.news_words import is_column
from stories.model.release import Notice
from stories.text.token_patterns import Match


def phrase_notice(line: HeadlineTokens) -> Notice | None:
    """Return the notice of a phrase: "Correction to Half-Year Report", "… Corrects Record Date"."""
    frames, patterns = headline_frames()
    for number in patterns.candidates(line.words):
        frame = frames[number]
        found = frame.pattern.search(line)
        if found is None or (frame.unless and frame.unless.search(line)):
            continue
        first, last = found.groups["marker"]
        if is_column(line.before(first)) or _is_about_something_else(line, found, frame):
            continue
        headline = line.text
        if frame.idiom.rest == "before":
            headline = line.before(found.groups.get("cut", (first, last))[0]).rstrip("：: —–-")
        elif frame.idiom.rest == "after":
            headline = line.rest(last)
        elif frame.idiom.rest == "without":
            before, after = line.before(first), line.rest(line.behind_separator(last)).strip(" ,")
            headline = joined(before, after) if after else before.rstrip(" :—–-") or line.text
        return Notice(kind=frame.idiom.kind, marker=line.printed(first, last).strip(" ,-"), headline=headline)
    return None


def _is_about_something_else(line: HeadlineTokens, found: Match, frame: HeadlineFrame) -> bool:
    """Return whether an agreement, a policy or a director is corrected or amended, not an announcement.

    "Amendment to Loan Agreement Announcement" names an announcement, "Amendment to Loan Agreement in the Report" not.
    After an adjective or verb (group ``whole``) such a word excludes a notice: "Amended Credit Agreement Announcement".
    """
    between = found.groups.get("gap") or found.groups.get("whole")
    if between is None or frame.thing is None:
        return False
    gap = HeadlineTokens(line.printed(*between))
    if any(word in SEPARATORS for word in gap.words):
        return True
    strict = "whole" in found.groups and "'" not in gap.words  # "Revised Chairman's Address" is an address
    if frame.thing.search(gap) and (strict or frame.small is None or frame.small.search(gap)):
        return True
    lead = found.groups.get("lead")
    if lead and frame.thing.search(HeadlineTokens(line.printed(*lead))):
        return True
    return frame.thing.match(line, found.last) is not None and not line.is_separator(found.last)
