"""What a release says about an earlier one: every printed form, and the look-alikes that are none."""

from __future__ import annotations

import csv
import json
import lzma
import os
import string
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.notices import Notice, find_notice, named_dates, quoted_headlines, subject_company

DATA = Path(os.environ.get("WIREWATCH_DATA", Path(__file__).resolve().parents[2] / "../shared/data"))

# form as printed | kind | what is left (= the whole headline)
CORRECTIONS = """
CORRECTING and REPLACING Harbour Robotics Approves Merger | Harbour Robotics Approves Merger
Correcting and Replacing - Harbour Robotics to Present | Harbour Robotics to Present
CORRECTING AND REPLACING: Harbour Robotics Grows | Harbour Robotics Grows
CORRECTING & REPLACING Harbour Robotics Reports | Harbour Robotics Reports
CORRECTING &amp; REPLACING - Harbour Robotics Reports | Harbour Robotics Reports
CORRECTING and REPLACING and ADDING MULTIMEDIA Harbour Robotics Lands | Harbour Robotics Lands
CORRECTION: Harbour Robotics Appoints Chief | Harbour Robotics Appoints Chief
CORRECTION - Harbour Robotics Appoints Chief | Harbour Robotics Appoints Chief
CORRECTION — Harbour Robotics Appoints Chief | Harbour Robotics Appoints Chief
CORRECTION -- Harbour Robotics Appoints Chief | Harbour Robotics Appoints Chief
CORRECTION : Harbour Robotics Appoints Chief | Harbour Robotics Appoints Chief
ＣＯＲＲＥＣＴＩＯＮ：Harbour Robotics Appoints Chief | Harbour Robotics Appoints Chief
Corrections: Harbour Robotics Reports | Harbour Robotics Reports
Corrected: Harbour Robotics Reports | Harbour Robotics Reports
Corrected Release: Harbour Robotics Reports | Harbour Robotics Reports
CORRECTED-Harbour Robotics Reports | Harbour Robotics Reports
CORRECTION The Harbour Fund Names Winners | The Harbour Fund Names Winners
CORRECTION FROM SOURCE: Harbour Robotics Secures Facility | Harbour Robotics Secures Facility
CORRECTION FROM SOURCE Harbour Robotics Secures Facility | Harbour Robotics Secures Facility
CORRECTION/UPDATE: Harbour Robotics Reports | Harbour Robotics Reports
UPDATE AND CORRECTION: Harbour Robotics Reports | Harbour Robotics Reports
Second Correction: Harbour Robotics Reports | Harbour Robotics Reports
CORRECTION #2: Harbour Robotics Reports | Harbour Robotics Reports
REPLACEMENT: Final Results | Final Results
Final Results (Replacement) | Final Results
PRESS RELEASE: CORRECTION: Harbour Reports | PRESS RELEASE: Harbour Reports
Harbour Corp: CORRECTION: Harbour Reports | Harbour Corp: Harbour Reports
[CORRECTION] Harbour Robotics Reports | Harbour Robotics Reports
(Corrected) Harbour Robotics Reports | Harbour Robotics Reports
Harbour Robotics Reports - CORRECTION | Harbour Robotics Reports
Director/PDMR Shareholding - Correction | Director/PDMR Shareholding
Harbour Robotics Reports – Corrected | Harbour Robotics Reports
Harbour Robotics Reports (Corrected) | Harbour Robotics Reports
Harbour Robotics Reports (Corrected Version) | Harbour Robotics Reports
Harbour (CORRECTED) Robotics Reports | Harbour Robotics Reports
Harbour Robotics Reports [CORRECTION] - Media OutReach Newswire | Harbour Robotics Reports - Media OutReach Newswire
CORRECTION ET MISE À JOUR - Port annonce ses résultats | Port annonce ses résultats
RECTIFICATIF : Port annonce ses résultats | Port annonce ses résultats
ERRATUM – Port annonce ses résultats | Port annonce ses résultats
CORRECCIÓN: Puerto anuncia resultados | Puerto anuncia resultados
CORRECCION - Puerto anuncia resultados | Puerto anuncia resultados
Fe de erratas: Puerto anuncia resultados | Puerto anuncia resultados
CORREÇÃO: Porto anuncia resultados | Porto anuncia resultados
ERRATA: Porto anuncia resultados | Porto anuncia resultados
RETTIFICA: Porto annuncia i risultati | Porto annuncia i risultati
ERRATA CORRIGE - Porto annuncia i risultati | Porto annuncia i risultati
Korrektur: Hafen AG erhöht Prognose | Hafen AG erhöht Prognose
Berichtigung: Hafen AG erhöht Prognose | Hafen AG erhöht Prognose
KORREKTUR/Hafen AG erhöht Prognose | Hafen AG erhöht Prognose
WDH/KORREKTUR: Hafen AG erhöht Prognose | Hafen AG erhöht Prognose
+++ Korrektur +++ Hafen AG erhöht Prognose | Hafen AG erhöht Prognose
EQS-Adhoc: Korrektur: Hafen AG: Prognose erhöht | EQS-Adhoc: Hafen AG: Prognose erhöht
EQS-News: Hafen AG: Korrektur: Prognose erhöht | EQS-News: Hafen AG: Prognose erhöht
DGAP-News: Korrektur einer Veröffentlichung vom 02.05.2023, 10:55 Uhr CET/CEST - Hafen AG | DGAP-News: Hafen AG
Rättelse: Hamn AB offentliggör resultat | Hamn AB offentliggör resultat
KORRIGERING: Hamn AB offentliggör resultat | Hamn AB offentliggör resultat
Rettelse: Havn A/S offentliggør | Havn A/S offentliggør
Rättelse i Hamns delårsrapport | Rättelse i Hamns delårsrapport
有關年報之澄清及更正公告 | 有關年報
Korjaus: Satama Oyj julkaisee | Satama Oyj julkaisee
更正：海港公司公布業績 | 海港公司公布業績
更正公告：海港公司公布業績 | 海港公司公布業績
【更正】海港公司公布業績 | 海港公司公布業績
（更正）海港公司公布业绩 | 海港公司公布业绩
海港公司公布业绩（更正） | 海港公司公布业绩
海港公司关于年度报告的更正公告 | 海港公司关于年度报告
【訂正】港湾社、新製品を発表 | 港湾社、新製品を発表
（訂正）港湾社、新製品を発表 | 港湾社、新製品を発表
「港湾社、新製品を発表」の一部訂正について | 「港湾社、新製品を発表」
港湾社の訂正とお詫び | 港湾社
[정정] 항만사 신제품 발표 | 항만사 신제품 발표
정정: 항만사 신제품 발표 | 항만사 신제품 발표
항만사 신제품 발표 (정정) | 항만사 신제품 발표
Đính chính: Công ty Cảng | Công ty Cảng
Исправление: Порт сообщает | Порт сообщает
CORRECTION, Harbour Robotics Reports | Harbour Robotics Reports
CORRECTION TO: Harbour Robotics Reports | Harbour Robotics Reports
NOTICE OF CORRECTION: Harbour Robotics Reports | Harbour Robotics Reports
**CORRECTED** Harbour Robotics Reports | Harbour Robotics Reports
Harbour Reports Third Quarter: CORRECTION | Harbour Reports Third Quarter
Port : Rectificatif | Port
EQS-PVR: Hafen AG: Korrektur | EQS-PVR: Hafen AG
RETTIFICA COMUNICATO STAMPA: Porto annuncia | Porto annuncia
/CORRECTION - Harbour Robotics Reports Results and Raises/ | Harbour Robotics Reports Results and Raises
【再送・訂正】港湾社、新製品を発表 | 港湾社、新製品を発表
「更正」海港公司公布業績 | 海港公司公布業績
Harbour Corrects News Release | Harbour Corrects News Release
Harbour Announces Correction to Record Date | Harbour Announces Correction to Record Date
Harbour Declares Dividend and Provides Clarification of Payment Date | =
"""
UPDATES = """
UPDATE -- Harbour Robotics Reports | Harbour Robotics Reports
UPDATE: Harbour Robotics Announces Inducement | Harbour Robotics Announces Inducement
UPDATE: HARBOUR ROBOTICS REPORTS | HARBOUR ROBOTICS REPORTS
UPDATE Harbour Robotics Announces Pricing | Harbour Robotics Announces Pricing
Update: Harbour Robotics Announces Pricing | Harbour Robotics Announces Pricing
UPDATE: Harbour Robotics Announces Results – Annual Report | Harbour Robotics Announces Results – Annual Report
Updated: Harbour Robotics Reinforces Team | Harbour Robotics Reinforces Team
UPDATE 2-Harbour Robotics Reports | Harbour Robotics Reports
UPDATING and REPLACING Harbour Robotics Reports | Harbour Robotics Reports
ADDING MULTIMEDIA Harbour Robotics Reports | Harbour Robotics Reports
AMENDED: Harbour Robotics Reports | Harbour Robotics Reports
REVISED - Harbour Robotics Reports | Harbour Robotics Reports
REISSUE: Harbour Robotics Reports | Harbour Robotics Reports
Harbour Robotics Reports [UPDATE] | Harbour Robotics Reports
Harbour Robotics Reports (updated June 3, 2026) | Harbour Robotics Reports
Harbour Robotics Reports - UPDATED | Harbour Robotics Reports
Aktualisierung: Hafen AG erhöht | Hafen AG erhöht
Mise à jour : Port annonce | Port annonce
Uppdatering: Hamn AB | Hamn AB
更新：海港公司公布业绩 | 海港公司公布业绩
"""
WITHDRAWALS = """
DISREGARD: Harbour Robotics Reports | Harbour Robotics Reports
PLEASE DISREGARD: Harbour Robotics Reports | Harbour Robotics Reports
ADVISORY - Disregard Harbour Release | Disregard Harbour Release
KILL: Harbour Robotics Reports | Harbour Robotics Reports
WITHDRAWN: Harbour Robotics Reports | Harbour Robotics Reports
Harbour Robotics Reports (WITHDRAWN) | Harbour Robotics Reports
RETRACTED: Harbour Robotics Reports | Harbour Robotics Reports
RETRACTION - Harbour Robotics Reports | Harbour Robotics Reports
Harbour Robotics Retracts News Release | Harbour Robotics Retracts News Release
撤回：海港公司公布业绩 | 海港公司公布业绩
【撤回】海港公司公布业绩 | 海港公司公布业绩
"""
REPEATS = """
RETRANSMISSION: Harbour Robotics Reports | Harbour Robotics Reports
REPEAT - Harbour Robotics Reports | Harbour Robotics Reports
Re-sent: Harbour Robotics Reports | Harbour Robotics Reports
Harbour Robotics Reports - Retransmission | Harbour Robotics Reports
Harbour Robotics Reports - RESEND | Harbour Robotics Reports
/R E P E A T -- Media Advisory - Minister to visit Halifax/ | Media Advisory - Minister to visit Halifax
WDH: Hafen AG erhöht Prognose | Hafen AG erhöht Prognose
【再送】港湾社、新製品を発表 | 港湾社、新製品を発表
"""
LOOKALIKES = """
Bitcoin Market Correction: What Comes Next
Token Holds Steady Amid Market Correction
Gold Price - Correction Ahead
State Department of Corrections: New Contract
CORRECTIONAL Facility Opens in Harbour County
CORRECTION FLUID MARKET TO REACH $2B
Correction Tape Market Report
Harbour Beauty Launches Color Correcting Cream
Quantum Error Correction: A Breakthrough
Technical Corrections Act Passes
False Claims Act Correction Act Introduced
Firm Secures Corrections from Two News Organizations
Corrective Microneedling Clinic Opens
Clarified Harbour Medicine Raises $1.2 Million
Harbour Clarifies Position Amid Takedown of Fraudulent Firms
Harbour Withdraws S-1
Harbour Withdraws Offer for Dock
Opioid Withdrawal: New Therapy
Withdrawal: A Memoir of Recovery
Harbour Adds Token Deposit and Withdrawal
Harbour Announces Voluntary Product Recall
Recall.ai raises $10M
Harbour Files Amended Annual Report
Harbour Announces Amended Earn-In Agreement
Harbour Announces Restatement of Previously Issued Financials
Business Update: Harbour Third Quarter
Harbour Reports Full Year Results and Provides Business Update
Market Update: Stocks Fall
Update on the Harbour Mine
Update from the Chief of Harbour
UPDATE Conference 2026 Opens
Update Your Kitchen This Spring
Updated guidance on swimming
Updated CPR Guidelines Released
Harbour Industry : Update
Stonebridge Updates Coverage on Harbour Inc. 3Q 2026 - Update
Update: States With the Biggest Decreases in Claims – PurseHub Study
Update: 2026’s Changes in Inflation by City – PurseHub Study
UPDATE: Top Cities for Jobs – PurseHub Report
Media Advisory: Minister to visit
ADVISORY: Minister to visit Halifax
CORRECTING THE RECORD: Senator Speaks
Correcting the Record: Harbour Responds
Course Correction: A Novel
Corrections Corporation of Harbour Reports
CORRECTIONS CORPORATION OF HARBOUR REPORTS
"Updated" Brand Launches
Adding Video Boosts Sales, Study Finds
Disregard: The Movie
Repeat: The New Single
NOTICE OF WITHDRAWAL OF OFFER
Retraction of Claims Sought
ADVISORY BOARD NAMED AT HARBOUR
Harbour Clarifies Media Reports
EQS-News: Hafen AG: Klarstellung zu Verkaufszahlen
Korrektur am Aktienmarkt erwartet
[수정테이프] 신제품
The Gold Market - Correction
Silent Killer: New Book
Kill: A Novel
Harbour (HRBR) Issues Corrected Release On Stablecoin
DailyNewsBreaks – Harbour Corrects News Release
The Best Casinos (Updated for 2026)
The Complete Guide (Revised Edition)
Repeat Customers Drive Growth
Wash, Rinse - Repeat
Hip Replacement: New Surgeon Joins
Senator Claims Platform Disregarded Concerns
Reissue Relief: Patent Office Announces
SEN. HARBOUR: REPLACING RIVER BRIDGES OF UTMOST IMPORTANCE
PORT AUTHORITY CORRECTS DELAY ON ASSISTANCE
海港公司会计差错更正公告
業績予想の修正に関するお知らせ
公司撤回上市申请
"""


