"""What only looks like an update: a rubric that comes every week, a listicle, a study with new figures."""

from __future__ import annotations

import re

from pipelines.notices.folding import fold

_STUDY = re.compile(
    r"(?:[—|]|\s-)\s*[^—|]{0,50}\b(?:study|survey|rankings?|index|poll|analysis|barometer|outlook|data"
    r"|report|forecast)\s*$"
)
_TOPIC = re.compile(
    r"(?:\d{4}['’]s|states|cities|countries|best|worst|top|most|least|biggest|largest|safest|cheapest|how"
    r"|what|why|where|when"
    r"|who|which|weekly|monthly|daily|latest|on|from|for|your|our)\b"
    r"|(?:gold|silver|oil|gas|fuel|crypto|bitcoin|mortgage|housing|stocks?)\s+(?:prices?|rates?|markets?)\b"
    r"|\d+ (?:\w+ )?(?:best|top|ways|tips|things|reasons|places)\b|the \d+ \w+"
)
_YEAR = re.compile(r"^\S+(?:\s\S+)?\s20\d\d\s*$")
_ISSUER_ACTS = re.compile(
    r"\b(?:announces?|reports?|appoints?|launches|completes?|closes|enters|signs|provides?|receives?|files"
    r"|intersects|declares"
    r"|acquires?|expands?|joins|wins|selects?|secures?|begins|starts|unveils|introduces?|named"
    r"|to (?:present|host|report))\b"
)
_NEW_FIGURES = re.compile(
    r"\b(?:released?|publish\w*|unveil\w*|issued?)\s+(?:its\s+|the\s+|an?\s+|their\s+)?(?:latest\s+)?updated\s+"
    r"(?:\w+\s+)?(?:report|rankings?|study|survey|index|analysis|list)"
)
_RUBRIC = re.compile(
    r"breaks\s*(?:—|-|:)|\b(?:market|stock|price|gold|oil|crypto|bitcoin|weather|traffic|weekly|daily"
    r"|monthly|podcast|video)"
    r"\s*(?:watch|news|wrap|update|report)?\s*(?::|-|—)|^(?:the\s+)?(?:best|top)\b|\b(?:best|top \d+|guide"
    r"|reviews?|casinos?)\b"
)


def is_rubric(folded: str) -> bool:
    """Whether a headline (or what stands before a marker in it) is that of a column, a listicle, a market report."""
    return _RUBRIC.search(folded) is not None


def is_rubric_update(rest: str, folded_rest: str, first_paragraph: str = "") -> bool:
    """Whether what follows "Update:" is a topic with new figures, not the headline of a release that is updated.

    Signs: it ends in the name of a study ("– WalletHub Study"); it opens with a topic ("States With the Biggest …",
    "2025’s Changes in …", "Best …", "How …") and no issuer does anything in it; or the first paragraph says that an
    updated report or ranking was released.
    """
    if not rest:
        return False
    study = _STUDY.search(folded_rest)
    topic = folded_rest[: study.start()] if study else folded_rest
    if (study or _TOPIC.match(topic) or _YEAR.search(topic)) and not _ISSUER_ACTS.search(topic):
        return True
    return bool(first_paragraph) and _NEW_FIGURES.search(fold(first_paragraph[:600])) is not None
