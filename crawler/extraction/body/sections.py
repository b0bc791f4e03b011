"""The parts of a release: dateline, body, hashtags, disclaimer, about, contacts, and what is none of it.

Releases of all wires are built alike: headline, sub-headline, dateline, text, an end mark (hashtags, disclaimer, ``###``,
``SOURCE``), sections about the companies, contacts. What a site hangs on behind that is no part of it.
"""  # noqa: E501

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

import lxml.html

from crawler.extraction.body import phrases
from crawler.extraction.body.blocks import is_latin_headline, is_under
from crawler.extraction.body.company_headings import bold_opening
from crawler.extraction.body.lead import find_start, without_captions, without_headline
from crawler.extraction.body.paragraphs import Paragraph, is_prose, prose_behind, teaser_pairs
from crawler.extraction.body.site_lines import is_bar, is_linked_title, is_offer
from crawler.extraction.closing_words import SOURCE_LINE, company_of, disclaimer_at
from crawler.extraction.fields.contacts import contact_runs
from crawler.extraction.fields.datelines import DatelineMatch, find_dateline
from crawler.extraction.fields.dates import is_date_line
from crawler.extraction.fields.tags import is_tag_line
from crawler.extraction.fields.wires import wire_of
from crawler.extraction.text import is_cut_short, is_sentence, key, weight

Part = Literal["body", "about"]
LINE = 450  # characters: no line of boilerplate is longer
COPIES = 3  # siblings with the same text: no site prints its summary so often
LABEL = 40  # Latin characters
LATE = 0.25  # of the text at most may follow a mark, or it marks something inside the text
ENOUGH = 300  # of text before an end mark can be one: EQS prints the disclaimer above the text
LITTLE_BEHIND = 900  # of text behind the marks of a short release: sections about two or three companies
_SIGNS = re.compile(r"\W*")
_ADDRESSES = re.compile(r"(?:(?:https?://|www\.)\S+(?:\s+|$))+", re.I)
_ABOUT_IN_LINE = re.compile(r"\W{0,3}About [A-Z][\w&.,’' -]{1,70}[:\n–-]")
_EQS_TABLE = re.compile(r"^\W*+(?:Language|Sprache)\s*+:?\s*+(?:\||English|Deutsch)", re.I)


_QUOTED = re.compile(r"\W{0,3}[\"“”„«»‘’']|.{0,40}[?!]")
"""Speech, not an end mark: “Fine?”"""
_NO_WORD = re.compile(r"[\W\d_]{2,12}$")
_COMPANY = re.compile(
    r"会社|企業|法人|財団|社団|大学|協会|協議会|機構|組合|研究所|グループ|ホールディングス|公司|集[團团]|企[業业]|協[會会]|协会|基金[會会]|大[學学]|機構|机构|"
    r"회사|기업|그룹|재단|협회|대학|㈜|\(주\)|株式|有限|\bInc\b|\bLtd\b|\bCorp|[A-Za-z]{2,}"
)
_ABOUT_NOUN = re.compile(
    r"(?:サービス|商品|製品|新製品|イベント|開催|調査|アンケート|セミナー|講座|キャンペーン|プロジェクト|プログラム|募集|応募|実施|活動|取引|提携|業務|"
    r"講演|展示|施設|店舗|物件|事業|計画|本件|今後|背景|詳細|機能|仕様|販売|利用|出展|登壇|採用|研究|論文|書籍|番組|作品|大会|制度|制作|コース|プラン|"
    r"活[動动]|[產产]品|服[務务]|[項项]目|方案|研究|大[賽赛]|展[覽览]|[會会][議议]|기능|행사|서비스|제품|상품|조사|이벤트|프로젝트|프로그램|사업|연구)"
    r"\W{0,2}(?:の|等|内容|)?(?:概要|について|簡介|简介|소개|개요|에\s?대하여|에\s?대해)"
)
"""Headings of a part of the text that are made like those of a section about a company: "■サービス概要"."""


