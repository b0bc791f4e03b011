# ruff: noqa: E501 (tables of sentences)
"""Release pages whose end is glued together, in eight languages and with made-up companies.

Words, companies and figures are ours; the markup follows the wire: hashtags, the issuer's disclaimer, a bold name and the
section about the company, in one paragraph or in several.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

LANGUAGES = ("en", "zh-Hant", "zh-Hans", "ja", "ko", "vi", "th", "id")
_SYLLABLES = ("bel", "cor", "dan", "fen", "gar", "hol", "ist", "jor", "kal", "lum", "mar", "nov", "or", "pel", "quin", "rad",
              "sel", "tor", "ul", "ver", "wes", "yar", "zen")  # fmt: skip
_FORMS = {
    "en": ("{n} Ltd", "{n} Holdings plc", "{n} & Sons Inc.", "{n} Ferries"),
    "zh-Hant": ("{c}控股有限公司", "{c}集團", "{c}科技股份有限公司"),
    "zh-Hans": ("{c}控股有限公司", "{c}集团", "{c}科技股份有限公司"),
    "ja": ("株式会社{k}", "{k}株式会社", "{k}ホールディングス"),
    "ko": ("주식회사 {h}", "{h}그룹", "{h} 테크놀로지"),
    "vi": ("Công ty Cổ phần {n}", "Tập đoàn {n}", "{n} Việt Nam"),
    "th": ("บริษัท {n} จำกัด", "{n} กรุ๊ป", "{n} ประเทศไทย"),
    "id": ("PT {n} Tbk", "PT {n} Nusantara", "{n} Indonesia"),
}
_HAN, _KANA, _HANGUL = (
    "嵐岳楓澄曜衡霖鈞翰穎栢瀚",
    "アカサタナハマヤラリルノミコトセ",
    "가나다라마바사아자차카하솔빛누리온",
)
_BODIES = {
    "en": ("{name} today opened a yard in {place} that builds {n} ferries a year for islands in the sound.",
           "The yard employs {n} people, and the first boats leave it in the spring of next year.",
           "“Our customers waited {n} months for this,” said the chairwoman of the company at the opening."),
    "zh-Hant": ("{name}今日宣佈，位於{place}的新船廠正式啟用，每年可為離島建造{n}艘渡輪。",
                "船廠聘用{n}名員工，首批船隻將於明年春季交付，並於同年投入服務。",
                "公司主席在開幕儀式上表示：「客戶為此等候了{n}個月，我們感謝他們的耐心。」"),
    "zh-Hans": ("{name}今日宣布，位于{place}的新船厂正式启用，每年可为离岛建造{n}艘渡轮。",
                "船厂聘用{n}名员工，首批船只将于明年春季交付，并于同年投入服务。",
                "公司主席在开幕仪式上表示：“客户为此等候了{n}个月，我们感谢他们的耐心。”"),
    "ja": ("{name}は本日、{place}に新しい造船所を開設し、離島向けに年間{n}隻のフェリーを建造すると発表した。",
           "造船所では{n}人が働き、最初の船は来年の春に引き渡される予定である。",
           "開所式で会長は「お客様には{n}カ月お待ちいただいた」と述べ、取引先に感謝した。"),
    "ko": ("{name}는 오늘 {place}에 새 조선소를 열고 섬 지역을 위해 매년 {n}척의 여객선을 건조한다고 밝혔다.",
           "조선소에서는 {n}명이 일하며 첫 배는 내년 봄에 인도될 예정이라고 회사는 설명했다.",
           "회장은 개소식에서 “고객들이 {n}개월을 기다렸다”고 말하며 거래처에 감사를 전했다."),
    "vi": ("{name} hôm nay khai trương xưởng đóng tàu tại {place}, mỗi năm đóng {n} chiếc phà cho các hòn đảo.",
           "Xưởng có {n} nhân viên và những con tàu đầu tiên sẽ được bàn giao vào mùa xuân năm sau.",
           "“Khách hàng đã chờ đợi {n} tháng”, chủ tịch công ty phát biểu tại lễ khai trương."),
    "th": ("{name} เปิดอู่ต่อเรือแห่งใหม่ที่ {place} วันนี้ ซึ่งสามารถต่อเรือข้ามฟากได้ปีละ {n} ลำสำหรับเกาะต่าง ๆ",
           "อู่ต่อเรือแห่งนี้มีพนักงาน {n} คน และเรือลำแรกจะส่งมอบในฤดูใบไม้ผลิปีหน้าตามที่บริษัทระบุไว้",
           "ประธานบริษัทกล่าวในพิธีเปิดว่า ลูกค้ารอคอยสิ่งนี้มานานถึง {n} เดือน และขอขอบคุณทุกฝ่ายที่เกี่ยวข้อง"),
    "id": ("{name} hari ini membuka galangan kapal di {place} yang membuat {n} feri setiap tahun untuk pulau-pulau kecil.",
           "Galangan ini mempekerjakan {n} orang, dan kapal pertama akan diserahkan pada musim semi tahun depan.",
           "“Pelanggan kami menunggu {n} bulan untuk ini,” kata ketua perusahaan pada acara pembukaan."),
}  # fmt: skip
_ABOUTS = {
    "en": "{name} has built and repaired ferries since {y}. It employs {n} people at {m} yards and is based in {place}.",
    "zh-Hant": "{name}自{y}年起建造和維修渡輪，在{m}個船廠聘用{n}人，總部設於{place}，產品銷往多個地區。",
    "zh-Hans": "{name}自{y}年起建造和维修渡轮，在{m}个船厂聘用{n}人，总部设于{place}，产品销往多个地区。",
    "ja": "{name}は{y}年からフェリーの建造と修理を行っており、{m}カ所の造船所で{n}人が働く。本社は{place}にある。",
    "ko": "{name}는 {y}년부터 여객선을 건조하고 수리해 왔으며 {m}개 조선소에서 {n}명이 일하고 본사는 {place}에 있다.",
    "vi": "{name} đóng và sửa chữa phà từ năm {y}, có {n} nhân viên tại {m} xưởng và đặt trụ sở tại {place}.",
    "th": "{name} ต่อและซ่อมเรือข้ามฟากมาตั้งแต่ปี {y} มีพนักงาน {n} คนในอู่ {m} แห่ง และมีสำนักงานใหญ่อยู่ที่ {place}",
    "id": "{name} membuat dan memperbaiki feri sejak {y}, mempekerjakan {n} orang di {m} galangan dan berkantor di {place}.",
}
_PLACES = {
    "en": "PORT MARLOW", "zh-Hant": "香港", "zh-Hans": "上海", "ja": "東京", "ko": "서울", "vi": "HÀ NỘI", "th": "กรุงเทพฯ",
    "id": "JAKARTA",
}  # fmt: skip
DISCLAIMERS = {
    "en": ("The issuer is solely responsible for the content of this announcement.",
           "The content of this press release is the sole responsibility of the issuer.",
           "The issuer alone bears responsibility for the accuracy of this announcement."),
    "zh-Hant": ("發行人對本公告的內容承擔全部責任。", "本新聞稿之內容由發稿單位自行負責。", "發布機構須就本公告內容承擔一切法律責任。"),
    "zh-Hans": ("发行人对本公告的内容承担全部责任。", "本新闻稿之内容由发稿单位自行负责。", "发布机构须就本公告内容承担一切法律责任。"),
    "ja": ("本発表の内容に関する責任はすべて発行者にあります。", "発行体は本リリースの内容について全責任を負います。",
           "配信元は、この発表の内容に一切の責任を負うものとします。"),
    "ko": ("발행인은 본 발표의 내용에 대해 전적으로 책임을 집니다.", "본 보도자료의 내용에 대한 모든 책임은 배포사에 있습니다.",
           "발표사는 이 공고의 내용을 전적으로 책임집니다."),
    "vi": ("Tổ chức phát hành chịu trách nhiệm hoàn toàn về nội dung của thông báo này.",
           "Đơn vị phát hành tự chịu trách nhiệm về nội dung thông cáo này."),
    "th": ("ผู้ออกประกาศเป็นผู้รับผิดชอบต่อเนื้อหาของประกาศนี้แต่เพียงผู้เดียว",
           "ผู้เผยแพร่รับผิดชอบเนื้อหาทั้งหมดของแถลงการณ์ฉบับนี้"),
    "id": ("Penerbit bertanggung jawab sepenuhnya atas isi pengumuman ini.",
           "Isi siaran pers ini sepenuhnya menjadi tanggung jawab penerbit."),
}  # fmt: skip
_LABELS = {"zh-Hant": ("標籤：", "Hashtag: "), "zh-Hans": ("标签：", "Hashtag: "), "ja": ("ハッシュタグ：", "Hashtag: "),
           "ko": ("해시태그: ", "Hashtag: ")}  # fmt: skip
_TAGS = {
    "en": ("HarbourPark", "I&T", "ferries", "AI", "SmartPort"),
    "zh-Hant": ("港灣園", "AI", "渡輪", "HarbourPark"),
    "zh-Hans": ("港湾园", "AI", "渡轮", "HarbourPark"),
    "ja": ("フェリー", "AI", "造船", "HarbourPark"),
    "ko": ("조선", "AI", "여객선", "HarbourPark"),
    "vi": ("ĐóngTàu", "AI", "HarbourPark", "phà"),
    "th": ("เรือ", "AI", "HarbourPark"),
    "id": ("galangan", "AI", "HarbourPark", "PulauKecil"),
}
_HEADINGS = {
    "en": ("About {name}", "{name}"),
    "zh-Hant": ("關於{name}", "{name}", "{name}簡介"),
    "zh-Hans": ("关于{name}", "{name}", "{name}简介"),
    "ja": ("{name}について", "{name}", "{name} 会社概要"),
    "ko": ("{name} 소개", "{name}", "{name} 개요", "{name}에 대하여"),
    "vi": ("Giới thiệu về {name}", "{name}", "Về {name}"),
    "th": ("เกี่ยวกับ {name}", "{name}"),
    "id": ("Tentang {name}", "{name}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GluedRelease:
    """A page and what is on it."""

    html: str
    body: tuple[str, ...]
    tags: tuple[str, ...]
    disclaimer: str
    about: str
    issuer: str


def glued_release(language: str, random: Random) -> GluedRelease:
    """Return a release of a language; the same for the same state of ``random``."""
    name = _name(language, random)
    place = _PLACES[language]
    figures = lambda: {"n": random.randint(12, 900), "m": random.randint(2, 9), "y": random.randint(1920, 2019)}  # noqa: E731
    body = tuple(
        line.format(name=name, place=place, **figures())
        for line in random.choices(_BODIES[language], k=random.randint(4, 7))
    )
    body = tuple(dict.fromkeys(body))
    about = _ABOUTS[language].format(name=name, place=place, **figures())
    tags = tuple(random.sample(_TAGS[language], random.randint(1, 3)))
    disclaimer = random.choice(DISCLAIMERS[language])
    heading = random.choice(_HEADINGS[language]).format(name=name)
    tail = _tail(language, tags, disclaimer, heading, about, random)
    lead = f"{place} - Media OutReach Newswire - 22 June 2026 - "
    paragraphs = "".join(f"<p>{lead if not at else ''}{line}</p>" for at, line in enumerate(body))
    headline = f"{name}: {body[0][:30]}"
    html = (
        f"<html lang='{language}'><head><meta charset='utf-8'><title>{headline} | Media OutReach Newswire APAC</title></head>"
        f"<body><nav><a href='/'>Home</a><a href='/tag/AI'>#AI</a></nav><div class='detail'><h1>{headline}</h1>"
        f"<div class='pr-body'>{paragraphs}{tail}</div></div>"
        "<div class='side'><h4>Latest releases</h4><p><a href='/news/2'>Another Company Opens Another Yard</a></p></div>"
        "<footer><p>Copyright 2026 Wire</p></footer></body></html>"
    )
    return GluedRelease(html=html, body=body, tags=tags, disclaimer=disclaimer, about=about, issuer=name)


def _tail(language: str, tags: tuple[str, ...], disclaimer: str, heading: str, about: str, random: Random) -> str:
    label = random.choice(_LABELS.get(language, ("Hashtag: ",)))
    between = (
        random.choice((", ", ", ", " "))
        if language in ("en", "vi", "id", "ko", "th")
        else random.choice((", ", "、", " "))
    )
    hashtags = label + between.join(f"#{tag}" for tag in tags)
    match random.randrange(5):
        case 0 | 1:
            return f"<p>{hashtags}{disclaimer}<b>{heading}</b>{about}</p>"
        case 2:
            return f"<p>{hashtags}</p><p>{disclaimer}</p><p><b>{heading}</b><br>{about}</p>"
        case 3:
            return f"<p>{hashtags}{disclaimer}</p><p><strong>{heading}</strong></p><p>{about}</p>"
        case _:
            return f"<div>{hashtags}<br>{disclaimer}<br><strong>{heading}</strong><br>{about}</div>"


def _name(language: str, random: Random) -> str:
    latin = "".join(random.sample(_SYLLABLES, random.randint(2, 3))).capitalize()
    return random.choice(_FORMS[language]).format(
        n=latin,
        c="".join(random.sample(_HAN, 2)),
        k="".join(random.sample(_KANA, random.randint(3, 5))),
        h="".join(random.sample(_HANGUL, random.randint(2, 3))),
    )
