"""The sentences of other languages than English by which a body says what it is about an earlier release.

Patterns are for folded text, as in ``frames.py``: small letters, no Latin accents.
"""

from __future__ import annotations

from pipelines.notices.framing import Frame, frame

EUROPEAN: tuple[Frame, ...] = (
    # German
    frame(
        "correction",
        "korrektur",
        r"\bkorrektur (?:einer|der|unserer|zur) (?:am \d\S* (?:\w+ )?(?:\d{4} )?)?(?:\w+ )?"
        r"\w*(?:veroffentlichung|mitteilung|meldung|bekanntmachung)\b",
    ),
    frame(
        "correction",
        "ersetzt|korrigiert|berichtigt",
        r"\b(?:diese|die (?:nach)?folgende) \w*(?:mitteilung|meldung|fassung|version) (?:ersetzt"
        r"|korrigiert|berichtigt)\b",
    ),
    frame(
        "correction",
        "korrigierte|berichtigte",
        r"\b(?:es folgt|nachfolgend|hier) (?:\w+ ){0,3}(?:korrigierte|berichtigte) (?:fassung|version"
        r"|\w*meldung|\w*mitteilung)",
    ),
    frame(
        "correction",
        "mitteilung|meldung",
        r"\bin (?:der|unserer) (?:\w+ )?(?:presse|ad-hoc-|corporate-news-)?(?:mitteilung|meldung)\b.{0,300}?",
        r"(?:muss es|richtig (?:ist|lautet|muss)|falschlicherweise|irrtumlich|heisst es richtig)\b",
    ),
    frame(
        "withdrawal",
        "mitteilung|meldung",
        r"\b(?:die|diese|unsere) \w*(?:mitteilung|meldung)\b.{0,120}?\b(?:(?:wird|wurde|ist) (?:hiermit )?",
        r"(?:zuruckgezogen|widerrufen)|(?:ist |als )gegenstandslos)",
    ),
    frame(
        "correction",
        "korrigierte|berichtigte",
        r"\b(?:diese|folgende|nachfolgende|nachstehende|hier die) (?:korrigierte|berichtigte) (?:fassung|version)\b",
    ),
    frame(
        "withdrawal",
        "ziehen|zieht",
        r"\b(?:ziehen|zieht) (?:unsere|die|ihre|seine) \w*(?:mitteilung|meldung)\b.{0,60}?\bzuruck\b",
    ),
    frame(
        "withdrawal",
        "verwenden",
        r"\bverwenden sie (?:bitte )?(?:die|unsere|diese) \w*(?:mitteilung|meldung)\b.{0,60}?\bnicht\b",
    ),
    # French; GlobeNewswire: "Le communiqué suivant corrige et remplace le communiqué de presse intitulé …"
    frame(
        "correction",
        "remplace",
        r"\b(?:corrige et remplace|annule et remplace|rectifie et remplace|remplace et annule) ",
        r"(?:le|celui|notre)\b(?: precedent)?(?: communique)?",
    ),
    frame("correction", "remplace", r"\b(?:communique|version) (?:\w+ )?remplace (?:le|celui|notre)\b"),
    frame(
        "correction",
        "veuillez",
        r"\bveuillez (?:remplacer|noter).{0,60}communique.{0,200}\b(?:corrige|remplac|au lieu|erreur|suivant)",
    ),
    frame("correction", "corrig", r"\bversion (?:complete et )?corrigee (?:suit|du communique|est)"),
    frame(
        "withdrawal",
        "communiqu",
        r"\b(?:ne pas tenir compte|ignorer|retire) (?:du|le|de notre) (?:precedent )?communique",
        r"|\b(?:le|notre|ce) communique\b[^,;]{0,120}\b(?:est|a ete) (?:annule|retire)\b",
    ),
    frame(
        "correction",
        "communiqu",
        r"\berreurs? (?:s.est|se sont) glissees? dans (?:le|notre|un)\b.{0,30}communique",
        r"|\bdans (?:le|notre|un) communique\b.{0,200}\b(?:il (?:faut|fallait) lire|au lieu de|par erreur|errone)",
    ),
    # Spanish, Portuguese, Italian
    frame(
        "correction",
        "comunicado|nota de prensa|nota a imprensa",
        r"\b(?:comunicado|nota|version|versao)\b.{0,40}\b(?:corrige|sustituye|reemplaza|rectifica|substitui|retifica) ",
        r"(?:y (?:sustituye|reemplaza|corrige) |e substitui )?(?:al?|el|la|o|ao)\b.{0,30}(?:comunicado"
        r"|nota|anterior|publicad|divulgad|difundid|emitid|enviad)",
    ),
    frame(
        "withdrawal",
        "comunicado|nota de prensa",
        r"\b(?:ignorar|ignoren|desconsiderar|desconsiderem|hacer caso omiso"
        r"|no tener en cuenta)\b.{0,40}(?:comunicado|nota de prensa)",
    ),
    frame(
        "correction",
        "comunicado|nota de prensa|nota a imprensa",
        r"\b(?:en|no|na) (?:el |la )?(?:comunicado|nota de prensa|nota a imprensa)\b.{0,160}",
        r"\b(?:donde dice|debe decir|onde se le|leia-se|por error|por erro|erroneamente)\b",
    ),
    frame(
        "withdrawal",
        "comunicado|nota de prensa",
        r"\b(?:el|la|o|este|esta) (?:comunicado|nota de prensa)\b[^,;]{0,100}\b(?:queda|fica|ha sido|foi) ",
        r"(?:anulad|retirad|sin efecto|cancelad|sem efeito)",
    ),
    frame(
        "withdrawal",
        "comunicato",
        r"\b(?:non tenere conto|ignorare|annullato) (?:del|il)? ?(?:precedente )?comunicato",
    ),
    frame(
        "correction",
        "comunicato",
        r"\bnel comunicato\b.{0,160}\b(?:leggasi|anziche|invece di|per (?:un )?errore|erroneamente|errat[oaei])\b",
    ),
    frame(
        "correction",
        "comunicato|nota stampa",
        r"\b(?:corregge|sostituisce|annulla|rettifica)(?: e (?:sostituisce|corregge))? ",
        r"(?:il|la|quello|quanto|i) (?:[\w.]+ ){0,3}?"
        r"(?:comunicato|nota stampa|precedente|diffus[oa]|emess[oa]|pubblicat[oa]|inviat[oa])",
    ),
    frame("correction", "comunicado", r"\bse (?:corrige|rectifica) el comunicado\b"),
    frame(
        "correction",
        "comunicado|nota de prensa",
        r"\b(?:por (?:un )?error|por (?:um )?erro|debido a un error),? (?:en|no|na) (?:el |la )?"
        r"(?:comunicado|nota de prensa|nota a imprensa)\b",
    ),
    # Swedish, Danish, Norwegian, Finnish, Vietnamese
    frame(
        "correction",
        "meddel|melding",
        r"\b(?:ersatter|korrigerar|rattar|erstatter|korrigerer|retter|berigtiger) (?:[\w.]+ ){0,3}?",
        r"\w*(?:pressmeddeland|borsmeddeland|meddelels|pressemelding|borsmelding|meldingen|melding "
        r"(?:sendt|av|fra|datert|publisert))",
    ),
    frame(
        "correction",
        "meddel|melding",
        r"\brattelsen? avser\b.{0,80}meddeland|\bi (?:det |den )?\w*(?:pressmeddeland|meddelels|melding)\w*\b.{0,100}",
        r"\b(?:felaktigt|fejlagtigt|feilaktig)\b",
    ),
    frame(
        "withdrawal",
        "meddel|melding",
        r"\b\w*(?:pressmeddelandet|meddelelsen|meldingen)\b.{0,80}\b(?:aterkallas|aterkallats|dras tillbaka"
        r"|dragits tillbaka",
        r"|traekkes tilbage|trekkes tilbake|trukket tilba[gk]e)",
    ),
    frame(
        "correction",
        "meddel|melding",
        r"\b(?:rettelse|berigtigelse|korreksjon) (?:til|af|av) \w*(?:meddelels|melding)\w* nr",
    ),
    frame("correction", "tiedot", r"\b(?:korvaa|korjaa|oikaisee) (?:[\w.]+ ){0,4}?\w*tiedot"),
    frame("correction", "tiedot", r"\btiedotteessa oli (?:virhe|virheellinen)"),
    # Dutch
    frame(
        "correction",
        "persbericht",
        r"\bdit persbericht (?:vervangt|corrigeert|is een correctie)\b",
        r"|\bin het persbericht\b.{0,100}\b(?:een fout|onjuist|foutief|abusievelijk)",
    ),
    frame(
        "correction", "đính chính|thay thế", r"\bxin (?:duoc )?dinh chinh\b|\bthay the (?:cho )?(?:thong cao|ban tin)"
    ),
)

