"""Announcements of made-up issuers in several languages, for tests and measurements of translations.

Ten topics, each in English and traditional Chinese, four of them in eight further languages; simplified Chinese is made
with OpenCC's conversion of Taiwan's phrases, which also replaces terms. Each issuer publishes two announcements on
one day with one contact block. Figures are written as each language writes them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import opencc

from stories.model.release import Release

TEXTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "results": {
        "en": (
            "{latin} Reports Half-Year Revenue of {m1}",
            "{latin} today announced revenue of {m1} for the six months ended {d1}, {p1} more than a year before.",
            "Profit attributable to shareholders rose to {m2}, and the gross margin was {p2}.",
            "The order book stood at {m3} at the end of the period, when the group employed {n1} people.",
            "The board expects demand to remain firm in the second half, said {person}, chief executive.",
        ),
        "zh-Hant": (
            "{han}公布中期業績 收入達{m1}",
            "{han}（{latin}）今日公布，截至{d1}止六個月的收入為{m1}，較去年同期增加{p1}。",
            "股東應佔溢利升至{m2}，毛利率為{p2}。",
            "期末手頭訂單總值{m3}，集團僱用{n1}名員工。",
            "行政總裁{person}表示，董事會預期下半年需求仍然穩健。",
        ),
    },
    "dividend": {
        "en": (
            "{latin} Declares Interim Dividend of {c1} Cents per Share",
            "The board of {latin} has declared an interim dividend of {c1} cents per share, against {c2} cents last year.",
            "The dividend is payable on {d1} to shareholders whose names are on the register on {d2}.",
            "In total {m1} will be paid out on {n1} thousand shares in issue.",
            "Shareholders may elect to receive new shares in place of cash.",
        ),
        "zh-Hant": (
            "{han}宣派中期股息每股{c1}仙",
            "{han}董事會宣布派發中期股息每股{c1}仙，去年同期為{c2}仙。",
            "股息將於{d1}派付予{d2}名列股東名冊的股東。",
            "按已發行股份{n1}千股計算，派息總額為{m1}。",
            "股東可選擇收取新股代替現金。",
        ),
        "de": (
            "{latin} schüttet Zwischendividende von {c1} Cent je Aktie aus",
            "Der Verwaltungsrat der {latin} hat eine Zwischendividende von {c1} Cent je Aktie beschlossen, nach {c2} Cent "
            "im Vorjahr.",
            "Sie wird am {d1} an alle gezahlt, die am {d2} im Aktienregister stehen.",
            "Auf {n1} Tausend ausgegebene Aktien entfallen insgesamt {m1}.",
        ),
        "fr": (
            "{latin} verse un acompte sur dividende de {c1} centimes par action",
            "Le conseil de {latin} a décidé le versement d'un acompte de {c1} centimes par action, contre {c2} centimes "
            "l'an dernier.",
            "Il sera payé le {d1} aux actionnaires inscrits au registre le {d2}.",
            "Le versement total s'élève à {m1} pour {n1} milliers d'actions émises.",
        ),
        "sv": (
            "{latin} delar ut {c1} cent per aktie för halvåret",
            "Styrelsen för {latin} har beslutat om en halvårsutdelning på {c1} cent per aktie, mot {c2} cent i fjol.",
            "Den betalas den {d1} till dem som står i aktieboken den {d2}.",
            "Sammanlagt betalas {m1} ut på {n1} tusen utgivna aktier.",
        ),
        "fi": (
            "{latin} jakaa väliosinkoa {c1} senttiä osakkeelta",
            "Yhtiön {latin} hallitus on päättänyt {c1} sentin väliosingosta osakkeelta, viime vuonna se oli {c2} senttiä.",
            "Osinko maksetaan {d1} niille, jotka ovat osakasluettelossa {d2}.",
            "Yhteensä maksetaan {m1}, kun osakkeita on {n1} tuhatta.",
        ),
        "da": (
            "{latin} udlodder et foreløbigt udbytte på {c1} cent pr. aktie",
            "Bestyrelsen i {latin} har besluttet et foreløbigt udbytte på {c1} cent pr. aktie mod {c2} cent sidste år.",
            "Det udbetales den {d1} til dem, der er noteret i ejerbogen den {d2}.",
            "I alt udbetales {m1} på {n1} tusind udstedte aktier.",
        ),
        "no": (
            "{latin} deler ut {c1} cent per aksje for halvåret",
            "Styret i {latin} har vedtatt et halvårsutbytte på {c1} cent per aksje, mot {c2} cent i fjor.",
            "Det betales {d1} til dem som står i aksjeboken {d2}.",
            "Til sammen betales {m1} ut på {n1} tusen utstedte aksjer.",
        ),
        "ja": (
            "{latin}、1株当たり{c1}セントの中間配当を決定",
            "{latin}の取締役会は、1株当たり{c1}セントの中間配当を決議しました。前年は{c2}セントでした。",
            "配当金は{d2}現在の株主名簿に記載された株主に対し、{d1}にお支払いします。",
            "発行済株式{n1}千株に対する配当総額は{m1}となります。",
        ),
        "ko": (
            "{latin}, 주당 {c1}센트 중간배당 결정",
            "{latin} 이사회는 주당 {c1}센트의 중간배당을 결의했다고 밝혔다. 지난해에는 {c2}센트였다.",
            "배당금은 {d2} 주주명부에 등재된 주주에게 {d1}에 지급된다.",
            "발행주식 {n1}천 주에 대한 배당 총액은 {m1}이다.",
        ),
    },
    "contract": {
        "en": (
            "{latin} Wins {m1} Order from {partner}",
            "{latin} will supply {n1} {product} units to {partner} under a contract worth {m1} that was signed on {d1}.",
            "Deliveries begin in {year} and raise the share of exports to {p1}.",
            "It is the {n2}th contract between the two, {person} of {partner} told reporters.",
            "Assembly takes place at the plant in {place}.",
        ),
        "zh-Hant": (
            "{han}獲{partner}價值{m1}的訂單",
            "{han}將按{d1}簽署、總值{m1}的合約，向{partner}供應{n1}台{product}。",
            "產品將於{year}年起付運，出口比重將升至{p1}。",
            "{partner}的{person}向記者表示，這是雙方的第{n2}份合約。",
            "組裝工作在{place}的廠房進行。",
        ),
        "de": (
            "{latin} erhält von {partner} einen Auftrag über {m1}",
            "{latin} liefert {n1} Anlagen vom Typ {product} an {partner}; der Vertrag über {m1} wurde am {d1} unterzeichnet.",
            "Die Lieferungen beginnen {year} und heben den Anteil der Ausfuhren auf {p1}.",
            "Es ist der {n2}. Vertrag der beiden, sagte {person} von {partner} vor der Presse.",
        ),
        "fr": (
            "{latin} remporte une commande de {m1} auprès de {partner}",
            "{latin} livrera {n1} appareils {product} à {partner} au titre d'un contrat de {m1} signé le {d1}.",
            "Les livraisons débutent en {year} et portent la part des exportations à {p1}.",
            "C'est le {n2}e contrat entre eux, a déclaré {person}, de {partner}, devant la presse.",
        ),
        "sv": (
            "{latin} får order på {m1} av {partner}",
            "{latin} ska leverera {n1} enheter av {product} till {partner} enligt ett avtal på {m1} som undertecknades {d1}.",
            "Leveranserna börjar {year} och höjer exportens andel till {p1}.",
            "Det är det {n2}:e avtalet mellan dem, sade {person} från {partner} till pressen.",
        ),
        "fi": (
            "{latin} saa {m1} tilauksen yhtiöltä {partner}",
            "{latin} toimittaa {n1} {product}-laitetta yhtiölle {partner}; {m1} sopimus allekirjoitettiin {d1}.",
            "Toimitukset alkavat {year} ja nostavat viennin osuuden {p1} tasolle.",
            "Kyseessä on {n2}. sopimus, kertoi {person} yhtiöstä {partner} toimittajille.",
        ),
        "da": (
            "{latin} får en ordre på {m1} fra {partner}",
            "{latin} skal levere {n1} enheder af {product} til {partner} efter en aftale på {m1}, som blev underskrevet "
            "den {d1}.",
            "Leverancerne begynder i {year} og hæver eksportens andel til {p1}.",
            "Det er den {n2}. aftale mellem dem, sagde {person} fra {partner} til pressen.",
        ),
        "no": (
            "{latin} får ordre på {m1} fra {partner}",
            "{latin} skal levere {n1} enheter av {product} til {partner} etter en avtale på {m1} som ble signert {d1}.",
            "Leveransene starter i {year} og hever eksportens andel til {p1}.",
            "Det er den {n2}. avtalen mellom dem, sa {person} fra {partner} til pressen.",
        ),
        "ja": (
            "{latin}、{partner}から{m1}の受注を獲得",
            "{latin}は{d1}に締結した総額{m1}の契約に基づき、{partner}に{product}を{n1}台納入します。",
            "納入は{year}年に始まり、輸出比率は{p1}に上昇する見込みです。",
            "両社の契約は今回で{n2}件目となると{partner}の{person}氏は記者団に語りました。",
        ),
        "ko": (
            "{latin}, {partner}에서 {m1} 규모 수주",
            "{latin}은 {d1} 체결한 총 {m1} 규모의 계약에 따라 {partner}에 {product} {n1}대를 공급한다.",
            "납품은 {year}년에 시작되며 수출 비중은 {p1}로 높아진다.",
            "양사의 {n2}번째 계약이라고 {partner}의 {person}은 기자들에게 말했다.",
        ),
    },
    "launch": {
        "en": (
            "{latin} Launches {product} for Small Kitchens",
            "{latin} has put {product} on sale, a steam cabinet that runs on {n3} watts and connects by {acronym} and USB-C.",
            "It costs {n1} dollars in the {partner} shops, and comes with a warranty of {n2} months.",
            "The designers at {partner} Lab in {place} tried {n4} valves before one was quiet enough.",
            '"{product} fits where nothing else does," said {person}.',
        ),
        "zh-Hant": (
            "{han}推出適合小廚房的{product}",
            "{han}推出蒸櫃{product}，功率{n3}瓦，支援{acronym}及USB-C連接。",
            "產品在{partner}門市售價為{n1}元，保養期為{n2}個月。",
            "位於{place}的{partner} Lab的設計師試用{n4}個閥門後才找到夠寧靜的一個。",
            "{person}表示：「{product}能放進其他產品放不下的地方。」",
        ),
    },
    "appointment": {
        "en": (
            "{latin} Names {person} as Chief Technology Officer",
            "{latin} has named {person} chief technology officer with effect from {d1}; she succeeds {person2}.",
            "She led {n2} engineers at {partner}, where she built the {product} platform from {year}.",
            "She holds degrees in physics from the university in {place} and sits on the {acronym} committee.",
            "{person2} remains an adviser until the end of the year.",
        ),
        "zh-Hant": (
            "{han}委任{person}為首席技術官",
            "{han}宣布委任{person}接替{person2}出任首席技術官，{d1}起生效。",
            "她曾在{partner}帶領{n2}名工程師，自{year}年起建立{product}平台。",
            "她持有{place}大學物理學學位，並為{acronym}委員會成員。",
            "{person2}將留任顧問至年底。",
        ),
        "de": (
            "{latin} beruft {person} zur Technikchefin",
            "{latin} hat {person} mit Wirkung vom {d1} zur Technikchefin berufen; sie folgt auf {person2}.",
            "Bei {partner} führte sie {n2} Ingenieure und baute ab {year} die Plattform {product} auf.",
            "Sie hat in {place} Physik studiert und gehört dem Ausschuss {acronym} an.",
        ),
        "fr": (
            "{latin} nomme {person} directrice technique",
            "{latin} a nommé {person} directrice technique à compter du {d1} ; elle succède à {person2}.",
            "Chez {partner}, elle dirigeait {n2} ingénieurs et a bâti dès {year} la plateforme {product}.",
            "Diplômée de physique à {place}, elle siège au comité {acronym}.",
        ),
        "sv": (
            "{latin} utser {person} till teknikchef",
            "{latin} har utsett {person} till teknikchef från den {d1}; hon efterträder {person2}.",
            "På {partner} ledde hon {n2} ingenjörer och byggde från {year} upp plattformen {product}.",
            "Hon har läst fysik i {place} och sitter i kommittén {acronym}.",
        ),
        "fi": (
            "{latin} nimittää teknologiajohtajaksi henkilön {person}",
            "{latin} on nimittänyt teknologiajohtajaksi henkilön {person} {d1} alkaen; edeltäjä on {person2}.",
            "Yhtiössä {partner} hän johti {n2} insinööriä ja rakensi vuodesta {year} alustaa {product}.",
            "Hän on opiskellut fysiikkaa kaupungissa {place} ja kuuluu toimikuntaan {acronym}.",
        ),
        "da": (
            "{latin} udnævner {person} til teknisk direktør",
            "{latin} har udnævnt {person} til teknisk direktør fra den {d1}; hun efterfølger {person2}.",
            "Hos {partner} ledede hun {n2} ingeniører og byggede fra {year} platformen {product} op.",
            "Hun har læst fysik i {place} og sidder i udvalget {acronym}.",
        ),
        "no": (
            "{latin} utnevner {person} til teknologidirektør",
            "{latin} har utnevnt {person} til teknologidirektør fra {d1}; hun etterfølger {person2}.",
            "Hos {partner} ledet hun {n2} ingeniører og bygget fra {year} opp plattformen {product}.",
            "Hun har studert fysikk i {place} og sitter i komiteen {acronym}.",
        ),
        "ja": (
            "{latin}、最高技術責任者に{person}氏を任命",
            "{latin}は{d1}付で{person2}氏の後任として{person}氏を最高技術責任者に任命しました。",
            "同氏は{partner}で{n2}名の技術者を率い、{year}年から{product}の基盤を構築しました。",
            "{place}の大学で物理学を修め、{acronym}委員会の委員を務めています。",
        ),
        "ko": (
            "{latin}, 최고기술책임자에 {person} 선임",
            "{latin}은 {person2}의 후임으로 {person}을 {d1}부터 최고기술책임자로 선임했다.",
            "그는 {partner}에서 엔지니어 {n2}명을 이끌며 {year}년부터 {product} 플랫폼을 구축했다.",
            "{place} 대학에서 물리학을 전공했으며 {acronym} 위원회 위원이다.",
        ),
    },
    "expansion": {
        "en": (
            "{latin} Builds {m1} Plant in {place}",
            "{latin} is investing {m1} in a plant in {place} with a floor area of {n1} square metres.",
            "From {year} it will employ {n4} people and cut emissions by {p1}.",
            "The {acronym} certified the plans on {d1}.",
            "Neighbours were shown the site by {person}, who manages the works.",
        ),
        "zh-Hant": (
            "{han}斥資{m1}在{place}建廠",
            "{han}正投資{m1}在{place}興建廠房，樓面面積{n1}平方米。",
            "廠房自{year}年起將僱用{n4}人，並減少{p1}的排放。",
            "有關圖則於{d1}獲{acronym}認證。",
            "負責工程的{person}已帶領鄰近居民參觀地盤。",
        ),
        "de": (
            "{latin} baut für {m1} ein Werk in {place}",
            "{latin} investiert {m1} in ein Werk in {place} mit einer Fläche von {n1} Quadratmetern.",
            "Ab {year} arbeiten dort {n4} Menschen, der Ausstoß sinkt um {p1}.",
            "Die {acronym} hat die Pläne am {d1} zertifiziert.",
        ),
        "fr": (
            "{latin} construit une usine de {m1} à {place}",
            "{latin} investit {m1} dans une usine à {place}, d'une surface de {n1} mètres carrés.",
            "Dès {year}, elle emploiera {n4} personnes et réduira les émissions de {p1}.",
            "L'organisme {acronym} a certifié les plans le {d1}.",
        ),
        "sv": (
            "{latin} bygger en fabrik för {m1} i {place}",
            "{latin} investerar {m1} i en fabrik i {place} med en yta på {n1} kvadratmeter.",
            "Från {year} får {n4} personer arbete där och utsläppen minskar med {p1}.",
            "{acronym} certifierade ritningarna den {d1}.",
        ),
        "fi": (
            "{latin} rakentaa tehtaan paikkakunnalle {place}",
            "{latin} investoi {m1} tehtaaseen paikkakunnalla {place}; pinta-ala on {n1} neliömetriä.",
            "Vuodesta {year} alkaen se työllistää {n4} henkeä ja vähentää päästöjä {p1}.",
            "{acronym} hyväksyi suunnitelmat {d1}.",
        ),
        "da": (
            "{latin} bygger en fabrik til {m1} i {place}",
            "{latin} investerer {m1} i en fabrik i {place} med et areal på {n1} kvadratmeter.",
            "Fra {year} beskæftiger den {n4} personer, og udledningen falder med {p1}.",
            "{acronym} godkendte tegningerne den {d1}.",
        ),
        "no": (
            "{latin} bygger fabrikk til {m1} i {place}",
            "{latin} investerer {m1} i en fabrikk i {place} med et areal på {n1} kvadratmeter.",
            "Fra {year} får {n4} personer arbeid der, og utslippene går ned med {p1}.",
            "{acronym} sertifiserte tegningene {d1}.",
        ),
        "ja": (
            "{latin}、{place}に{m1}を投じて工場を建設",
            "{latin}は{place}に床面積{n1}平方メートルの工場を建設し、{m1}を投資します。",
            "{year}年から{n4}人を雇用し、排出量を{p1}削減します。",
            "設計は{d1}に{acronym}の認証を受けました。",
        ),
        "ko": (
            "{latin}, {place}에 {m1} 투자해 공장 건설",
            "{latin}은 {place}에 바닥면적 {n1}제곱미터의 공장을 짓는 데 {m1}을 투자한다.",
            "{year}년부터 {n4}명을 고용하고 배출량을 {p1} 줄인다.",
            "설계는 {d1} {acronym} 인증을 받았다.",
        ),
    },
    "festival": {
        "en": (
            "{latin} Closes Its Light Festival with {n1} Visitors",
            "The light festival of {latin} ended after {n2} evenings with {n1} visitors, {p1} of them from abroad.",
            "{n4} works by artists from {n3} countries were on view along the harbour.",
            "The {product} by {person} was photographed most, according to {partner}.",
            "The next festival is planned for {year}.",
        ),
        "zh-Hant": (
            "{han}燈光節圓滿結束 入場人次達{n1}",
            "{han}的燈光節舉行了{n2}晚，共錄得{n1}人次入場，其中{p1}來自海外。",
            "沿海濱展出了來自{n3}個國家藝術家的{n4}件作品。",
            "{partner}指，{person}的作品{product}最多人拍攝。",
            "下一屆計劃於{year}年舉行。",
        ),
    },
    "buyback": {
        "en": (
            "{latin}: Transaction in Own Shares",
            "On {d1} {latin} bought {n1} of its own shares at an average price of {c1} cents.",
            "The highest price paid was {c2} cents and the lowest {c3} cents.",
            "After cancellation {n5} shares will be in issue.",
            "The programme was announced earlier this year.",
        ),
        "zh-Hant": (
            "{han}：購回股份",
            "{han}於{d1}以平均價{c1}仙購回{n1}股股份。",
            "最高購回價為{c2}仙，最低為{c3}仙。",
            "註銷後已發行股份為{n5}股。",
            "購回計劃已於今年較早前公布。",
        ),
    },
    "partnership": {
        "en": (
            "{latin} and {partner} Sign Memorandum on {acronym} Standards",
            "{latin} and {partner} have signed a memorandum to develop {acronym} standards for {product} together.",
            "Engineers will share laboratories in {place} and publish what they find in open repositories.",
            "{person}, who signed for {partner}, called the agreement a beginning.",
            "Details will follow when the first working group has met.",
        ),
        "zh-Hant": (
            "{han}與{partner}簽署{acronym}標準備忘錄",
            "{han}與{partner}簽署備忘錄，共同為{product}制定{acronym}標準。",
            "雙方工程師將共用位於{place}的實驗室，並公開發表研究成果。",
            "代表{partner}簽署的{person}形容協議是一個開始。",
            "首個工作小組開會後將公布詳情。",
        ),
    },
    "survey": {
        "en": (
            "{latin} Survey: {p1} of Parents Read Aloud Every Day",
            "{p1} of parents read aloud to their children every day, a survey of {n1} households by {latin} shows.",
            "Three years ago it was {p2}; in the countryside the share is {p3}.",
            "{partner} put the questions in {n2} districts between {d1} and {d2}.",
            "The figures were weighted by {acronym} data, {person} explained.",
        ),
        "zh-Hant": (
            "{han}調查：{p1}家長每天為子女朗讀",
            "{han}訪問{n1}個家庭的調查顯示，{p1}的家長每天為子女朗讀。",
            "三年前的比率為{p2}；鄉郊的比率為{p3}。",
            "{partner}於{d1}至{d2}在{n2}個地區進行訪問。",
            "{person}解釋，數據按{acronym}資料加權。",
        ),
    },
}
DEVELOPED_ON = ("results", "contract", "appointment", "festival", "partnership")
MEASURED_ON = ("dividend", "launch", "expansion", "buyback", "survey")
OTHERS = ("ja", "ko", "de", "fr", "sv", "fi", "da", "no")

_SYLLABLES = [
    "ve",
    "lo",
    "mar",
    "tin",
    "qui",
    "sel",
    "bra",
    "no",
    "dor",
    "ka",
    "zen",
    "fel",
    "ori",
    "tas",
    "mun",
    "pel",
    "rax",
    "ivo",
    "gren",
    "hal",
]
_HAN = "安邦昌達恆豐嘉信凱龍樂民寧平啟榮順泰偉興雅永裕源卓"
_PLACES = ("Port Ellery", "Marram", "Oslund", "Kestrel Bay", "Tarnholm", "Velin", "Brackwater", "Sundal")
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "fi": "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta "
    "marraskuuta joulukuuta",
    "da": "januar februar marts april maj juni juli august september oktober november december",
    "no": "januar februar mars april mai juni juli august september oktober november desember",
}
_GROUPS = {"de": ".", "da": ".", "fr": "\u202f", "sv": "\u00a0", "fi": "\u00a0", "no": " "}
_SCALES = {
    "en": ("million", "billion"), "de": ("Millionen", "Milliarden"), "fr": ("millions", "milliards"),
    "sv": ("miljoner", "miljarder"), "fi": ("miljoonaa", "miljardia"), "da": ("millioner", "milliarder"),
    "no": ("millioner", "milliarder"), "zh-Hant": ("萬", "億"), "ja": ("万", "億"), "ko": ("만", "억"),
}  # fmt: skip
_UNIT = {"zh-Hant": "元", "ja": "ドル", "ko": "달러", "en": "dollars", "de": "Dollar", "fr": "dollars",
         "sv": "dollar", "fi": "dollaria", "da": "dollar", "no": "dollar"}  # fmt: skip
ABOUT = {
    "en": "About {latin}: {latin} ({mail}) was founded in {founded} and has {staff} employees.",
    "zh-Hant": "關於{han}：{han}（{latin}）成立於{founded}年，現有{staff}名員工。",
    "ja": "{latin}について：{latin}は{founded}年に設立され、従業員数は{staff}名です。",
    "ko": "{latin} 소개: {latin}은 {founded}년에 설립되었으며 직원은 {staff}명이다.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Translated:
    """One announcement in several languages."""

    topic: str
    releases: tuple[Release, ...]


@cache
def _simplifier() -> Callable[[str], str]:
    return opencc.OpenCC("tw2sp").convert


def number(value: float, language: str) -> str:
    """Return a number as a language writes it."""
    mark = _GROUPS.get(language, ",")
    text = f"{value:,}".replace(",", "\0")
    decimal = "," if language in _GROUPS else "."
    return text.replace(".", decimal).replace("\0", mark)


def money(millions: int, language: str) -> str:
    """Return an amount as a language writes it: 1.25 billion, 12.5億."""
    small, great = _SCALES[language]
    unit = _UNIT[language]
    if language in ("zh-Hant", "ja", "ko"):
        if millions >= 100:
            return f"{number(millions / 100, language)}{great}{unit}"
        return f"{number(millions * 100, language)}{small}{unit}"
    if millions >= 1000:
        return f"{number(millions / 1000, language)} {great} {unit}"
    return f"{millions} {small} {unit}"


def date(day: datetime, language: str) -> str:
    """Return a date as a language writes it."""
    if language in ("zh-Hant", "ja"):
        return f"{day.year}年{day.month}月{day.day}日"
    if language == "ko":
        return f"{day.year}년 {day.month}월 {day.day}일"
    month = _MONTHS[language].split()[day.month - 1]
    dot = "." if language in ("de", "fi", "da", "no") else ""
    return f"{day.day}{dot} {month} {day.year}"


class Press:
    """Issuers and what they announce, from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._serial = 1000

    def name(self, syllables: int = 3) -> str:
        """Return a made-up name."""
        return "".join(self.random.choice(_SYLLABLES) for _ in range(syllables)).capitalize()

    def day_of_issuer(self, topics: Sequence[str], languages: Sequence[str]) -> Iterator[Translated]:
        """Yield what one issuer announces on one day: one announcement for each topic, under one contact block."""
        roll = self.random
        latin = f"{self.name()} {roll.choice(('Holdings', 'Group', 'Robotics', 'Foods', 'Energy', 'Institute'))}"
        domain = f"{latin.split()[0].lower()}.example"
        issuer = {
            "latin": latin,
            "han": "".join(roll.sample(_HAN, 2)) + roll.choice(("控股", "集團", "科技", "食品", "能源")),
            "mail": f"press@{domain}",
            "founded": str(roll.randint(1950, 2015)),
            "staff": str(roll.randint(200, 9000)),
            "phone": f"+852 {roll.randint(2000, 3999)} {roll.randint(1000, 9999)}",
            "ticker": f"HKEX:{roll.randint(1, 9999):04}" if roll.random() < 0.5 else "",
            "image": f"https://cdn.example/{domain}/logo.png",
        }
        day = datetime(2026, 3, roll.randint(2, 27), tzinfo=UTC)
        for topic in topics:
            at = day + timedelta(hours=roll.randint(1, 9), minutes=roll.choice((0, 0, 15, 30)))
            yield self._announcement(topic, languages, issuer, at)

    def _announcement(
        self, topic: str, languages: Sequence[str], issuer: Mapping[str, str], at: datetime
    ) -> Translated:
        roll = self.random
        millions = {f"m{i}": roll.randint(12, 9000) for i in range(1, 4)}
        bounds = {"n1": (1100, 98000), "n2": (11, 99), "n3": (11, 99), "n4": (101, 980), "n5": (10**7, 10**9)}
        counts: dict[str, float] = {key: roll.randint(*bound) for key, bound in bounds.items()}
        shares = {f"p{i}": roll.randint(11, 890) / 10 for i in range(1, 4)}
        cents = {f"c{i}": roll.randint(101, 4990) / 10 for i in range(1, 4)}
        days = {f"d{i}": at + timedelta(days=roll.randint(3, 150)) for i in range(1, 3)}
        words = {
            "partner": f"{self.name(2)} {self.name(2)}",
            "product": f"{self.name(2)}{roll.choice('XSTR')}{roll.randint(2, 90)}",
            "person": f"{self.name(2)} {self.name(2)}",
            "person2": f"{self.name(2)} {self.name(2)}",
            "place": roll.choice(_PLACES),
            "acronym": "".join(roll.sample("ABCDEFGHKLMNPRSTVWX", 4)),
            "year": str(roll.randint(2027, 2030)),
        }
        site = roll.choice(("harbour-wire", "north-wire", "eastern-news"))
        elsewhere = roll.random() < 0.2
        releases = []
        shorter = roll.choice(languages) if roll.random() < 0.15 else None
        for language in languages:
            base = "zh-Hant" if language == "zh-Hans" else language
            said: dict[str, str] = {
                **words, **issuer,
                **{key: money(value, base) for key, value in millions.items()},
                **{key: number(value, base) for key, value in (counts | shares | cents).items()},
                **{key: date(value, base) for key, value in days.items()},
            }  # fmt: skip
            said |= {key: said[key] + ("\u00a0%" if base in _GROUPS else "%") for key in shares}
            headline, *body = (text.format(**said) for text in TEXTS[topic][base])
            if language == shorter:
                body = body[:-1]
            about = ABOUT.get(base, ABOUT["en"]).format(**said)
            convert = _simplifier() if language == "zh-Hans" else str
            self._serial += roll.randint(1, 40)
            shown = at + timedelta(minutes=roll.choice((0, 0, 0, 5, 20, 50)))
            where = f"{site}-{base[:2]}" if elsewhere else site
            releases.append(
                Release(
                    id=f"rel_{self._serial:026}",
                    source=where,
                    url=f"https://{where}.example/news/{self._serial}",
                    headline=convert(headline),
                    language=language,
                    body=tuple(map(convert, body)),
                    about=(convert(about),),
                    contacts=(issuer["mail"], issuer["phone"]) if roll.random() < 0.85 else (),
                    issuer=convert(issuer["han"] if base == "zh-Hant" else issuer["latin"]),
                    tickers=(issuer["ticker"],) if issuer["ticker"] else (),
                    published_at=(shown.isoformat() if roll.random() < 0.8 else shown.date().isoformat()),
                    first_seen_at=f"{shown.isoformat()[:19]}.000Z",
                )
            )
        return Translated(topic=topic, releases=tuple(releases))


CHINESE = ("en", "zh-Hant", "zh-Hans")


def triples(topics: Sequence[str], count: int, seed: int) -> list[Translated]:
    """Return announcements in English and both scripts of Chinese, two or three of one issuer on one day."""
    press = Press(seed)
    found: list[Translated] = []
    while len(found) < count:
        chosen = press.random.sample(topics, min(2, len(topics)))
        if press.random.random() < 0.3:
            chosen.append(chosen[0])  # a second one of the same kind, with other facts
        found += press.day_of_issuer(chosen, CHINESE)
    return found[:count]


def pairs(topics: Sequence[str], count: int, seed: int) -> list[Translated]:
    """Return announcements in English and one other language, two of one issuer on one day."""
    press = Press(seed)
    told = [topic for topic in topics if "de" in TEXTS[topic]]
    found: list[Translated] = []
    while len(found) < count:
        language = OTHERS[len(found) // 2 % len(OTHERS)]
        chosen = [press.random.choice(told) for _ in range(2)]
        found += press.day_of_issuer(chosen, ("en", language))
    return found[:count]