@dataclass(slots=True)
class Sections:
    """The parts of a release as its page has them."""

    found: DatelineMatch | None = None
    start: int = 0
    """The index of the block that the text begins with."""
    lead: list[Paragraph] = field(default_factory=list)
    """What is above the dateline; sub-headline, highlights, or of the site."""
    paragraphs: list[tuple[Part, str]] = field(default_factory=list)
    """The release's paragraphs in page order; the first has its dateline still."""
    tag_lines: list[str] = field(default_factory=list)
    disclaimer: str | None = None
    contacts: list[str] = field(default_factory=list)
    captions: list[Paragraph] = field(default_factory=list)
    source: str | None = None
    """The issuer as the SOURCE line names it."""
    pieces: list[Paragraph] = field(default_factory=list)
    """All paragraphs that were looked at, with what each became."""
    company: str | None = None
    """The company that the first company section names in its heading."""
    notes: list[str] = field(default_factory=list)
    """Lines left out that still say something: "View source version on …", an embargo, a date."""


def split(pieces: list[Paragraph], headline: str | None, captions: set[int]) -> Sections:
    """Return the parts of a release; ``captions`` are the indexes of blocks that are under pictures."""
    sections = Sections(pieces=list(pieces))
    pieces = without_headline(pieces, headline)
    without_head = {id(piece) for piece in pieces}
    for piece in sections.pieces:
        if id(piece) not in without_head:
            piece.reason = "the headline, or above it"
    pieces, sections.captions = without_captions(pieces, captions)
    for piece in sections.captions:
        piece.reason = "a caption"
    first, sections.found = find_start(pieces)
    sections.lead = pieces[:first]
    for piece in sections.lead:
        piece.reason = "above the dateline"
    marks = (piece.text[:end].strip() for piece in sections.lead if (end := _disclaimer_end(piece.text)))
    sections.disclaimer = next(marks, None)  # EQS prints it above the text
    sections.start = pieces[first].block.index if first < len(pieces) else 0
    walk = _SectionParser(pieces, first, sections)
    walk.run()
    return sections


def _source_of(text: str) -> str | None:
    """Return whom a source line names: "SOURCE Acme", "消息來源：南灣航運"."""
    if match := phrases.SOURCE.match(text):
        return (match["name"] or match["cjk"]).strip()
    match = SOURCE_LINE.match(text)
    return match["name"].strip() if match else None


def _disclaimer_end(text: str) -> int:
    """Return where the disclaimer that a paragraph opens with ends; 0 where it opens with none."""
    signs = _SIGNS.match(text)
    return disclaimer_at(text, signs.end() if signs else 0)


