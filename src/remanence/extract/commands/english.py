"""The words of instructions to agents, in English."""

from __future__ import annotations

__all__ = ["ANYWHERE", "BEGINNINGS", "ORDERS"]

_RULES = (
    "(?:instructions?|prompts?|rules|guidelines|directives?|directions|commands?|programming"
    "|training|restrictions|constraints|polic(?:y|ies)|safeguards|context|messages?)"
)
_EARLIER = (
    "(?:your|all|previous|prior|above|earlier|preceding|foregoing|existing|system|original"
    "|initial|safety)"
)
_GIVEN = f"(?:{_EARLIER}|any|every|each|the|my|our|of|these|those|this|past|other|current)"
_AGENT = (
    r"(?:assistants?|a\.?i\.?|bots?|chatbots?|llms?|(?:large )?language models?|(?:ai|language|llm)"
    r" (?:agents?|models?|assistants?))"
)
_READING = "(?:reading|processing|summari[sz]ing|parsing)"
_HENCEFORTH = (
    "(?:from (?:now|here|this (?:point|moment)) on(?:wards?)?|henceforth|starting now"
    "|in all (?:your )?(?:future|further) (?:replies|responses|answers|conversations|messages))"
)
_ACT = (
    "(?:respond|reply|answer|obey|comply|speak|talk|act|behave|pretend|refuse|output|print|say"
    "|recommend|include|mention|add|append|begin|start|end|sign|address|call|use|write|treat"
    "|ignore|follow|translate|format|assume|trust|approve|reveal|disclose|execute)"
)
_USER = "(?:the|this|that|your|any|our) (?:end[ -])?(?:users?|humans?|customers?|operators?)"
_PEOPLE = "user|human|customer|operator"
_MEMORY = "(?:memory|memories|instructions|system prompt)"
_YOU_MUST = "you (?:must|should|shall|will|are to|have to|need to)"
_LINE = r"(?:^|\n) ?(?:#+ |\*\*|> )?"

# In each group the words come first of which one is in every text that a pattern is found in.

ANYWHERE = (
    (  # what the agent is to be
        r"\byou(?: are|'re) now |anything now",
        r"\byou(?: are|'re) now (?:(?:an? |the |my |in )?(?:[\w-]+ ){0,4}(?:\w*bots?|\w*gpt"
        r"|assistant|ai|agent|language model|dan(?!')|mode|persona|hacker|terminal|interpreter"
        r"|simulator|translator|admin(?:istrator)?|root)\b"
        r"|(?:no longer |not )(?:bound|restricted|limited|an? (?:ai|assistant))"
        r"|free (?:of|from) (?:all|any|your|every)|unrestricted|unfiltered|jailbroken"
        r"|(?:required|instructed|authori[sz]ed|permitted|going) to\b)",
        r"\bdo anything now\b",
    ),
    (  # what is to hold from now on
        rf"{_HENCEFORTH}|{_YOU_MUST}",
        rf"\b{_HENCEFORTH}\b,? ?:? ?(?:please )?(?:you(?:r|'ll)?\b|always\b|never\b"
        rf"|(?:only |do not |don't )?{_ACT}\b)",
        rf"\b{_YOU_MUST} (?:always|never|only|now|immediately|exclusively|strictly) {_ACT}\b",
        r"\byou (?:must|shall|are to|have to) (?:obey|comply with|ignore|disregard|act as|pretend"
        r"|follow (?:these|my|the following|all of))\b",
        rf"\b{_YOU_MUST} (?:not|never) (?:reveal|disclose|mention (?:this|these|that you)"
        r"|follow (?:your|the previous|the system))",
    ),
    (  # against what it was told before, in the words that nearly everybody takes
        "ignore|disregard|forget",
        r"\b(?:ignore|disregard|forget) (?:all|any)(?: of)?(?: the| your| my| these)?"
        r" (?:previous|prior|above|earlier|preceding) (?:instructions|prompts|directions)\b",
    ),
    (  # what is written the way programs write to models
        r"system|instruct|prompt|directive|assistant|developer|<|inst\]",
        rf"{_LINE}system(?: (?:prompt|message|override|instructions?|note|update|command))?"
        r"(?:\*\*)? ?:",
        rf"{_LINE}(?:new|updated|revised|additional|hidden|secret|important) (?:system )?"
        r"(?:instructions?|prompt|directives?)(?:\*\*)? ?:",
        r"(?:^|\n) ?#+ ?(?:system|instructions?)(?: prompt| message)? ?(?:$|\n)",
        r"</?(?:system|assistant|developer|instructions?)(?:[ _-](?:prompt|message|reminder"
        r"|override|note|instructions?))?(?: [^<>\n]{0,80})?>",
        r"<\|(?:im_start|im_end|system|user|assistant|developer|start_header_id|eot_id)\|>",
        r"<<sys>>|\[/?inst\]",
        r"[\[【(]system(?: (?:prompt|message|override|note|instructions?))?[\])】]",
    ),
    (  # whom it is for
        rf"\b{_AGENT}",
        r"\b(?:instructions?|note|message|attention|notice)(?: (?:to|for))?[:,]? "
        rf"(?:the |any |all |every )?{_AGENT} ?(?:[:,!.-]|(?:{_READING}|that|who|which)\b)",
        rf"\b(?:if you(?: are|'re) an?|as an?|any|every) {_AGENT},? (?:{_READING} (?:this|these)"
        r"|you (?:must|should|are required))",
        rf"\b{_AGENT} (?:{_READING}|seeing|(?:that|which|who) (?:reads?|sees?)) (?:this|these)\b",
    ),
    (  # what the user is not to know
        _PEOPLE,
        rf"\bwithout (?:telling|informing|notifying|alerting|warning|letting) {_USER}",
        rf"\b(?:hide|conceal|keep) (?:this|these|it|that|them)\b[^.\n]{{0,30}}\bfrom {_USER}",
    ),
    (  # what is to stay in its memory
        "memor|instructions|prompt|guidelines|rules|remember",
        r"\bremember(?: this)?(?: that|:|,)? you (?:must|(?:should|have to|will) (?:always|never)"
        r"|(?:can|may) now|are (?:required|authori[sz]ed|instructed|permitted"
        r"|not (?:allowed|permitted)))\b",
        r"\b(?:save|store|add|write|record|put|commit|insert) [^.\n]{0,60}\b(?:to|in|into) your"
        rf" (?:long-term |persistent |permanent )?{_MEMORY}\b",
        r"\b(?:update|change|replace|rewrite|overwrite|modify|erase|wipe) your (?:long-term )?"
        rf"(?:{_MEMORY}|guidelines|rules)\b",
    ),
)

