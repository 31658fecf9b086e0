"""The words by which the rules tell what a mail is: patterns, tried on its own words on one line.

English mostly, as parliamentary offices write it; what is automatic in Welsh, Irish, French and
German too. Apostrophes are plain when they are tried.
"""

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_OFFICE = (
    r"(?:the |our |my )?(?:(?:right )?hon(?:ourable)? )?(?:[A-Z][\w'-]+ ){0,4}"
    r"(?:department|ministry|office|treasury|dfid|fco|fcdo|mod|defra|hmrc|council|commission"
    r"|government|committee|agency|secretariat|division|directorate|colleagues?|minister\b|mp\b)"
)
_TO_ACT = (
    r"raise|raised|press|pressing|pressed|tabled?|tabling|sign(?:ed)?"
    r"|writ(?:e|ten|ing) to(?! (?:thank|acknowledge|you))"
    r"|ask(?:ed|ing)?"
    r"|support(?:ed|ing)?|oppose[ds]?|vot(?:e[ds]?|ing)|urge[ds]?"
    r"|call(?:ed|ing)? (?:for|on)|put down|meet|met|speak"
    r"|spoke|argue[ds]?|seek|sought|propose[ds]?"
)
SUBSTANCE = (
    _any(
        r"\bI (?:do not |don't |cannot |fully |entirely |strongly |also |very much )*(?:agree"
        r"|disagree|support"
        r"|oppose|share|believe|think that|voted|welcome|accept|sympathi[sz]e|regret|remain of"
        r"|am persuaded"
        r"|am not persuaded|am content|am opposed|am in favour)\b"
    ),
    _any(
        rf"\bI(?: have| had|'ve)?(?: also| already| now"
        rf"| just)? (?:{_TO_ACT})\b(?!.{{0,20}}\b(?:office|team|you)\b)",
        rf"\b(?:I|we)(?: will|'ll| shall| would| am| are| intend to| be)+(?: also| not| be"
        rf"| certainly)* (?:{_TO_ACT})\b",
    ),
    _any(
        r"\b(?:the |this |Her Majesty's |HM |UK |British |Irish |Welsh )Government(?:'s)? (?:is"
        r"|are|remains?|will|has|have|does"
        r"|do|did|believes?|attach|attaches|welcomes?|continues?|recogni[sz]es?|supports?|should"
        r"|ought|position|policy|response"
        r"|takes?|agrees?|decided)",
        r"\bMinisters (?:are|have|will|do|believe|agree|were)\b",
        r"\bthe United Kingdom (?:will|has|is|played|supports|remains|continues|takes)\b",
        r"\b(?:Ireland|Wales|Scotland|the UK|our Permanent Representative) (?:has|will|is|played"
        r"|supports?)\b",
    ),
    _any(
        r"\bwe (?:do not |also |fully |will (?:not )?|have |are |shall )*(?:believe|welcome"
        r"|intend|support|oppose|agree|encourage"
        r"|press|committed|publish|attach great|continue to|take the view|urge|raise"
        r"|recogni[sz]e|emphasi[sz]e|set out)\b"
    ),
    _any(
        r"\b(?:written|oral|parliamentary) (?:question|answer|statement)s?\b",
        r"\bearly day motion\b|\bHansard\b|\badjournment debate\b|\bdebate\b"
        r"|\bat question time\b|\bput down a motion\b",
    ),
    _any(
        r"\b(?:our|UK|the) (?:statement|policy|position|strategy|view)\b.{0,60}\b(?:is|will|remains"
        r"|on|that|covers|refer)"
    ),
    _any(
        r"\b(?:I|we)(?: have| had)? (?:considered|read) your (?:letter|points|proposals)\b",
        r"\bthe (?:points|issues) (?:that )?you (?:make|raise)\b",
    ),
    _any(
        r"\b(?:happy|pleased|glad|willing|delighted|unable|sorry (?:that )?(?:I|we) cannot)"
        r" (?:to )?(?:meet|attend|speak|sign|support|help|take part)\b"
    ),
    _any(
        r"\basked officials\b|\bofficials would be glad\b|\bour statement\b|\bI am replying\b"
        r"|\bI have been asked to reply\b|\breplying on behalf\b"
    ),
    _any(
        r"\b(?:I|we) (?:can |would like to |want to )?(?:assure|reassure) you\b|\b(?:I"
        r"|we) appreciate (?:your|the) concerns?\b"
        r"|\b(?:I am|we are|I remain|we remain) (?:deeply |very |also |fully |clear "
        r"|absolutely )*(?:concerned|committed|clear that|determined|aware of the)\b"
    ),
    _any(r"\bcytuno\b|\bysgrifennu at y\b|\baontaím\b"),
)
"""Words of an answer: opinions, policy, things done in Parliament."""
AUTOMATIC_WORDS = _any(
    r"\bthis is an auto(?:mated|matic|mated,)[\w ,]*(?:reply|response|acknowledge?ment|message"
    r"|email|e-mail)",
    r"\bauto(?:mated|matic)(?:ally)?[ -](?:reply|response|acknowledge?ment|generated|message)\b",
    r"\b(?:sent|generated) automatically\b|\bsystem[ -]generated message\b"
    r"|\bautomatically generated\b",
    r"\bneges awtomatig\b|\b(?:ateb|ymateb) awtomatig\b|\bfreagra uathoibr[ií]och\b"
    r"|\bteachtaireacht uathoibr[ií]och\b",
    r"\bautomatische (?:antwort|nachricht)\b|\bréponse automatique\b|\bmessage automatique\b",
)
"""Words with which a mail says that no person wrote it."""
AWAY_WORDS = _any(
    r"\bI(?: am|'m| will be)(?: currently| now)? (?:out of|away from|not in) (?:the |my )?office\b",
    r"\bI(?: am|'m)(?: currently| now)? (?:on (?:annual |maternity |paternity |sick )?leave|away"
    r"|abroad|on holiday)\b",
    r"\b(?:office|mailbox|inbox) is (?:closed|not monitored|unattended|no longer)\b",
    r"\bwill (?:be )?(?:return(?:ing)?|back) (?:to the office )?on\b",
    r"\ballan o'r swyddfa\b|\bi ffwrdd o'r swyddfa\b|\bas (?:an )?oifig\b",
    r"\babsente? (?:du bureau|jusqu)|\bnicht im büro\b|\bnicht erreichbar\b"
    r"|\bab dem .{3,30} wieder\b",
)
"""Words of somebody who is away."""
AUTOMATIC_SUBJECT = re.compile(
    r"^\s*(?:\[[^\]]{1,30}\]\s*)?(?:auto(?:matic|mated)?[ -]?(?:reply|response"
    r"|acknowledge?ment)\b|auto(?:reply)?\s*:"
    r"|out[ -]of[ -](?:the )?office\b|on (?:annual )?leave\b|away from (?:the |my )?office\b"
    r"|vacation\b"
    r"|abwesenheits|automatische antwort|réponse automatique|absen(?:t|ce) du bureau"
    r"|message d'absence"
    r"|ateb awtomatig|ymateb awtomatig|allan o'r swyddfa|freagra uathoibr|as (?:an )?oifig\b"
    r"|respuesta autom|risposta automatica)",
    re.IGNORECASE,
)
"""How subjects of automatic answers begin; one of a reply to them begins with "Re:"."""
BOILERPLATE = (
    AUTOMATIC_WORDS,
    _any(r"\bplease do not (?:reply|respond) to this\b"),
    _any(
        r"\bif you (?:are|live)[\w ]{0,20} (?:a |my |in (?:the|my) )constituen",
        r"\bif you live in\b",
        r"\bos ydych yn etholwr\b",
    ),
    _any(r"\b(?:strict )?(?:parliamentary |strict )(?:protocol|convention)\b|\bown constituents\b"),
    _any(
        r"\b(?:hundreds|thousands|a (?:very )?(?:large|high) (?:volume|number)|several hundred"
        r"|number|high volume) of (?:e-?mails|letters|correspondence)\b"
    ),
    _any(
        r"\byour (?:e-?mail|message|correspondence) has been(?: safely)? received\b"
        r"|\bemail has been received\b|\bmessage has been(?: safely)? received\b"
    ),
    _any(
        r"\bif (?:the matter|your (?:enquiry|query|matter)|it) is urgent\b"
        r"|\burgent\b.{0,40}\b(?:call|ring|telephone|phone)\b"
    ),
    _any(
        r"\b(?:aim|try|endeavour) to (?:reply|respond)\b|\bwill be dealt with in due course\b"
        r"|\bbear with us\b"
    ),
    _any(
        r"\bfull (?:postal )?(?:name|address)\b.{0,30}\bpostcode\b|\bfull name, address\b"
        r"|\bname, address and postcode\b|\bcod post\b|\bpostal address please resend\b"
    ),
    _any(
        r"\bcampaign (?:e-?mails?|responses?)\b|\bpublished on (?:my|our|the) website\b"
        r"|\bon (?:\w+'s|my|our) website\b|\bsurger(?:y|ies)\b"
    ),
    _any(
        r"\bmailbox is monitored\b|\bread by a member of (?:my |the )?staff\b|\bmonitored (?:Monday"
        r"|between|during)\b"
    ),
    _any(r"\bdiary (?:manager|secretary)\b|\binvited? .{1,40} to an event\b"),
)
"""Words that offices' standing answers are made of."""
OBJECTION = _any(
    r"\b(?:please |kindly |would you |could you |asked that (?:he|she|they|we|I) be "
    r"|be )(?:remove[d]?|take[n]?|delete[d]?|unsubscribed?)"
    r"\b.{0,60}\b(?:list|database|records|circulation|mailings?)",
    r"\bplease (?:remove|unsubscribe|delete) (?:me|us|him|her|this (?:office|address)|my|our)\b",
    r"\b(?:do not|don't|never|please stop|stop|cease) (?:ever )?(?:writ(?:e|ing)|e-?mail(?:ing)?"
    r"|contact(?:ing)?|send(?:ing)?) (?:to )?(?:me|us|him|her|this office)\b",
    r"\b(?:not|no longer) (?:wish|want|be contacted|to be contacted)\b.{0,40}\b(?:receive"
    r"|contacted|further|future|again|e-?mails)\b",
    r"\b(?:prefer|wish|ask) not to be (?:contacted|written to)\b|\bwe object to the processing\b"
    r"|\bI object to the processing\b",
    r"^unsubscribe\b.{0,40}$|^(?:please )?(?:take|remove) (?:me|us|him|her) (?:off|from)\b",
)
"""Words of somebody who does not want to be written to."""
ADDRESS_ASKED = _any(
    r"\b(?:could|can|would|will|please|may|let)\b.{0,80}\b(?:your|an?) (?:full |home |postal "
    r"|complete |own )*(?:address|postcode)\b",
    r"\b(?:confirm|check|verify|establish)\b.{0,60}\b(?:constituent|you live|constituency"
    r"|resident|postcode)\b",
    r"\bneed (?:to know |to have )?your (?:full |home |postal )*(?:address|postcode)\b"
    r"|\bare you a constituent\b|\bwhat is your (?:full |home |postal )*(?:address|postcode)\b",
)
"""A request for the writer's postal address."""
MORE_ASKED = _any(
    r"\b(?:attachment|letter|document|file|pdf)\b.{0,40}\b(?:would|did|could|will|does)(?: not"
    r"|n't) (?:open|arrive|be opened)\b",
    r"\b(?:send|resend|forward) (?:it|the (?:attachment|letter|document)"
    r"|your letter)(?: to (?:me|us))? again\b",
    r"\bcould you (?:please )?(?:clarify|tell (?:me|us) (?:which|what)|provide (?:further"
    r"|more) (?:details|information))\b",
)
"""A request for something else."""
PASSED = re.compile(
    rf"\b(?:passed|forwarded|transferred|referred|redirected|sent|passing|forwarding"
    rf"|transferring)\b(?: (?:on|your|it|this|the|a copy of)\b)?"
    rf"[\w ,]{{0,60}}? (?:on )?to (?P<whom>{_OFFICE}[\w ,-]{{0,60}}?)"
    rf"(?=[.;:,]|$| (?:who|which|for|and|so|to|as|because)\b)",
    re.IGNORECASE,
)
"""A letter that was passed on; ``whom`` is to whom."""
FALLS_TO = re.compile(
    rf"\b(?:falls? (?:within|to|under)|rests? with|responsibility of|(?:a )?matters? for"
    rf"|led by) (?P<whom>{_OFFICE}[\w ,-]{{0,60}}?)"
    rf"(?=[.;:,]|$| (?:who|which|for|and|so|to|as|because|I|we)\b).{{0,80}}\b(?:passed|forwarded"
    rf"|transferred|referred|sent)\b",
    re.IGNORECASE,
)
"""A matter that is another's, and a letter passed on; ``whom`` is whose."""
OWN_OFFICE = _any(
    r"^(?:the |our |my )?(?:private office|(?:ministerial )?correspondence|team|office)\b"
)
"""A part of the office that was written to."""
ACKNOWLEDGED = _any(
    r"\bhas asked me to (?:thank|acknowledge)\b|\bI am writing to (?:acknowledge|thank)\b"
    r"|^received with thanks\b"
    r"|\backnowledge (?:receipt|your)\b",
    r"\b(?:case |your |the |our )?reference(?: number)?(?: is|:)? ?[A-Z0-9][\w/-]*\d"
    r"|\blogged under\b|\bgiven the reference\b",
    r"\b(?:is|are) receiving attention\b|\b(?:full |substantive )?(?:reply"
    r"|response) (?:will be sent|within|as soon as|in due course|to you shortly)\b",
    r"\b(?:aims?|hope|will|should|endeavour) (?:to )?(?:send|receive|provide|reply|respond"
    r"|have)\b.{0,60}\b(?:working days|in due course|as soon as|shortly|within)\b",
    r"\b(?:will|shall|can) (?:make sure|ensure|see)(?: that)? .{1,40} sees?\b|\bbring (?:it|this"
    r"|your \w+) to (?:\w+ ){1,4}attention\b",
    r"\b(?:be )?back in touch\b|\bcome back to you\b|\bget back to you\b|\bhas (?:been )?noted\b"
    r"|\bnoted (?:with|your|the)\b",
    r"\bpassed (?:it|this|your \w+)(?: on)? to (?:him|her|them|[A-Z][a-z]+\b)"
    r"|\bdrawn? .{1,40} to (?:his|her|the \w+'s) attention\b",
    r"\b(?:we|I) have received your\b|\bthank you for your (?:letter|e-?mail|message"
    r"|correspondence),? which (?:we|I|was|has)\b",
)
"""Words of an acknowledgement."""
ATTACHED = _any(
    r"\b(?:attach(?:ed|ing|ment)?|enclos(?:ed|e|ing))\b.{0,60}\b(?:reply|response|letter|answer)\b",
    r"\b(?:reply|response|letter|answer)\b.{0,40}\b(?:is |are |please find )?(?:attached"
    r"|enclosed)\b",
)
"""Words that lead to an attached answer."""
DOCUMENTS = (".pdf", ".docx", ".doc", ".odt", ".rtf", ".tif", ".tiff")