def _rows(table: str) -> list[tuple[str, str]]:
    rows = [line.split(" | ") for line in table.strip().splitlines()]
    return [(row[0], row[0] if row[1] == "=" else row[1]) for row in rows]


@pytest.mark.parametrize(
    ("kind", "printed", "left"),
    [
        (kind, printed, left)
        for kind, table in (
            ("correction", CORRECTIONS),
            ("update", UPDATES),
            ("withdrawal", WITHDRAWALS),
            ("repeat", REPEATS),
        )
        for printed, left in _rows(table)
    ],
)
def test_a_marked_headline_is_a_notice_and_the_rest_is_the_headline(kind: str, printed: str, left: str) -> None:
    notice = find_notice(printed)
    assert notice is not None
    assert (notice.kind, notice.headline) == (kind, left)
    assert notice.statement is None


@pytest.mark.parametrize("headline", LOOKALIKES.strip().splitlines())
def test_a_lookalike_is_no_notice(headline: str) -> None:
    assert find_notice(headline) is None


@pytest.mark.parametrize(
    ("printed", "marker"),
    [
        ("Correcting and Replacing - Harbour to Present", "Correcting and Replacing"),
        ("/C O R R E C T I O N -- Harbour, Inc./", "C O R R E C T I O N"),
        ("【更正】海港公司公布業績", "更正"),
        ("Harbour Robotics Reports [UPDATE]", "UPDATE"),
        ("CORRECTION FROM SOURCE: Harbour", "CORRECTION FROM SOURCE"),
    ],
)
def test_the_marker_is_told_as_printed(printed: str, marker: str) -> None:
    notice = find_notice(printed)
    assert notice is not None
    assert notice.marker == marker