ASIAN: tuple[Frame, ...] = (
    # Chinese
    frame("correction", "以", r"(?:请|請)以(?:此|本|更正后|更正後).{0,4}(?:版|稿|版本|内容|內容)(?:为|為)(?:准|準)"),
    frame(
        "withdrawal",
        "请|請",
        r"(?:请|請)(?:忽略|作废|作廢|删除|刪除|勿采用|勿採用|停止使用).{0,30}(?:稿|公告|聞|闻)",
    ),
    frame("withdrawal", "撤|作", r"(?:新闻稿|新聞稿|稿件).{0,20}(?:现予|現予|予以)?(?:撤回|撤销|撤銷|作废|作廢)"),
    frame("correction", "更正", r"特此更正|更正如下|(?:现|現)(?:予|作)?更正"),
    frame(
        "correction",
        "取代|替换|替換|更正",
        r"(?:取代|替换|替換|更正)(?:此前|先前|之前|较早|較早|原).{0,20}(?:新闻稿|新聞稿|公告|稿件)",
    ),
    frame("correction", "本", r"本(?:稿|新闻稿|新聞稿|公告)(?:更正|取代|修正)"),
    # Japanese
    frame(
        "withdrawal",
        "下げ|撤回",
        r"(?:リリース|発表|お知らせ|記事).{0,30}(?:取り?下げ|撤回)(?:させて|いた|致|ます|しま)",
    ),
    frame(
        "correction",
        "誤り|訂正",
        r"(?:リリース|発表|お知らせ|内容|記載).{0,30}(?P<marker>誤りが(?:あり|ござい)|訂正すべき)",
    ),
    frame(
        "correction",
        "訂正|差替|差し替",
        r"(?:以下|下記|次)の(?:通り|とおり|ように).{0,10}(?:訂正|差し?替え)",
        r"|訂正(?:させていただ|いたし|致し|してお詫び)|差し?替え(?:させていただ|いたし)",
    ),
    # Korean
    frame(
        "withdrawal", "보도자료|기사", r"(?:보도자료|기사).{0,30}(?:철회|삭제|취소)(?:합니다|하오니|를? ?(?:요청|부탁))"
    ),
    frame(
        "correction",
        "정정|수정|바로잡",
        r"(?:보도자료|기사).{0,40}(?P<marker>정정|수정)(?:합니다|하여|해|하오니|되어)|바로잡습니다|정정합니다",
    ),
)