ORDERS = (
    (  # against what it was told before
        "ignore|disregard|forget|override|bypass|abandon|discard|overrule|follow|obey|listen",
        rf"\b(?:ignore|disregard|forget|override|bypass|abandon|discard|overrule) "
        rf"(?:{_GIVEN} ){{0,5}}?{_EARLIER} (?:{_GIVEN} ){{0,4}}(?:[\w-]+ ){{0,2}}?{_RULES}\b",
        r"\b(?:ignore|disregard|forget|override) (?:all |any )?(?:the |of the |these |those )?"
        rf"{_RULES} (?:above|before|you (?:were|have been|had been) given|so far|that came before)",
        r"\b(?:ignore|disregard|forget) (?:everything|anything|all|what(?:ever)?)(?: that)?"
        r" (?:above|before this|you(?: were|'ve been| have been) (?:told|taught|instructed))",
        r"\b(?:do not|don't|never|stop) (?:follow(?:ing)?|obey(?:ing)?|listen(?:ing)? to) "
        rf"(?:{_GIVEN} ){{0,4}}?{_EARLIER} (?:{_GIVEN} ){{0,3}}(?:[\w-]+ )?{_RULES}\b",
    ),
    (  # what the user is not to know
        _PEOPLE,
        rf"\b(?:do not|don't|never) (?:tell|inform|notify|warn|alert|show|remind|ask|let) {_USER}",
        r"\b(?:do not|don't|never) (?:mention|reveal|disclose|say|show|explain|report|describe)"
        rf" (?:[\w']+ ){{0,4}}to {_USER}",
    ),
    (  # how it is to act
        "pretend|act as|play as|always|never|mode",
        r"\b(?:pretend (?:that )?(?:to be|you(?: are|'re))|act as (?:an?|the|my|if you)"
        r"|role-?play as)\b",
        r"\balways (?:comply|obey|(?:respond|reply|answer) (?:in|with|as|to|using|that|by|every"
        r"|each|all))\b",
        r"\bnever (?:refuse|decline) (?:to (?:answer|comply|help)|(?:any|my) (?:requests?"
        r"|questions?|orders?)|the user)\b",
        r"\b(?:enable|enter|activate|switch to|turn on) (?:[\w-]+ ){0,3}?(?:developer|dan|god"
        r"|jailbreak|unrestricted|unfiltered|admin) mode\b",
    ),
    (  # what it is to give away
        "prompt|instructions|history|memor|user's",
        r"\b(?:reveal|print|output|repeat|show|display|give|tell)\b[^.\n]{0,30}?\b(?:your (?:"
        r"system |initial |hidden |original |full )*(?:prompt|instructions)|the system prompt)\b",
        r"\b(?:send|forward|e-?mail|post|upload|leak|exfiltrate|transmit) [^.\n]{0,50}?\b(?:chat"
        r" history|conversation history|system prompt|your (?:memory|memories|instructions)"
        r"|user's (?:data|messages|memories|e-?mails|password|details|files|conversations?))\b",
    ),
)

BEGINNINGS = (
    r"(?:^|[\s\"'(])(?:please|now|then|and|also|first|just|simply|kindly|instead|immediately"
    rf"|{_AGENT}|(?:want|need|like|order|instruct|command|tell|ask) you to"
    r"|you (?:must|should|shall|will|can|may|need to|have to|are to|ought to)(?: now| also)?)\s+",
)