@pytest.mark.parametrize(
    ("printed", "kind", "company"),
    [
        ("/C O R R E C T I O N -- Harbour, Inc./", "correction", "Harbour, Inc."),
        ("/C O R R E C T I O N — Harbour, Inc./", "correction", "Harbour, Inc."),
        ("/c o r r e c t i o n -- The Harbour Foundation/", "correction", "The Harbour Foundation"),
        ("/C O R R E C T I O N from Source -- HARBOUR/", "correction", "HARBOUR"),
        ("/CORRECTION -- Harbour Pharma, Inc./", "correction", "Harbour Pharma, Inc."),
        ("/DISREGARD RELEASE: Harbour Technologies/", "withdrawal", "Harbour Technologies"),
        ("/D I S R E G A R D  R E L E A S E -- Harbour/", "withdrawal", "Harbour"),
        ("/A D V I S O R Y -- Harbour Corp/", "withdrawal", "Harbour Corp"),
        ("CORRECTION...by Harbour Solutions, Inc.", "correction", "Harbour Solutions, Inc."),
    ],
)
def test_a_title_of_marker_and_company_leaves_no_headline_but_the_company(
    printed: str, kind: str, company: str
) -> None:
    notice = find_notice(printed)
    assert notice is not None
    assert (notice.kind, notice.headline) == (kind, "")
    assert subject_company(printed) == company


