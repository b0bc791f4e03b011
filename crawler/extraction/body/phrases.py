"""The words by which a release ends, and those that never belong to one, in the wires' languages."""

from __future__ import annotations

import re

from config.wires import closing_lines

_I = re.IGNORECASE

HASHTAG_LABEL = re.compile(
    r"^\s*(?:hash\s?tags?|#?標[籤签]|标签|主題標籤|话题标签|ハッシュタグ|해시태그|étiquettes?|etiquetas?|schlagworte?)\s*+[:：]?\s*+",
    _I,
)

ABOUT = re.compile(
    r"^\W{0,3}(?:(?:more\s+)?about\s+(?!\d)(?!the\s(?:event|author|study|survey|research|report)\b)(?=\S)|über\s+(?:die\s|das\s|den\s|der\s)?(?-i:(?=[A-Z0-9„\"»]))|à\s+propos\s+d|acerca\s+de\s|sobre\s+(?-i:(?=(?:a |o |la |el )?[A-Z0-9]))|"  # noqa: E501
    r"informazioni\s+su\s|over\s+(?-i:(?=[A-Z]))|om\s+(?-i:(?=[A-ZÅÄÖ]))|về\s+(?-i:(?=[A-ZĐ]))|giới\s+thiệu\s+(?:về\s+)?|tentang\s+(?-i:(?=[A-Z]))|關於|关于|有關|에\s*대하여|"
    r"(?:about|company|corporate|issuer)\s+(?:us|profile|description|background|information)$|boilerplate|unternehmensprofil|会社概要|公司(?:簡介|简介)|회사\s*소개)",
    _I,
)
ABOUT_END = re.compile(
    r"(?:\bim (?:Profil|Überblick|Porträt)|について|概要|簡介|简介|소개|에\s*(?:대하여|대해))\s*+[】」]?\s*+[:：]?$"
)

END = re.compile(
    r"^\W{0,4}(?:#\s?#\s?#(?:\s?#)*+|-?\s?30\s?-|-{0,3}\s?ends?\s?(?:of\s(?:press\s|news\s)?release)?\s?-{0,3}|/?ends/?|\*\s?\*\s?\*|"
    r"ende(?:\sder\s(?:mitteilung|pressemitteilung|insiderinformation|ad-?hoc).*)?|additional\sfeatures|zusatzmaterial(?:\szur\smeldung)?|fin(?:\sdu\scommuniqué)?|fine|fim|slut|結束|(?:全文)?完(?:結|结)?|[（(](?:了|終|终)[)）]|終わり|以上|끝|hết|"
    r"end\sof\s(?:announcement|inside\sinformation|ad-hoc).*)\W{0,4}$",
    _I,
)
"""``###``, ``-30-``, ``- Ends -``, ``完``: what follows is no more the release's text, but for sections about companies."""  # noqa: E501

SOURCE = re.compile(
    r"^(?:SOURCE|Source|QUELLE|Quelle|FUENTE|Fuente|FONTE)(?:\s*+:\s++|\s++)(?P<name>\S.{0,160})$|^(?:來源|来源|출처|SOURCE|Source)\s*[:：]\s*(?P<cjk>\S.{0,80})$"
)
PROVIDED_BY = re.compile(r"^(?:news\s+provided\s+by|provided\s+by|issued\s+by)\s*:?\s*(?P<name>.{0,120})$", _I)