class _SectionParser:
    """Goes through the paragraphs once, from the dateline to where the release ends."""

    def __init__(self, pieces: list[Paragraph], first: int, sections: Sections) -> None:
        self.pieces = pieces
        self.first = first
        self.sections = sections
        self.state: Literal["body", "about", "contact", "over"] = "body"
        self.tail = False
        """Whether an end mark was seen: hashtags, disclaimer, ``###``, about, contacts."""
        self.tagged = False
        """Whether hashtags were seen with little behind them: what is then in another element is the site's."""
        self.said = 0
        self.seen: set[str] = set()
        self.homes: set[lxml.html.HtmlElement | None] = set()
        """The elements that the text's paragraphs are in."""
        self.pairs = teaser_pairs(pieces)
        self.contact_runs = contact_runs(pieces)
        self.prose = [is_prose(piece) for piece in pieces]
        self.rest = prose_behind(pieces, self.prose)
        self.prose_homes = Counter(
            piece.block.element.getparent() for piece, prose in zip(pieces, self.prose, strict=True) if prose
        )
        self.skip_to = 0
        self.home: lxml.html.HtmlElement | None = None
        """The smallest element that holds all of the text so far."""
        self.kept = 0
        self.contact_home: lxml.html.HtmlElement | None = None

    def run(self) -> None:
        """Fill the anatomy."""
        for index in range(self.first, len(self.pieces)):
            piece = self.pieces[index]
            if self._is_elsewhere(index, piece):
                for other in self.pieces[index:]:
                    other.reason = other.reason or "other stories begin here or above"
                break
            if index < self.skip_to:
                piece.reason = "under a heading of other stories"
            elif not self._is_mark(index, piece):
                self._take(piece, index)
        self._trim()
        own = self.sections.paragraphs
        while own and weight(own[-1][1]) <= LABEL and own[-1][1].endswith((":", "：")):
            label = own.pop()[1]  # of what was left out: "On the Net:"
            for piece in self.pieces:
                if piece.text == label:
                    piece.part, piece.reason = "", "a label of what was left out"

    def _trim(self) -> None:
        """Take back what a site adds at the end of a text: headings of what was left out, linked headlines, offers.

        Not of a release with a dateline, an end mark or a section about a company: it says itself where it ends.
        """
        own = self.sections.paragraphs
        if self.sections.found is not None or self.tail or not own:
            return
        taken = [piece for piece in self.pieces if piece.part == "body"]
        end = count = len(taken)
        while end > 1 and (_is_trailing(taken[end - 1]) or is_linked_title(taken[end - 1].block)):
            end -= 1
            if _is_trailing(taken[end]):
                count = end  # linked headlines go with the heading over them; without one they are the text's
        for piece in taken[count:]:
            piece.part, piece.reason = "", "at the end of the text: a heading over what was left out, or an offer"
        if count < len(taken):
            del own[len(own) - (len(taken) - count) :]

    def _take(self, piece: Paragraph, index: int) -> None:
        if self.state == "over":
            piece.reason = "behind the end of the text"
            if phrases.CONTACT_LINE.search(piece.text) and piece.is_short:
                self._note_contact(piece)
            return
        if index in self.pairs or (index - 1) in self.pairs:
            piece.reason = "a teaser"
            return
        if self.state == "contact":
            if not is_sentence(piece.text) or phrases.CONTACT_LINE.search(piece.text) or weight(piece.text) <= 260:
                self._note_contact(piece)
                return
            if self.tail:  # the text itself has ended, so that prose behind the contacts is the site's
                piece.reason = "prose behind the contacts"
                self.state = "over"
                return
            self.state = "body"
        if self.tagged and self.state == "body" and self._is_prose(index) and not self._is_at_home(piece):
            piece.reason = "behind the hashtags, in another element"
            self.state = "over"
            return
        letters = key(piece.text)
        if not letters or (len(letters) >= 30 and letters in self.seen and not self._is_repetition(index)):
            piece.reason = "a copy of a paragraph above, or no letters"
            return
        self.seen.add(letters)
        self.said += weight(piece.text)
        if self._is_prose(index):
            self.homes.add(piece.block.element.getparent())
        self._settle(piece)
        part: Part = "about" if self.state == "about" else "body"
        piece.part = part
        self.sections.paragraphs.append((part, piece.text))

    def _is_repetition(self, index: int) -> bool:
        """Whether a text says a paragraph again itself: as a sibling of the first one, with others between them."""
        piece = self.pieces[index]
        first = next((other for other in self.pieces if other.text == piece.text), None)
        if first is None or first.block.element.getparent() is not piece.block.element.getparent():
            return False
        copies = sum(other.text == piece.text for other in self.pieces)
        return copies >= COPIES or self.pieces[index - 1].text != piece.text

    def _note_contact(self, piece: Paragraph) -> None:
        if wire_of(piece.text) is None:  # the release's own address is no contact
            piece.part = "contacts"
            self.sections.contacts.append(piece.text)

    def _is_mark(self, index: int, piece: Paragraph) -> bool:
        """Whether a paragraph is one of the marks of a release's end, or a line of no release; moves on with it."""
        if self._is_label(index, piece) or self._is_end(index, piece):
            return True
        section = self._section(index, piece)
        if section is None:
            return self._is_left_out(index, piece)
        self.state = section
        if section == "contact":
            self.contact_home = piece.block.element.getparent()
            piece.part = "contacts"
            self.sections.contacts.append(piece.text)
            return True
        self.tail = self.tail or section == "about"
        if section == "about" and self.sections.company is None:
            self.sections.company = company_of(piece.text) or (
                bold_opening(piece.block.element, piece.text) if self._is_company_section(index, piece) else None
            )
        return False

    def _is_label(self, index: int, piece: Paragraph) -> bool:
        """Whether a paragraph is the disclaimer, a line of hashtags, or the accounts behind one."""
        text, sections = piece.text, self.sections
        if end := _disclaimer_end(text):
            sections.disclaimer = sections.disclaimer or text[:end].strip()
            piece.part = "disclaimer"
            self._disclaimer(text[end:].strip(), piece, index)
            return True
        if is_tag_line(text) and not phrases.END.match(text):
            sections.tag_lines.append(text)
            piece.part = "tags"
            self.tail = self.tail or self._may_end(index)
            self.tagged = self._may_end(index) and self.rest[index] <= self.said * LATE
            return True
        if sections.tag_lines and _ADDRESSES.fullmatch(text):  # Media OutReach glues the issuer's accounts to its tags
            sections.notes.append(text)
            piece.reason = "the issuer's accounts"
            return True
        return False

    def _is_end(self, index: int, piece: Paragraph) -> bool:
        """Whether a paragraph says that the text has ended: ``###``, SOURCE, "View source version", EQS's table."""
        text, sections = piece.text, self.sections
        if (
            len(text) <= LINE
            and phrases.VIEW_SOURCE.search(text)
            and ("http" in text or piece.is_short or piece.block.links)
        ) or phrases.TRANSMITTED.match(text):
            sections.notes.append(text)
            piece.reason = "names the source version"
            self._end(index)
            return True
        if piece.is_short and phrases.END.match(text) and not _QUOTED.match(text):
            if not _NO_WORD.match(text) and not self._may_end_all(index):
                return False
            piece.reason = "an end mark"
            if self.rest[index] < self.said or sections.found is not None:
                self._end(index)
            return True
        if not self._may_end(index):
            return False
        if piece.is_short and self.rest[index] < self.said * LATE and (name := _source_of(text)):
            sections.source = name
            piece.part = "issuer"
            self._end(index)
            return True
        if _EQS_TABLE.match(text):
            self._end(index)
            return True
        return False

    def _section(self, index: int, piece: Paragraph) -> Literal["body", "about", "contact"] | None:
        """Return the section of a release that a paragraph opens, if it does."""
        text = piece.text
        if self._is_about(index, piece):
            return "about"
        if (phrases.CONTACT.match(text) and self._is_contact(index, piece)) or self._opens_contacts(index):
            return "contact"
        if self.state == "over" and piece.is_short and phrases.EXPLANATION.match(text):
            return "body"
        if self.state == "contact" and piece.is_short and phrases.NOTES.match(text):
            return "body"
        return None

    def _is_left_out(self, index: int, piece: Paragraph) -> bool:
        """Whether a paragraph is a line of no release's text: a date above or below it, a button, a copyright."""
        text = piece.text
        if ((not self.said or not self.rest[index]) and is_date_line(text)) or (
            len(text) <= LINE and phrases.BOILERPLATE.match(text)
        ):
            self.sections.notes.append(text)
            piece.reason = "a date line, a button or another line of the site"
            return True
        if is_bar(text) or (self._is_beside_text(piece) and is_offer(text)):
            self.sections.notes.append(text)
            piece.reason = "a bar or an offer of the site"
            return True
        return False

    def _is_beside_text(self, piece: Paragraph) -> bool:
        """Whether a paragraph is above the text or in an element of its own, apart from the text's paragraphs."""
        if self.sections.found is not None or self.state != "body":
            return False
        return not self.said or self.prose_homes[piece.block.element.getparent()] <= 1

    def _may_end_all(self, index: int) -> bool:
        """Whether so little of any kind follows that a word like "Fine" can be an end mark."""
        behind = sum(
            weight(piece.text)
            for piece in self.pieces[index + 1 :]
            if piece.block.link_density < 0.5 and is_sentence(piece.text) and not is_cut_short(piece.text)
        )
        return self.sections.found is not None or behind <= max(LITTLE_BEHIND, self.said * LATE)

    def _may_end(self, index: int) -> bool:
        """Whether so much of the text was said that a mark can be its end: a short release has little behind it too."""
        if self.said >= ENOUGH:
            return True
        limit = LITTLE_BEHIND if self.sections.found is not None else self.said * LATE
        return self.said > 0 and self.rest[index] <= limit

    def _disclaimer(self, rest: str, piece: Paragraph, index: int) -> None:
        if self.sections.found is None and not self._may_end(index):  # above the text, behind the wire's header
            self.sections.paragraphs.clear()
            for other in self.pieces[self.first : index]:
                other.part, other.reason = "", "above the disclaimer, behind the wire's header"
            self.said = 0
        else:
            self.tail = True
            self.state = "over"
        if rest:
            self.pieces[index] = Paragraph(rest, piece.block)
            if not self._is_mark(index, self.pieces[index]):
                self._take(self.pieces[index], index)

    def _end(self, index: int) -> None:
        if self._may_end(index):
            self.tail = True
            self.state = "over"

    def _is_about(self, index: int, piece: Paragraph) -> bool:
        """Whether a section about a company begins: as a heading of its own, or with its text behind it."""
        text = piece.text
        if self._is_company_section(index, piece):
            return True
        if not self._may_end(index) or not (phrases.ABOUT.match(text) or (piece.is_short and _is_about_end(text))):
            return False
        if piece.is_short and not is_sentence(text.rstrip(":：. ")):
            following = self.pieces[index + 1] if index + 1 < len(self.pieces) else None
            if following is not None or not is_sentence(text):
                return following is not None and piece.block.link_density < 0.8 and not is_cut_short(following.text)
        return self.tail or index > len(self.pieces) // 2 or _ABOUT_IN_LINE.match(text) is not None

    def _is_company_section(self, index: int, piece: Paragraph) -> bool:
        """Whether a section about a company begins behind the end marks, though no word says so.

        A bold name, or a heading with a word for such a section, with a paragraph of text behind it; or a paragraph
        that opens with a bold name.
        """
        if not self.tail or self.state == "contact":
            return False
        if self._is_prose(index):
            return self.state != "about" and bold_opening(piece.block.element, piece.text) is not None
        if not piece.is_short or is_sentence(piece.text.rstrip(":：. ")) or not self._is_prose(index + 1):
            return False
        if phrases.RELATED.match(piece.text) or phrases.CONTACT.match(piece.text) or phrases.NOTES.match(piece.text):
            return False
        return company_of(piece.text) is not None or bold_opening(piece.block.element, piece.text) is not None

    def _opens_contacts(self, index: int) -> bool:
        """Whether names, numbers and addresses without a heading begin here, behind the text."""
        return index in self.contact_runs and self._may_end(index) and self.rest[index] <= self.said * LATE

    def _is_contact(self, index: int, piece: Paragraph) -> bool:
        """Whether a line that speaks of contacts opens a block of them, or is a sentence of the text."""
        if not self._may_end(index):
            return False
        if phrases.CONTACT_LINE.search(piece.text) or weight(piece.text) <= 60:
            return True
        following = self.pieces[index + 1 : index + 4]
        return piece.is_short and any(phrases.CONTACT_LINE.search(other.text) for other in following)

    def _is_elsewhere(self, index: int, piece: Paragraph) -> bool:
        """Whether other stories begin here, so that nothing more belongs to the release."""
        if not self._may_end(index):
            return False
        if self._opens_related(piece):
            self.skip_to = self._past_related(index)
            return self.skip_to >= len(self.pieces)
        if self._is_outside(index, piece):
            return self.tail or self._may_end_all(index)
        if not self.tail or not self._is_teaser(index, piece):
            return False
        if self.sections.found is None and self.sections.disclaimer is None and self.rest[index] > self.said * LATE:
            self.skip_to = index + 1  # a teaser inside a text whose marks were no end
            return False
        return True

    def _is_outside(self, index: int, piece: Paragraph) -> bool:
        """Whether a paragraph is outside the element that holds all of the text so far, and little follows.

        Behind the release's end nothing out there belongs to it, but a section about a company and contacts. Of a
        text of a paragraph or two the home is not sure yet: then only what looks like another story is outside.
        """
        if self.home is None or is_under(piece.block.element, self.home):
            return False
        if self.said < ENOUGH and self._unlinked_behind(index) > self.said:
            return False
        if self.state == "contact" and self.contact_home is not None and self.contact_home.tag != "body":
            return not is_under(piece.block.element, self.contact_home)
        if self.kept < 3 and piece.block.link_density < 0.8 and not is_cut_short(piece.text):
            return False
        behind = self.rest[index] + (weight(piece.text) if self.prose[index] else 0)
        if not self.tail and behind >= self.said * LATE:
            return False
        opens_contacts = phrases.CONTACT.match(piece.text) is not None and self._is_contact(index, piece)
        return not opens_contacts and not self._is_about(index, piece)

    def _unlinked_behind(self, index: int) -> int:
        """Return how much text of any kind is here and behind."""
        return sum(weight(piece.text) for piece in self.pieces[index:] if piece.block.link_density < 0.5)

    def _settle(self, piece: Paragraph) -> None:
        """Widen the home of the text so that it holds this paragraph."""
        self.kept += 1
        home = piece.block.element.getparent()
        if self.home is None:
            self.home = home
        while self.home is not None and not is_under(piece.block.element, self.home):
            self.home = self.home.getparent()

    @staticmethod
    def _opens_related(piece: Paragraph) -> bool:
        if not piece.is_short or is_sentence(piece.text.rstrip(":： ")):
            return False
        return phrases.RELATED.match(piece.text) is not None and phrases.ABOUT.match(piece.text) is None

    def _past_related(self, index: int) -> int:
        """Return the index at which the release goes on behind a heading of other stories: two paragraphs of text in a row.

        One paragraph alone is a teaser's. Once the release has ended, nothing goes on.
        """  # noqa: E501
        if self.tail:
            return len(self.pieces)
        mostly_text = self.rest[index] > self.said
        for at in range(index + 1, len(self.pieces)):
            if self._is_prose(at) and (mostly_text or self._is_prose(at + 1) or self._is_at_home(self.pieces[at])):
                return at
        return len(self.pieces)

    def _is_at_home(self, piece: Paragraph) -> bool:
        return piece.block.element.getparent() in self.homes

    def _is_prose(self, index: int) -> bool:
        return index < len(self.pieces) and self.prose[index]

    def _is_teaser(self, index: int, piece: Paragraph) -> bool:
        """Whether a paragraph behind the release's end is another story's."""
        if index in self.pairs or (is_cut_short(piece.text) and weight(piece.text) >= 40):
            return True
        if piece.block.link_density > 0.8 and is_latin_headline(piece.text):
            return phrases.CONTACT_LINE.search(piece.text) is None
        return self.state == "about" and find_dateline(piece.text) is not None


def _is_about_end(text: str) -> bool:
    """Whether a heading ends as one of a company's section does: "会社概要", not "サービス概要"."""
    return phrases.ABOUT_END.search(text) is not None and not (
        _ABOUT_NOUN.search(text) and not _COMPANY.search(_ABOUT_NOUN.sub("", text))
    )


def _is_trailing(piece: Paragraph) -> bool:
    """Whether a paragraph at the end of a text is no text: a heading over nothing, or an offer."""
    return piece.block.kind == "heading" or is_offer(piece.text)