@pytest.mark.parametrize("headline", ["CORRECTION: Harbour Reports", "Harbour Reports", "", "/Harbour/"])
def test_a_headline_with_a_subject_names_no_company_alone(headline: str) -> None:
    assert subject_company(headline) is None


BUSINESS_WIRE = (
    "CORRECTION...by Harbour Solutions, Inc.",
    "BOSTON--(BUSINESS WIRE)--Please replace the release with the following corrected version due to new figures.",
    "The corrected release reads:",
    "HARBOUR SOLUTIONS APPROVES",
)


@pytest.mark.parametrize(
    ("body", "kind", "statement"),
    [
        (
            BUSINESS_WIRE,
            "correction",
            "Please replace the release with the following corrected version due to new figures.",
        ),
        (
            ("First paragraph, payable on June 2 [instead of June 4]. The corrected release reads: The Board",),
            "correction",
            "First paragraph, payable on June 2 [instead of June 4].",
        ),
        (
            (
                "In a release issued under the same headline earlier today by Harbour Inc. (TSX: HBR), please note that"
                " the call was stated May 25 instead of June 12. The corrected release follows:",
                "Text",
            ),
            "correction",
            "In a release issued under the same headline earlier today by Harbour Inc. (TSX: HBR), please note that"
            " the call was stated May 25 instead of June 12.",
        ),
        (
            (
                "We are advised by Harbour Inc. that journalists and other readers should disregard the news release,"
                " Harbour Buys the Moon, issued July 19, 2022 over PR Newswire.",
                "SOURCE Harbour Inc.",
            ),
            "withdrawal",
            "We are advised by Harbour Inc. that journalists and other readers should disregard the news release,"
            " Harbour Buys the Moon, issued July 19, 2022 over PR Newswire.",
        ),
        (
            (
                "Le communiqué suivant corrige et remplace le communiqué de presse intitulé « Le port ouvre »"
                " diffusé le 26 mai 2020.",
            ),
            "correction",
            "Le communiqué suivant corrige et remplace le communiqué de presse intitulé « Le port ouvre »"
            " diffusé le 26 mai 2020.",
        ),
        (
            (
                "HONG KONG SAR - Media OutReach Newswire - 22 June 2026 - This press release corrects and replaces the"
                " release issued on 21 June 2026. Harbour today announced a dock.",
            ),
            "correction",
            "This press release corrects and replaces the release issued on 21 June 2026.",
        ),
        (
            ("Unfortunately, this release was mistakenly distributed without the approval of our partner.",),
            "withdrawal",
            "Unfortunately, this release was mistakenly distributed without the approval of our partner.",
        ),
        (
            ("Please disregard the earlier release and use the following corrected version.",),
            "correction",
            "Please disregard the earlier release and use the following corrected version.",
        ),
        (("特此更正：原新闻稿标题有误。",), "correction", "特此更正：原新闻稿标题有误。"),
        (
            ("7月1日のリリースの内容に誤りがありました。以下の通り訂正いたします。",),
            "correction",
            "7月1日のリリースの内容に誤りがありました。以下の通り訂正いたします。",
        ),
        (
            ("보도자료 내용 중 오류가 있어 다음과 같이 정정합니다.",),
            "correction",
            "보도자료 내용 중 오류가 있어 다음과 같이 정정합니다.",
        ),
    ],
)
def test_an_advisory_at_the_start_of_the_body_is_a_notice_without_any_marker(
    body: tuple[str, ...], kind: str, statement: str
) -> None:
    notice = find_notice("Harbour Opens a Dock", body)
    assert notice is not None
    assert (notice.kind, notice.headline, notice.statement) == (kind, "Harbour Opens a Dock", statement)