CONTACT = re.compile(
    r"^\W{0,3}(?:(?:(?:company|corporate|general)\s+)?(?:media|press|public\s+relations|pr|investors?|investor\s+(?:and\s+media\s+)?relations|ir|news|sales|analyst|business|marketing)"
    r"(?:\s*(?:&|and|/|or|,)\s*(?:media|press|investors?|analysts?|public|general))?(?:\s+relations)?\s+(?:contacts?|enquir(?:y|ies)|inquir(?:y|ies)|queries|office|information|representatives?)(?:\s+(?:details|info|information))?\b|"
    r"contacts?(?:\s+(?:details|info(?:rmation)?|us|persons?|for\s+(?:the\s+)?(?:media|press|investors?)))?\s*(?:[:：]|$)|"
    r"for\s+(?:all\s+)?(?:more|further|additional|media|press|general|investor)[^.]{0,60}?(?:information|details|enquiries|inquiries|queries|questions)[^.]{0,60}?(?:contact|call|reach|email|[:：]\s*$)|"
    r"(?:to\s+(?:learn|find)\s+(?:out\s+)?more[^.]{0,40},\s*)?(?:please\s+)?contact\s*[:：]|"
    r"(?:presse|medien)?kontakte?(?:daten|person(?:en)?)?\s*(?:[:：]|$)|ansprechpartner(?:in)?\b.{0,40}$|(?:presse|medien|rückfrage)(?:kontakt|anfragen|stelle)\b|pressestelle|rückfragen|"
    r"contacts?\s+(?:presse|médias?|investisseurs?)|contactos?(?:\s+(?:de\s+)?(?:prensa|medios|para))?\s*[:：]?.{0,30}$|contatos?\s*(?:[:：]|$)|contato\s+(?:de|para)\s.{0,30}$|"
    r"liên\s+hệ.{0,40}$|thông\s+tin\s+liên\s+hệ|媒[體体](?:聯絡|联络|联系|聯繫|查詢|查询|諮詢|咨询|垂詢).{0,12}|(?:新聞|新闻)?(?:聯絡|联络|联系|聯繫)(?:人|方式|我們|我们|資料)?\s*[:：]?$|(?:本件に関する|報道関係|お?問い?合わ?せ).{0,30}|(?:언론|미디어|홍보)?\s*(?:문의|연락처).{0,10}$)",
    _I,
)
CONTACT_LINE = re.compile(
    r"[\w.+-]{1,64}@[\w-]{1,64}\.\w+|(?:\b(?:tel|phone|telephone|fax|mobile|cell|email|e-mail|mail|telefon|tél|teléfono|telefone|skype|whatsapp|電話|电话|電郵|邮箱|전화|이메일)\b\.?\s*[:：.]?)|"
    r"(?:\+|\(0?)\d[\d\s().-]{7,}|\b\d{3}[-.\s]\d{3}[-.\s]\d{4}\b|^(?:https?://|www\.)\S+$",
    _I,
)
"""An email address, a telephone number, or an address of its own: what contact blocks are made of."""

# A heading after which other stories begin.
RELATED = re.compile(
    r"^\W{0,3}(?:(?:see\s+)?(?:more|other|latest|recent|further|top|related|similar|recommended|popular|trending|suggested|featured|breaking|additional|previous|all)\s+"
    r"(?:[\w&'’-]+\s+){0,3}?(?:news|stor(?:y|ies)|articles?|releases?|posts?|headlines?|links?|reading|content|topics?|videos?|coverage|from|by|in|on|about)\b.{0,60}|"
    r"(?:news|stories|articles|releases|headlines)\s+(?:from|in|by|about)\b.{1,50}|(?:most|editor['’]?s?)\s+(?:read|popular|viewed|shared|picks?|choice|recent|commented|emailed)\b.{0,30}|"
    r"you\s+(?:may|might|could)\s+(?:also\s+|be\s+)?(?:like|enjoy|interested|want).{0,40}|(?:also|read)\s+(?:from|in|on|more|also|next|:).{0,60}|related(?:\s+\w+)?|trending(?:\s+\w+)?|"
    r"recommended(?:\s+for\s+you)?|don['’]t\s+miss.{0,30}|what\s+to\s+read\s+next|up\s+next|next\s+(?:article|story|post)|previous\s+(?:article|story|post)|explore(?:\s+\w+)?|latest|"
    r"(?:das\s+könnte|auch\s+interessant|mehr\s+(?:zum|aus|von|news|artikel|nachrichten)|weitere\s+(?:artikel|meldungen|nachrichten|news|pressemitteilungen|themen|beiträge|informationen\s+zum\s+thema)|verwandte|ähnliche|meistgelesen|lesen\s+sie\s+(?:auch|mehr)|aktuelle\s+(?:news|meldungen|nachrichten)).{0,50}|"
    r"(?:à\s+lire\s+(?:aussi|également)|sur\s+le\s+même\s+sujet|articles?\s+(?:similaires|liés|associés|récents)|les\s+plus\s+lus|lire\s+aussi|dans\s+la\s+même\s+rubrique|autres\s+(?:communiqués|articles|actualités)|dernières?\s+(?:actualités|nouvelles|infos)).{0,50}|"
    r"(?:noticias?\s+(?:relacionad[ao]s?|recientes|de\s)|artículos\s+relacionados|también\s+te\s+puede|te\s+puede\s+interesar|lo\s+más\s+(?:leído|visto)|más\s+(?:noticias|sobre|de)|últimas\s+noticias|leia\s+(?:também|mais)|notícias\s+(?:relacionadas|de\s)|veja\s+também|mais\s+(?:lidas|notícias)|últimas\s+notícias|matérias\s+relacionadas|leggi\s+anche|articoli\s+correlati).{0,50}|"
    r"(?:相[關关](?:新聞|新闻|文章|閱讀|阅读|報[導道]|报道|推薦|推荐|資訊|资讯|連結|链接|內容|内容)|推[薦荐](?:閱讀|阅读|文章)?|延伸[閱阅][讀读]|更多(?:新聞|新闻|內容|内容|文章|資訊|资讯|.{1,8}(?:新聞|新闻|消息))|[熱热][門门](?:新聞|新闻|文章)?|最新(?:新聞|新闻|消息|文章|資訊|资讯)|猜你喜[歡欢]|(?:.{2,8})(?:新聞|新闻)$|関連(?:記事|ニュース|リンク|情報|リリース).{0,10}|(?:おすすめ|人気|最新|新着)(?:の)?(?:記事|ニュース|リリース)?.{0,10}|(?:관련|추천|인기|최신|많이\s*본)\s*(?:기사|뉴스|글|콘텐츠|보도자료)?.{0,10}|(?:tin|bài)\s+(?:liên\s+quan|mới|khác|đọc\s+nhiều|cùng\s+chuyên\s+mục|viết\s+liên\s+quan).{0,20}))\W{0,4}$",
    _I,
)

