"""What the words beside a marker are: an issuer's news, a company alone, a filing's title, or something else."""

from __future__ import annotations

import re

from pipelines.notices.folding import fold

_VERBS = """
accelerates achieves acquires adds adopts advances affirms agrees aims amends announces appoints approves awards backs
becomes begins breaks brings builds buys calls celebrates changes clears closes collaborates commences comments
commits completes confirms congratulates continues converts creates cuts debuts declares delivers demonstrates deploys
develops discovers doubles drills earns elects enables engages enhances ensures enters establishes exceeds executes
expands explores extends features files finds forms gains gets gives goes grants grows hails helps highlights hires
holds honors identifies implements improves increases inks integrates intersects introduces invests invites issues
joins kicks launches leads leases lists lowers makes marks meets merges moves names nominates notes obtains offers
opens orders outlines owns partners passes plans posts prepares presents prices produces promotes proposes protests
provides publishes raises reaches reaffirms realigns receives recognizes records reduces refinances releases relocates
renews repays reports requests responds restructures returns reveals rings rises rolls sees selects sells sends serves
sets shares ships shows signs sponsors starts strengthens strikes submits succeeds supports surpasses takes tests to
transforms triples unveils updates upsizes urges wins
"""
_ACTS = re.compile(rf"\b(?:{'|'.join(_VERBS.split())}|named|appointed)\b")
_ENGLISH_ACTS = re.compile(
    r"\b(?:announces?|reports?|launches|appoints|completes?|unveils|introduces?|releases|declares|provides|opens"
    r"|signs|enters|closes|receives|wins|names|to (?:present|host|participate|acquire|announce|report|open))\b"
)
_FURTHER_ACTS = re.compile(
    r"\b(?:achieves|acquires|adds|agrees|appears|approves|becomes|begins|brings|builds|buys|celebrates|collaborates"
    r"|confirms|continues|delivers|earns|elects|enrolls|establishes|exceeds|expands|expects|extends|invests"
    r"|joins|obtains|promotes|publishes|puts|raises|reaches|reveals"
    r"|secures|selects|sells|starts|strengthens|submits|teams up|unites|welcomes)\b"
)
"""Words of headlines that only tell in the midst of one: "Harbour Foods Expands in Asia"; some are nouns as well."""
_LEGAL_FORM = re.compile(
    r"\b(?:inc|corp|corporation|ltd|limited|llc|llp|plc|ag|se|nv|gmbh|asa|ab|oyj|spa|bhd|berhad|holdings?|group|company)\b"
)
_TICKER = re.compile(r"\((?:nasdaq|nyse|otc\w*|tsx\w*|cse|asx|lse|aim|hkex|sgx|fra)\b[^)]*\)", re.IGNORECASE)
_SMALL_WORDS = "of and the & for de la le du des et und y e di del della van von der den da do dos"
_SMALL = frozenset(_SMALL_WORDS.split())
COMPANY_WORDS = 8

FILING = re.compile(
    r"\b(?:reports?|results|announcement|statement|notices?|circular|prospectus|agm|egm|holdings?|shareholdings?|dealings?|"
    r"transactions?|pdmr|voting rights|interests?|presentation|calendar|fato relevante|comunicado\b.*|tr-1"
    r"|form 8(?:\.\d)?|"
    r"appendix \d\w?|net asset values?|nav|dividend|accounts)\b"
)
"""Titles of regulated announcements: "Director/PDMR Shareholding", "Half-Year Report"."""

_OF_A_RELEASE = re.compile(
    r"(?:le|la|l'|au|aux|du|al?|el|del|ao|do|dem|der|zur?|to|of|the|av|af|til|till)?\s*(?:the\s+|our\s+|its\s+|notre\s+)?"
    r"(?:(?:press|news|media)\s+release|communique|comunicado|comunicato|nota de prensa|\w*mitteilung|\w*meldung"
    r"|pressmeddel"
    r"|borsmeddel|selskabsmeddel|borsmelding)"
)


def acts(folded: str) -> bool:
    """Whether a headline says that somebody does something: "… Opens a Bakery", "… to Present at …"."""
    return _ACTS.search(folded) is not None


def is_news(printed: str) -> bool:
    """Whether a headline is an issuer's news: a company with its legal form or ticker, or somebody who acts."""
    folded = fold(printed)
    further = _FURTHER_ACTS.search(folded)
    deed = further is not None and further.start() > 0 and further.end() < len(folded)
    return acts(folded) or deed or _LEGAL_FORM.search(folded) is not None or _TICKER.search(printed) is not None


def is_company(printed: str) -> bool:
    """Whether the words are a name alone, as PR Newswire prints it after its marker: "The Harbour Foundation"."""
    words = printed.split()
    if not words or len(words) > COMPANY_WORDS or ":" in printed or " - " in printed or " -- " in printed:
        return False
    if any(word[0].islower() and word.casefold() not in _SMALL for word in words):
        return len(words) <= 2  # "adidas", "eBay", "iRobot Corp"
    return _ENGLISH_ACTS.search(fold(printed)) is None


def names_a_release(folded: str) -> bool:
    """Whether what follows a marker tells which release is meant: "Annule et remplace le communiqué du 3 mai"."""
    return _OF_A_RELEASE.match(folded) is not None