def test_a_marked_headline_takes_its_statement_from_the_body() -> None:
    notice = find_notice("CORRECTING and REPLACING Harbour Solutions Approves", BUSINESS_WIRE)
    assert notice == Notice(
        kind="correction",
        marker="CORRECTING and REPLACING",
        headline="Harbour Solutions Approves",
        statement="Please replace the release with the following corrected version due to new figures.",
    )


@pytest.mark.parametrize(
    "body",
    [
        ("VANCOUVER - Harbour drilled.", "A previous news release dated April 8, 2025 errantly reported 950 feet."),
        ("Harbour retracted its guidance in the press release issued Monday.",),
        ("Harbour corrects vision with lenses. The release of its next product follows.",),
        ("Harbour withdraws the offer that it announced in its press release of May 3.",),
        ("One.", "Two.", "Three.", "Four.", "Five.", "Six.", "Please replace the release with the following version."),
        ("Drivers should disregard the signs.",),
        ("The release of the album was cancelled.",),
        ("Users can retract this announcement bar by clicking on it.",),
    ],
)
def test_a_body_that_tells_of_something_else_is_no_notice(body: tuple[str, ...]) -> None:
    assert find_notice("Harbour Opens a Dock", body) is None


def test_a_weekly_study_called_update_is_told_by_its_body() -> None:
    headline = "Update: Renters in Harbour Cities Pay More"
    assert find_notice(headline, ["PurseHub today released its updated report on renting."]) is None
    assert find_notice(headline, ["Renters pay more, the city of Harbour said."]) is not None