# One line that is never part of a release's text.
BOILERPLATE = re.compile(
    r"^\W{0,4}(?:(?:share|print|e-?mail|tweet|save|copy\s+link|bookmark|download|follow|like|facebook|twitter|linkedin|whatsapp|pinterest|telegram|reddit|messenger|instagram|youtube|x|pdf|rss)(?:\s*(?:[|/·•,&]|this|on|via|to|by|with|the|article|page|story|release|print|e-?mail|facebook|twitter|linkedin|whatsapp|pinterest|pdf|us|a\s+friend|link|:))*+\W*$|"
    r"(?:view|see)\s+(?:the\s+)?(?:source|original)\s+(?:version|content)\b.{0,300}|to\s+view\s+the\s+(?:source|original)\s+version\b.{0,300}|"
    r"(?:photos?|logos?|images?|videos?|infographics?|multimedia)(?:\s+\w+)?\s*[-–—:]\s*(?:https?://\S+|available\s+at:?\s*https?://\S+)$|"
    r"(?:photos?|images?|logo|videos?)\s+(?:accompanying\s+this|is\s+available|are\s+available|caption|courtesy)\b.{0,300}|a\s+(?:photo|video|multimedia)[^.]{0,60}\s+(?:accompanying|is\s+available).{0,300}|"
    r"(?:read|learn|see|view|show|find\s+out|click\s+(?:here\s+)?(?:for|to\s+\w+))\s+(?:more|less|full\s+(?:story|article|release)|all)(?:\s*(?:>>|»|→|…|\.{3}|here))*+\W*$|"
    r"advertise?ments?|anzeige|werbung|publicité|publicidad|publicidade|pubblicità|廣告|广告|広告|광고|quảng\s+cáo|sponsored(?:\s+content)?|story\s+continues\s+below.{0,40}|article\s+continues\s+below.{0,40}|continue\s+reading.{0,60}|"
    r"(?:subscribe|sign\s+up|register|log\s?in|join)\s+(?:to|for|now|today|here|our|us|free)\b.{0,160}(?:newsletter|updates?|alerts?|email|inbox|channel|now|today|free|account)\b.{0,60}|(?:get|receive)\s+(?:our|the|all|daily|breaking)\b.{0,80}(?:newsletter|inbox|alerts)\b.{0,60}|"
    r"(?:we|this\s+(?:web)?site)\s+uses?\s+cookies.{0,400}|diese\s+(?:web)?seite\s+verwendet\s+cookies.{0,400}|"
    r"(?:copyright|©|\(c\))\s*(?:©|\(c\))?\s*(?:19|20)\d\d.{0,200}|(?:copyright|©)\s.{0,140}(?:19|20)\d\d.{0,120}|.{0,100}\ball\s+rights\s+reserved\b.{0,100}|alle\s+rechte\s+vorbehalten.{0,60}|tous\s+droits\s+réservés.{0,60}|"
    r"(?:posted|submitted|contributed|uploaded)\s+by:?\s+[^.]{2,60}|related\s+links?:?|back\s+to\s+top|(?:go\s+)?back|home|menu|search|skip\s+to\s+.{1,30}|loading\W*|comments?(?:\s*\(\d+\))?|leave\s+a\s+(?:comment|reply).{0,40}|(?:no|\d+)\s+comments?(?:\s+yet)?|add\s+(?:a\s+)?comment|post\s+a\s+comment|"
    r"(?:published|posted|updated|last\s+(?:updated|modified)|created|issued|release\s+date|date)\s*(?:on|at|by)?\s*[:：]?\s*[^.]{0,60}\d{4}[^.]{0,30}|"
    r"(?:tags?|categor(?:y|ies)|keywords?|topics?|filed\s+under|schlagw(?:orte?|örter)|stichworte|标签|標籤)\s*[:：].{0,200}|"
    r"(?:für\s+)?(?:druckversion|drucken|teilen|weiterempfehlen|merken|nach\s+oben|zurück(?:\s+zur\s+übersicht)?|weiterlesen|mehr\s+lesen)\W*|(?:partager|imprimer|compartir|imprimir|compartilhar|分享|列印|打印|打印本页|印刷|シェア|공유|인쇄|chia\s+sẻ)(?:\s*[:：].{0,40})?|"
    r"(?:share|teilen|partager|compartir|compartilhar|condividi|分享|シェア|공유|chia\s+sẻ|bagikan)\b.{0,60}\b(?:facebook|linkedin|whatsapp|twitter|telegram|line)\b.{0,60}|"
    rf"{closing_lines()}|"
    r"(?:this\s+)?(?:press\s+release|news|content|article)\s+(?:was\s+)?(?:distributed|provided|transmitted|syndicated|issued)\s+(?:by|via|through)\b.{0,120}|distributed\s+by\s.{0,100}|news\s+release\s+transmitted\s+by.{0,80})$",
    _I,
)

