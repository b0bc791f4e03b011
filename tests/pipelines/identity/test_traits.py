"""The keys under which memory finds the releases that may be the same story."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from announcements import BODY, HEADLINE, release
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity import blocking_keys_of
from pipelines.identity.blocking_keys import BANDS, MAX_KEYS
from pipelines.identity.normalized_words import words
from stories.model.release import Release

ROOT = Path(__file__).parents[3]


def shared(one: Release, other: Release) -> set[str]:
    return {trait.kind for trait in set(blocking_keys_of(one)) & set(blocking_keys_of(other))}


def bands(one: Release, other: Release) -> int:
    return sum(trait.kind == "band" for trait in set(blocking_keys_of(one)) & set(blocking_keys_of(other)))


def test_a_copy_with_other_typography_shares_the_text():
    copy = release(HEADLINE.upper(), tuple(p.replace('"', "“").replace(" ", "\u00a0") for p in BODY))
    assert "headline" in shared(release(), copy)
    assert bands(release(), copy) == BANDS


def test_a_copy_in_mojibake_shares_the_text():
    broken = release(HEADLINE, tuple(p.replace('"', "“").replace("'", "’").encode().decode("cp1252") for p in BODY))
    assert bands(release(), broken) == BANDS


def test_a_copy_cut_short_under_another_headline_shares_the_opening():
    assert "lead" in shared(release(), release("Something else", BODY[:1], url="https://w.example/x"))


def test_near_texts_share_a_band():
    near = release("Something else", ("A new first line was put here by an editor of the site.", *BODY[:2], *BODY[3:]))
    assert "band" in shared(release(), near)


REPORTED_PREFIX = {
    "Chinese": (
        "港口能源有限公司今日宣布，其位于艾勒里港的首座潮汐储能电站正式投入运行，每天可储存四十八兆瓦时的电力。",
        "公司总裁表示，第二座电站将于今年秋天在圣科文动工，预计投资三亿一千万元，并为当地创造一百二十个岗位。",
        "市议会三月批准了租约，渔民可以继续使用东侧的码头，潮汐门每年春季停机检修两周。",
    ),
    "Japanese": (
        "マーロウ港湾株式会社は本日、エラリー港に同社初の潮力蓄電所を開設し、一日四十八メガワット時を蓄えると発表した。",
        "社長のオルウェン氏は、第二の蓄電所を今秋セント・コーウェンに着工し、三億一千万クローネを投じると述べた。",
        "市議会は三月に借地契約を承認しており、漁船は引き続き東岸壁を利用でき、水門は毎春二週間点検のため止まる。",
    ),
    "Korean": (
        "말로 항만은 오늘 엘러리 항구에 첫 조력 저장 발전소를 열고 하루 사십팔 메가와트시를 저장한다고 발표했다.",
        "대표 올웬 씨는 두 번째 발전소를 올가을 세인트 코웬에서 착공하며 삼억 천만 크로네를 투자한다고 말했다.",
        "시의회는 삼월에 임대 계약을 승인했고 어부들은 동쪽 부두를 계속 쓸 수 있으며 수문은 봄마다 두 주 동안 멈춘다.",
    ),
    "Thai": (
        "บริษัทท่าเรือมาร์โลว์ประกาศวันนี้ว่าได้เปิดโรงเก็บพลังงานน้ำขึ้นน้ำลงแห่งแรกที่ท่าเรือเอลเลอรี ซึ่งเก็บไฟฟ้าได้วันละสี่สิบแปดเมกะวัตต์ชั่วโมง",
        "ประธานบริษัทกล่าวว่าโรงที่สองจะเริ่มก่อสร้างในฤดูใบไม้ร่วงนี้ที่เซนต์คอร์เวน ด้วยเงินลงทุนสามร้อยสิบล้านโครน",
        "สภาเมืองอนุมัติสัญญาเช่าเมื่อเดือนมีนาคม และชาวประมงยังใช้ท่าด้านตะวันออกต่อไปได้",
    ),
}
ELSEWHERE = {
    "Chinese": ("阅读诊所在四个集镇为早年离校的成年人开设夜间课程，不收学费，也不需要填写任何表格。",),
    "Japanese": ("クイルマーク財団は四つの市場町で、早くに学校を離れた大人のために夜の読み書き教室を開く。",),
    "Korean": ("퀼마크 재단은 네 장터 마을에서 일찍 학교를 떠난 어른을 위해 저녁 글 교실을 무료로 연다.",),
    "Thai": ("มูลนิธิควิลล์มาร์กเปิดห้องเรียนอ่านเขียนยามค่ำสำหรับผู้ใหญ่ในตลาดสี่เมืองโดยไม่เก็บค่าเล่าเรียน",),
}


@pytest.mark.parametrize("language", sorted(REPORTED_PREFIX))
def test_near_texts_in_every_script_share_a_band_and_other_texts_share_nothing(language):
    told = REPORTED_PREFIX[language]
    first = release("甲", told)
    other_head = {"url": "https://mirror.example/2"}
    edited = release("乙", (ELSEWHERE[language][0][:30], *told[:2], told[2][:-12]), **other_head)
    assert "band" in shared(first, edited)
    assert shared(first, release("乙", told[1:], **other_head)), "its first paragraph is gone"
    assert shared(first, release("丙", ELSEWHERE[language], **other_head)) == set()


def test_releases_of_other_companies_share_nothing():
    other = release(
        "Corwen Ferries Orders Two Ships", ("Corwen Ferries has ordered two ships.",), url="https://w.example/x"
    )
    assert shared(release(), other) == set()


def test_a_notice_shares_the_headline_it_quotes():
    notice = release(
        "CORRECTION: Marlow Harbour",
        (f'This corrects and replaces the release titled "{HEADLINE}" issued earlier today.',),
        url="https://w.example/x",
    )
    assert "headline" in shared(release(), notice)


def test_the_words_of_an_address_are_those_of_the_headline():
    slug = "https://www.prnewswire.com/news-releases/marlow-harbour-opens-its-first-tidal-battery-plant-in-port-ellery-302847114.html"
    notice = release("/C O R R E C T I O N -- Marlow Harbour/", ("A figure was wrong.",), url=slug)
    assert "slug" in shared(release(), notice)


def test_a_link_to_the_first_page_shares_its_address_and_its_wires_id():
    url = "https://www.globenewswire.com/news-release/2026/03/10/3309064/0/en/Marlow-Harbour.html"
    copy = release("Other", ("Other text.",), url="https://mirror.example/1", original_url=url)
    assert {"url", "wire"} <= shared(release(url=url), copy)


def test_the_strongest_keys_come_first_and_there_are_never_too_many():
    full = replace(
        release(f"CORRECTION: {HEADLINE}", tuple(f'"{HEADLINE} {n}" {p}' for n, p in enumerate(BODY * 5))),
        url="https://www.businesswire.com/news/home/20260310005124/en/Marlow-Harbour-Opens-Its-First-Plant",
        original_url="https://www.globenewswire.com/news-release/2026/03/10/3309064/0/en/Marlow.html",
        wire="Business Wire", wire_id="20260310005124",
    )  # fmt: skip
    kinds = [trait.kind for trait in blocking_keys_of(full)]
    assert len(kinds) <= MAX_KEYS
    assert kinds == sorted(kinds, key=["url", "uuid", "wire", "headline", "slug", "lead", "band", "figure"].index)


def test_the_keys_are_the_same_in_another_process():
    code = (
        "import sys; sys.path.insert(0, 'tests/support')\n"
        "from announcements import release\nfrom pipelines.identity import blocking_keys_of\n"
        "print(*(trait.digest for trait in blocking_keys_of(release())))"
    )
    output = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert output.split() == [trait.digest for trait in blocking_keys_of(release())]


def test_an_empty_page_has_no_keys_but_its_address():
    assert [trait.kind for trait in blocking_keys_of(release("", ()))] == ["url"]


@given(st.lists(st.text("aZé’“ 5.,—甲ü\u00a0™@&;", max_size=30), max_size=6))
def test_the_words_of_a_text_are_those_of_its_lines(lines):
    assert words("\n".join(lines)) == [word for line in lines for word in words(line)]


@pytest.mark.parametrize("quote", ["'", "’"])
@pytest.mark.parametrize("address", ["ann.b@wire.example", "https://wire.example/a—b?c=1", "www.wire.example"])
def test_addresses_are_no_words(address, quote):
    assert words(f"The wire{quote}s desk @ noon: {address} or 1,200 calls") == words(
        f"The wire{quote}s desk noon or 1,200 calls"
    )