@pytest.mark.parametrize(
    ("statement", "headlines"),
    [
        ("replaces the release “Harbour Opens a New Dock” of May 3", ("Harbour Opens a New Dock",)),
        ('replaces "Harbour Opens a New Dock" of May 3', ("Harbour Opens a New Dock",)),
        ("remplace le communiqué « Le port ouvre un quai » du 3 mai", ("Le port ouvre un quai",)),
        ("ersetzt die Meldung „Hafen eröffnet neues Dock“ vom 3. Mai", ("Hafen eröffnet neues Dock",)),
        ("「港湾社、新製品を発表」を訂正", ("港湾社、新製品を発表",)),
        ("原新闻稿《海港公司公布业绩》有误", ("海港公司公布业绩",)),
        (
            "should disregard the news release, Harbour Buys the Moon, issued July 19, 2022 over PR Newswire.",
            ("Harbour Buys the Moon",),
        ),
        (
            "In the news release, Harbour Inc. and Dock Co. Complete Deal, issued 04-Sep-2026 by Harbour, Inc. over"
            ' PR Newswire, the second paragraph should read "a price of $4.2 billion" rather than "$4 billion"',
            ("Harbour Inc. and Dock Co. Complete Deal",),
        ),
        ("(the “Company”) and (“HBR”)", ()),
        ("This press release corrects and replaces the release issued on 21 June 2026.", ()),
    ],
)
def test_a_statement_gives_the_headline_it_quotes(statement: str, headlines: tuple[str, ...]) -> None:
    assert quoted_headlines(statement) == headlines


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("issued July 19, 2022 over", "2022-07-19"),
        ("issued 04-Sep-2026 by", "2026-09-04"),
        ("on 21 June 2026.", "2026-06-21"),
        ("diffusé le 26 mai 2020 à 9:00", "2020-05-26"),
        ("diffusé le 1er août 2020", "2020-08-01"),
        ("vom 02.05.2023, 10:55 Uhr", "2023-05-02"),
        ("vom 2. März 2023", "2023-03-02"),
        ("el 3 de mayo de 2024", "2024-05-03"),
        ("2026年7月1日に", "2026-07-01"),
        ("2026년 7월 1일", "2026-07-01"),
    ],
)
def test_a_statement_gives_the_full_dates_it_names(text: str, date: str) -> None:
    assert named_dates(text) == (date,)


