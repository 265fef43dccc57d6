"""The words of instructions to agents in other languages: what is written most, not all of it."""
# ruff: noqa: RUF001 - Cyrillic letters are meant

from __future__ import annotations

__all__ = ["BEGINNINGS", "CYRILLIC", "HANGUL", "KANA", "LATIN", "LATIN_ORDERS"]

# The first line of a tuple is what words are in every text that a pattern is found in.

LATIN_ORDERS = (
    r"instru|[oó]rdenes|indicaciones|reglas|ordens|regras|consignes|r[eè]gles|directives|istruzioni"
    r"|regole|direttive|anweisungen|regeln|vorgaben|befehle|opdrachten|regels",
    # against what it was told before: Spanish, Portuguese, French, Italian, German, Dutch
    r"(?:ignor(?:a|e|ad|en)|olvid(?:a|e|ad|en)|descart(?:a|e|ad)|desestim(?:a|e)) "
    r"(?:[a-zà-ÿ]+ ){0,3}(?:instrucciones|[oó]rdenes|indicaciones|reglas)\b",
    r"(?:ignor(?:a|e|em)|esque[cç]am?|desconsiderem?|descartem?) "
    r"(?:[a-zà-ÿ]+ ){0,3}(?:instru[cç][oõ]es|ordens|regras)\b",
    r"(?<![jl]')(?:ignore[rz]?|oublie[rz]?|n[eé]glige[rz]?) "
    r"(?:[a-zà-ÿ']+ ){0,3}(?:l'?)?(?:instructions|consignes|r[eè]gles|directives)\b",
    r"(?:ignora|dimentica|trascura)(?:te|re)? "
    r"(?:[a-zà-ÿ']+ ){0,3}(?:istruzioni|regole|direttive)\b",
    r"(?:ignorier|vergiss|missacht|vergess)[a-zß]* (?:sie )?"
    r"(?:[a-zà-ÿß]+ ){0,3}(?:anweisungen|instruktionen|regeln|vorgaben|befehle)\b",
    r"(?:negeer|vergeet) (?:[a-z]+ ){0,3}(?:instructies|opdrachten|regels)\b",
)

LATIN = (
    r"usu[aá]rio|utilisat|utente|nutzer|ahora|agora|d[eé]sormais|maintenant|dor[eé]navant|d'ora"
    r"|da ora|adesso|ab jetzt|ab sofort|von nun|von jetzt|ora sei|bist jetzt",
    # what the user is not to know
    r"\bno (?:le )?(?:digas|diga|cuentes|informes|menciones)\b[^.\n]{0,30}\bal usuario\b",
    r"\bn[aã]o (?:diga|conte|informe|mencione|avise)\b[^.\n]{0,30}\bao usu[aá]rio\b",
    r"\bne (?:le |la |les )?(?:dis|dites|dire|parle[rz]?|mentionne[rz]?"
    r"|r[eé]v[eè]le[rz]?|informe[rz]?)\b[^.\n]{0,30}\b(?:[aà] )?l'utilisat(?:eur|rice)\b",
    r"\bnon (?:dire|dirlo|informare|menzionare|rivelare)\b[^.\n]{0,30}\b(?:al)?l'utente\b",
    r"\b(?:sag|sage|sagen|verrate|verraten|teile) (?:[a-zßäöü]+ ){0,3}"
    r"(?:dem|den) (?:nutzern?|benutzern?)(?: [a-zßäöü]+){0,3} nicht",
    # what is to hold from now on
    r"\b(?:a partir de ahora|desde ahora|de ahora en adelante)[,:]? (?:debes|tienes que|responde"
    r"|siempre|nunca|recomienda|eres)\b",
    r"\b(?:a partir de agora|de agora em diante)[,:]? (?:voc[eê]|deve"
    r"|responda|sempre|nunca|recomende)\b",
    r"(?:d[eé]sormais|[aà] partir de maintenant|dor[eé]navant)[,:]? (?:tu|vous"
    r"|r[eé]ponds|r[eé]pondez|toujours|recommande[rz]?)\b",
    r"\b(?:d'ora in poi|da ora in poi|da adesso)[,:]? (?:devi|rispondi|sempre|raccomanda|sei)\b",
    r"\b(?:ab jetzt|ab sofort|von nun an|von jetzt an)[,:]? (?:musst du|m[uü]ssen sie|antworte"
    r"|antworten sie|empfiehl|empfehlen sie|bist du|wirst du)\b",
    # what it is to be
    r"\b(?:ahora eres|agora voc[eê] [eé]|tu es maintenant"
    r"|vous [eê]tes maintenant|ora sei|du bist jetzt) "
    r"(?:[a-zà-ÿß]+ ){0,4}(?:asistente|assistente|assistant|assistent|modelo|mod[eè]le|modell|bot"
    r"|administrador|administrateur|ia|ki)\b",
)

CYRILLIC = (
    r"(?:игнорируй|проигнорируй|забудь|отбрось|не учитывай)(?:те)? (?:[а-яё]+ ){0,3}"
    r"(?:инструкци|указани|правил|команд|наставлени)",
    r"не (?:говори|сообщай|рассказывай|показывай)(?:те)? [^.\n]{0,30}пользовател",
    r"(?:отныне|с этого момента|с этой минуты|впредь)[,:]? "
    r"(?:ты|вы|всегда|никогда|отвечай|рекомендуй)",
    r"(?:ты теперь|теперь ты) (?:[а-яё]+ ){0,4}(?:ассистент|помощник|бот|модель|администратор)",
)

KANA = (  # in the characters into which texts are folded
    r"(?:これまで|以前|今まで|上記|前|すべて|全て)の?[^。\n]{0,10}(?:指示|命令|ルール|プロンプト|规则)"
    r"[^。\n]{0,8}(?:无视|忘れ|破弃)",
    r"(?:ユーザー|利用者)に(?:は)?[^。\n]{0,12}(?:言わない|知らせない|伝えない|教えない|话さない|明かさない)",
    r"(?:今後は?|これから(?:は)?|以後)、?[^。\n]{0,12}(?:必ず|常に)[^。\n]{0,20}(?:答え|回答|推荐|推奨|勧め)",
    r"あなたは(?:今から|これから|现在)、?[^。\n]{0,20}(?:アシスタント|ボット|モデル|管理者)",
)

HANGUL = (
    r"(?:이전|지금까지|위|모든|앞)의? ?[^.\n]{0,10}(?:지시|명령|규칙|프롬프트|지침)"
    r"[^.\n]{0,6}(?:무시|잊)",
    r"(?:사용자|유저)에게[^.\n]{0,16}(?:말하지|알리지|밝히지|전하지)",
    r"(?:지금부터|앞으로|이제부터)[^.\n]{0,12}(?:항상|반드시)[^.\n]{0,20}(?:답|대답|추천)",
)

BEGINNINGS = (
    r"(?:^|[\s\"'(])(?:por favor|s'il (?:vous|te) pla[iî]t|bitte|per favore|per piacere"
    r"|alsjeblieft|debes|devi|du musst|vous devez|tu dois|voc[eê] deve)[,:]?\s+",
)