CAPTION = re.compile(
    r"^\W{0,3}(?:(?:photo|image|picture|pic|foto|bild|caption|illustration|graphic|figure|file\s+photo|photos?)\s*(?:\d+\s*)?(?:[:：]|by\b|credit|courtesy|caption)|pictured\b|credits?\s*[:：]|\(?(?:photo|image|bild|foto|grafik)\s*[:/©]|©\s|[圖图](?:片)?(?:[一二三四五六七八九十\d]*)?\s*[:：/]|写真\s*[:：]|사진\s*[=:：])",
    _I,
)
NOTES = re.compile(
    r"^\W{0,3}(?:notes?\s+(?:to|for)\s+(?:the\s+)?editors?|editors?['’]?\s+notes?|background|zusatzinformation(?:en)?|編輯垂注|编者注|forward[-\s]looking\s+statements?.{0,60}|safe\s+harbou?r.{0,60}|cautionary\s.{0,80}|disclaimers?|zukunftsgerichtete.{0,40})\W{0,3}$",
    _I,
)
EXPLANATION = re.compile(
    r"^\W{0,3}(?:information\s+and\s+explanation\s+of\s+the\s+issuer|information(?:en)?\s+und\s+erläuterung(?:en)?\s+des\s+emittenten)\b",
    _I,
)
"""Behind "End of Inside Information" the issuer of an ad-hoc release goes on."""
ADVISORY = re.compile(
    r"^\W{0,3}(?:in\s+the\s++(?:(?:news|press)\s*+)?release\b|we\s+are\s+advised\s+by\b|(?:please|kindly)\s+(?:replace|substitute|disregard|note\s+that)\b|"
    r"(?:the|this|a)\s+(?:corrected|following)\s.{0,80}\breplaces\b|this\s+(?:(?:news|press)\s+)?release\s+(?:corrects|replaces)\b)|"
    r"\bwe\s+are\s+advised\s+by\b|\bcorrected\s+(?:\w+\s+){0,2}(?:release|version|text|copy)\s+(?:follows|is\s+below|reads)\b|\bshould\s+disregard\b",
    _I,
)
"""What a release says of an earlier one above its dateline, as PR Newswire has it."""
NOTICE_HEADLINE = re.compile(
    r"^[\W_]{0,6}(?:(?:header|2nd|second|\w{1,20}['’]s)\s{1,3})?"
    r"(?:disregard|corrections?\b(?!\s+(?:facilit|officer|depart))|correcting|corrected|c\so\sr\sr\se\sc\st\si\so\sn|retract|withdraw|kill\b|"
    r"advisory\b|amend(?:ed|ment)|replac(?:ement|ing|es)\b|errat(?:um|a)\b|corrigend|"
    r"korrektur|berichtigung|widerruf|rücknahme|zurückgezogen|rectificati|annulation|retrait|correcci[oó]n|rectificaci|"
    r"fe\sde\serratas|aclaraci|retirada|correção|retificação|rettifica|ritiro|rättelse|rättad|korrigering|återkall|oikaisu|"
    r"korjaus|rettelse|correctie|rectificatie|intrekking|[【\[（(]?\s*(?:更正|更新|撤回|撤銷|撤销|澄清|訂正|修正|取消|取り下げ)|정정|취소|철회|"
    r"đính\schính|thu\shồi|cải\schính)",
    _I,
)
NOTICE_SENTENCE = re.compile(
    r"\bwe\s+are\s+advised\s+by\b|\b(?:should|please|kindly|to)\s+disregard\b|/\s*disregard\s+release|"
    r"\b(?:release|announcement|notice|statement)\b[^.]{0,80}\b(?:(?:has|have|was|were)\s+been\s+|was\s+|were\s+|is\s+)?(?:withdrawn|retracted|recalled|rescinded|"
    r"issued\s+in\s+error|published\s+in\s+error|corrected|replaced|superseded)\b|"
    r"\b(?:retract|withdraw|correct|replace)(?:s|ed|ing)?\b[^.]{0,40}\b(?:release|announcement)\b|as\s+originally\s+issued\s+inadvertently|"
    r"(?:mitteilung|meldung)\b[^.]{0,80}\b(?:zurückgezogen|widerrufen|berichtigt|korrigiert)|(?:korrektur|berichtigung)\s+(?:der|zur)\b|"
    r"communiqué\b[^.]{0,80}\b(?:retiré|annulé|rectifié|corrigé)|comunicado\b[^.]{0,80}\b(?:retirado|anulado|corregido|rectificado|corrigido)|"
    r"comunicato\b[^.]{0,80}\b(?:ritirato|annullato|rettificato)|"
    r"(?:新聞稿|新闻稿|公告|稿件|本稿|發佈|发布)[^。]{0,40}(?:撤回|撤銷|撤销|更正|取消|作廢|作废)|(?:更正|撤回|訂正)[:：]|"
    r"(?:リリース|発表|お知らせ)[^。]{0,40}(?:取り下げ|取り消|撤回|訂正)|(?:보도자료|공시|발표)[^.]{0,40}(?:철회|취소|정정)|"
    r"thông\s+cáo[^.]{0,60}(?:thu\s+hồi|đính\s+chính|hủy)",
    _I,
)
"""What proves that a short text is a notice, and no teaser or error; ``pipelines.notices`` decides what it says."""
TRANSMITTED = re.compile(
    r"^.{0,60}\b(?:veröffentlichung|dissemination|publication)\b.{0,240}\b(?:übermittelt\s+durch|transmitted\s+by|provided\s+by)\s+(?:eqs|dgap)\b.{0,120}$|"
    r"^.{0,60}\b(?:übermittelt\s+durch|transmitted\s+by)\s+(?:eqs|dgap)\b.{0,120}$",
    _I,
)
"""How EQS ends a release: "Veröffentlichung einer …, übermittelt durch EQS News - ein Service der EQS Group AG."."""
EMBARGO = re.compile(
    r"(?:\b(?:embargo(?:ed)?\s+(?:for\s+release\s+)?(?:until|till|to)|(?:not|hold)\s+for\s+(?:release|publication)\s+(?:until|before)|"
    r"sperrfrist(?:\s+bis)?|embargo\s+jusqu['’]au|embarg(?:o|ado|ada)\s+(?:hasta|até)|embarg(?:o|ato|ata)\s+fino\s+al?|embargo\s+tot|"
    r"embargo(?=\s*[:：]))(?![^\W_])|(?:报道|報道|報導|新闻|新聞)?(?:解禁|禁发|禁發)(?:日時|时间|時間|日期)?(?:至)?(?=\s*[:：])|"
    r"发布禁令(?:至)?(?=\s*[:：])|엠바고(?=\s*[:：])|보도\s*(?:유예|시점)(?=\s*[:：]))\s*[:：]?\s*(?P<when>.{6,80})",
    _I,
)
VIEW_SOURCE = re.compile(
    r"(?:view\s+(?:the\s+)?(?:source|original)\s+(?:version|content)|to\s+view\s+the\s+(?:source|original)\s+version|original\s+(?:source|content)\s*[:：]|source\s+version\s+on)",
    _I,
)