@pytest.mark.parametrize("text", ["May 25", "12/05/2020", "99.99.2020", "in 2026"])
def test_what_is_no_sure_date_is_none(text: str) -> None:
    assert named_dates(text) == ()


WORDS = st.text(string.ascii_letters, min_size=3, max_size=9).filter(
    lambda word: (
        word.casefold() not in ("how", "why", "who", "what", "best", "most", "top", "for", "your", "our", "from")
    )
)
HEADLINES = (
    st.lists(WORDS.map(str.title), min_size=3, max_size=9).map(" ".join).filter(lambda text: find_notice(text) is None)
)


@given(
    headline=HEADLINES, marker=st.sampled_from(["CORRECTION", "UPDATE", "RETRACTED", "REPEAT", "Korrektur", "Rättelse"])
)
def test_a_marker_taken_off_leaves_the_headline_it_was_put_on(headline: str, marker: str) -> None:
    for printed in (
        f"{marker}: {headline}",
        f"{marker} - {headline}",
        f"[{marker}] {headline}",
        f"{headline} [{marker}]",
    ):
        notice = find_notice(printed)
        assert notice is not None, printed
        assert (notice.marker, notice.headline) == (marker, headline)


@given(headline=st.text(max_size=300), body=st.lists(st.text(max_size=300), max_size=8))
def test_any_text_is_read_without_fault_and_the_marker_was_printed(headline: str, body: list[str]) -> None:
    notice = find_notice(headline, body)
    if notice is not None:
        assert notice.marker
        assert notice.statement != ""
    for quoted in quoted_headlines("\n".join(body)):
        assert quoted


@pytest.mark.parametrize(
    "text",
    [
        "CORRECTION " * 5_000,
        "/" * 50_000,
        "in a release issued " * 3_000,
        "C O R R E C T I O N " * 2_000,
        "please replace the release " * 3_000,
        "“" * 20_000,
        "(" * 20_000 + "corrected",
        "the news release, " * 3_000,
        " " * 50_000 + "CORRECTION:",
        "update - " * 5_000,
    ],
)
def test_a_hostile_text_takes_no_longer_than_a_moment(text: str) -> None:
    started = time.process_time()
    find_notice(text, [text] * 20)
    quoted_headlines(text)
    named_dates(text)
    subject_company(text)
    assert time.process_time() - started < 0.5


@pytest.mark.skipif(not (DATA / "headlines").is_dir(), reason=f"no labelled headlines at {DATA}: set WIREWATCH_DATA")
def test_labelled_headlines_are_told_apart() -> None:
    with (DATA / "headlines/headlines.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    said = [
        (row["label"], notice.kind if (notice := find_notice(row["headline"])) else "none", row["headline"])
        for row in rows
    ]
    assert [row for row in said if row[0] == "none" and row[1] != "none"] == []
    wrong = [row for row in said if row[0] != row[1]]
    # Three are told by nothing in the headline: a typo repaired in silence, two sent again under the same headline.
    assert len(wrong) <= 3, wrong


@pytest.mark.skipif(not (DATA / "releases").is_dir(), reason=f"no releases at {DATA}: set WIREWATCH_DATA")
def test_among_real_releases_few_are_notices() -> None:
    fired = []
    with lzma.open(DATA / "releases/releases.jsonl.xz", "rt", encoding="utf-8") as file:
        for line in file:
            release = json.loads(line)
            if find_notice(release["title"], release["body"].split("\n")):
                fired.append(release["id"])
    # Each looked at: five corrections (one by a sentence in the body), three updates, and one release taken back.
    assert fired == [
        "nw02218", "nw03252", "nw05659", "nw06201", "nw12146", "nw13200", "nw15933", "nw20743", "nw23434"
    ]  # fmt: skip
