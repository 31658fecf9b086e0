"""The United Kingdom's forms of address, reader by reader."""

import datetime
from typing import Any

import pytest

from flows.errors import ConfigurationError, RowError
from flows.people.forms import country
from flows.people.style import Style
from tests.unit.people.list_fixtures import DAY, contact

UK = country("uk")
C: dict[str, Any] = {"house": "commons"}
L: dict[str, Any] = {"house": "lords"}
PC: dict[str, Any] = {"privy_counsellor": True}
FOREIGN = "Secretary of State for Foreign and Commonwealth Affairs"
JUSTICE = "Secretary of State for Justice and Lord Chancellor"


def minister(rank: str, office: str, **more: Any) -> dict[str, Any]:
    return {"rank": rank, "office": office, **C, **more}


READERS: list[tuple[str, dict[str, Any], str, str]] = [
    # The Government, by office.
    ("David Cameron", minister("pm", ""), "Rt Hon David Cameron MP, Prime Minister",
     "Dear Prime Minister"),
    ("Nick Clegg", minister("dpm", "Deputy Prime Minister"),
     "Rt Hon Nick Clegg MP, Deputy Prime Minister", "Dear Deputy Prime Minister"),
    ("Angela Rayner", minister("dpm", "Deputy Prime Minister and Secretary of State for Housing"),
     "Rt Hon Angela Rayner MP, Deputy Prime Minister and Secretary of State for Housing",
     "Dear Deputy Prime Minister"),
    ("George Osborne",
     minister("dpm", "First Secretary of State and Chancellor of the Exchequer"),
     "Rt Hon George Osborne MP, First Secretary of State and Chancellor of the Exchequer",
     "Dear Chancellor"),
    ("Mark Harper", minister("whip", "Parliamentary Secretary to the Treasury", gender="M"),
     "Mark Harper MP, Parliamentary Secretary to the Treasury", "Dear Chief Whip"),
    ("Dominic Raab", minister("dpm", "First Secretary of State"),
     "Rt Hon Dominic Raab MP, First Secretary of State", "Dear Secretary of State"),
    ("William Hague", minister("sos", FOREIGN), f"Rt Hon William Hague MP, {FOREIGN}",
     "Dear Secretary of State"),
    ("Chris Grayling", minister("sos", JUSTICE), f"Rt Hon Chris Grayling MP, {JUSTICE}",
     "Dear Secretary of State"),
    ("George Osborne", minister("sos", "Chancellor of the Exchequer"),
     "Rt Hon George Osborne MP, Chancellor of the Exchequer", "Dear Chancellor"),
    ("Lord Irvine of Lairg", {"rank": "sos", "office": "Lord Chancellor", **L},
     "The Rt Hon the Lord Irvine of Lairg, Lord Chancellor", "Dear Lord Chancellor"),
    ("Lord Mandelson", {"rank": "sos", "office": "Secretary of State for Business", **L},
     "The Rt Hon the Lord Mandelson, Secretary of State for Business", "Dear Secretary of State"),
    ("Andrew Lansley", minister("sos", "Leader of the House of Commons", honours="CBE"),
     "Rt Hon Andrew Lansley CBE MP, Leader of the House of Commons", "Dear Leader of the House"),
    ("Lord Hill of Oareford", {"rank": "sos", "office": "Leader of the House of Lords", **L},
     "The Rt Hon the Lord Hill of Oareford, Leader of the House of Lords",
     "Dear Leader of the House"),
    ("Francis Maude", minister("sos", "Minister for the Cabinet Office"),
     "Rt Hon Francis Maude MP, Minister for the Cabinet Office", "Dear Minister"),
    ("Danny Alexander", minister("mos", "Chief Secretary to the Treasury", **PC),
     "Rt Hon Danny Alexander MP, Chief Secretary to the Treasury", "Dear Chief Secretary"),
    ("Mark Simmonds", minister("puss", "Parliamentary Under-Secretary of State"),
     "Mark Simmonds MP, Parliamentary Under-Secretary of State", "Dear Minister"),
    ("David Lidington", minister("mos", "Minister for Europe", title="Mr", **PC),
     "Rt Hon David Lidington MP, Minister for Europe", "Dear Minister"),
    ("Andrew Murrison", minister("puss", "Minister for Security", title="Dr"),
     "Dr Andrew Murrison MP, Minister for Security", "Dear Minister"),
    ("Lord Green of Hurstpierpoint", {"rank": "mos", "office": "Minister for Trade", **L},
     "The Lord Green of Hurstpierpoint, Minister for Trade", "Dear Minister"),
    ("Dominic Grieve", minister("law-officer", "Attorney General", honours="QC", **PC),
     "Rt Hon Dominic Grieve QC MP, Attorney General", "Dear Attorney General"),
    ("Oliver Heald", minister("law-officer", "Solicitor General", honours="QC"),
     "Oliver Heald QC MP, Solicitor General", "Dear Solicitor General"),
    ("Lord Stewart of Dirleton",
     {"rank": "law-officer", "office": "Advocate General for Scotland", **L},
     "The Lord Stewart of Dirleton, Advocate General for Scotland", "Dear Advocate General"),
    ("Lord Keen of Elie",
     {"rank": "law-officer", "office": "HM Advocate General for Scotland", **L, **PC},
     "The Rt Hon the Lord Keen of Elie, HM Advocate General for Scotland",
     "Dear Advocate General"),
    ("Lord Bassam of Brighton",
     {"rank": "whip", "office": "Captain of the Honourable Corps of Gentlemen-at-Arms", **L, **PC},
     "The Rt Hon the Lord Bassam of Brighton, Captain of the Honourable Corps of Gentlemen-at-Arms",
     "Dear Chief Whip"),
    ("Ben Wallace", minister("sos", "SECRETARY OF STATE FOR DEFENCE"),
     "Rt Hon Ben Wallace MP, SECRETARY OF STATE FOR DEFENCE", "Dear Secretary of State"),
    ("George Young",
     minister("whip", "Chief Whip and Parliamentary Secretary to the Treasury", title="Sir",
              honours="Bt", **PC),
     "Rt Hon Sir George Young Bt MP, Chief Whip and Parliamentary Secretary to the Treasury",
     "Dear Chief Whip"),
    ("John Randall", minister("whip", "Treasurer of HM Household (Deputy Chief Whip)",
                              gender="M", **PC),
     "Rt Hon John Randall MP, Treasurer of HM Household (Deputy Chief Whip)", "Dear Mr Randall"),
    ("Baroness Northover", {"rank": "whip", "office": "Baroness in Waiting", **L},
     "The Baroness Northover, Baroness in Waiting", "Dear Lady Northover"),
    # The Chair.
    ("John Bercow", minister("speaker", "", gender="M"),
     "Rt Hon John Bercow MP, Speaker of the House of Commons", "Dear Mr Speaker"),
    ("Lindsay Hoyle", minister("speaker", "Speaker of the House of Commons", title="Sir"),
     "Rt Hon Sir Lindsay Hoyle MP, Speaker of the House of Commons", "Dear Mr Speaker"),
    ("Betty Boothroyd", minister("speaker", "", title="Miss"),
     "Rt Hon Betty Boothroyd MP, Speaker of the House of Commons", "Dear Madam Speaker"),
    ("Dawn Primarolo", minister("speaker", "Second Deputy Chairman of Ways and Means", gender="F"),
     "Dawn Primarolo MP, Second Deputy Chairman of Ways and Means", "Dear Madam Deputy Speaker"),
    ("Baroness D'Souza", {"rank": "speaker", "honours": "CMG", **L, **PC},
     "The Rt Hon the Baroness D'Souza CMG, Lord Speaker", "Dear Lord Speaker"),
    ("Lord Gardiner of Kimble",
     {"rank": "speaker", "office": "Senior Deputy Speaker", **L, **PC},
     "The Rt Hon the Lord Gardiner of Kimble, Senior Deputy Speaker", "Dear Lord Gardiner"),
    # Members of the Commons, by name.
    ("Hywel Francis", {"gender": "M", **C}, "Hywel Francis MP", "Dear Mr Francis"),
    ("Siân James", {"gender": "F", **C}, "Siân James MP", "Dear Ms James"),
    ("Eleanor Laing", {"title": "Mrs", **C}, "Eleanor Laing MP", "Dear Mrs Laing"),
    ("Gloria De Piero", {"gender": "F", "family": "De Piero", **C}, "Gloria De Piero MP",
     "Dear Ms De Piero"),
    ("Iain Duncan Smith", {"gender": "M", **C}, "Iain Duncan Smith MP", "Dear Mr Duncan Smith"),
    ("Iain Duncan Smith", {"gender": "M", "family": "Duncan Smith", **C, **PC},
     "Rt Hon Iain Duncan Smith MP", "Dear Mr Duncan Smith"),
    ("Ian Paisley Jnr", {"gender": "M", **C}, "Ian Paisley Jnr MP", "Dear Mr Paisley"),
    ("Ian Paisley Jr.", {"gender": "M", **C}, "Ian Paisley Jr. MP", "Dear Mr Paisley"),
    ("Ian Paisley Jnr", {"gender": "M", "family": "Paisley Jnr", **C}, "Ian Paisley Jnr MP",
     "Dear Mr Paisley"),
    ("Duncan Smith", {"gender": "M", **C}, "Duncan Smith MP", "Dear Mr Smith"),
    ("John Paul Smith", {"gender": "M", **C}, "John Paul Smith MP", "Dear Mr Smith"),
    ("Ed Davey", {"title": "Sir", **C}, "Sir Ed Davey MP", "Dear Sir Ed"),
    ("Bob Stewart", {"title": "Lieutenant Colonel Sir", **C},
     "Lieutenant Colonel Sir Bob Stewart MP", "Dear Sir Bob"),
    ("Liam Fox", {"title": "Dr", **C, **PC}, "Rt Hon Dr Liam Fox MP", "Dear Dr Fox"),
    ("Ann Smith", {"title": "Prof.", **C}, "Professor Ann Smith MP", "Dear Professor Smith"),
    ("Martin Smyth", {"title": "Rev", "gender": "M", **C}, "Rev Martin Smyth MP", "Dear Mr Smyth"),
    ("William McCrea", {"title": "Rev Dr", **C}, "Rev Dr William McCrea MP", "Dear Dr McCrea"),
    ("Bob Stewart", {"title": "Lt. Col.", "honours": "DSO", **C},
     "Lieutenant Colonel Bob Stewart DSO MP", "Dear Colonel Stewart"),
    ("Ian Paisley", {"title": "Rev Dr", **C, **PC}, "Rev Dr and Rt Hon Ian Paisley MP",
     "Dear Dr Paisley"),
    ("Bob Stewart", {"title": "Colonel", "honours": "DSO", **C, **PC},
     "Colonel the Rt Hon Bob Stewart DSO MP", "Dear Colonel Stewart"),
    ("Ann Smith", {"title": "Professor Dame", **C}, "Professor Dame Ann Smith MP",
     "Dear Dame Ann"),
    ("Ed Vaizey", {"title": "Hon", "gender": "M", **C, **PC}, "Rt Hon Ed Vaizey MP",
     "Dear Mr Vaizey"),
    ("Duke Hussey", {"title": "Mr", **C}, "Duke Hussey MP", "Dear Mr Hussey"),
    ("Menzies Campbell", {"title": "Sir", "honours": "QC CBE CH", **C, **PC},
     "Rt Hon Sir Menzies Campbell CH CBE QC MP", "Dear Sir Menzies"),
    ("Mary Smith", {"title": "Dame", "honours": "MP, DBE", **C}, "Dame Mary Smith DBE MP",
     "Dear Dame Mary"),
    ("Viscount Thurso", C, "Viscount Thurso MP", "Dear Lord Thurso"),
    ("Viscount Thurso", {"honours": "CBE", **C, **PC}, "Rt Hon Viscount Thurso CBE MP",
     "Dear Lord Thurso"),
    ("Jack Ma", {"gender": "M", **C}, "Jack Ma MP", "Dear Mr Ma"),
    ("Ann Smith", {"title": "Hon", "gender": "F", **C}, "Hon Ann Smith MP", "Dear Ms Smith"),
    ("James Douglas-Hamilton", {"title": "Lord", **C}, "Lord James Douglas-Hamilton MP",
     "Dear Lord James"),
    ("Lady Hermon", C, "Lady Hermon MP", "Dear Lady Hermon"),
    # Peers, by degree.
    ("Lord Green of Hurstpierpoint", L, "The Lord Green of Hurstpierpoint", "Dear Lord Green"),
    ("Lord Stewart of Dirleton", {"honours": "KC", **L}, "The Lord Stewart of Dirleton QC",
     "Dear Lord Stewart"),
    ("Baron Hill", L, "The Lord Hill", "Dear Lord Hill"),
    ("Lord Hague of Richmond", {**L, **PC}, "The Rt Hon the Lord Hague of Richmond",
     "Dear Lord Hague"),
    ("The Lord Hunt of Kings Heath", {"honours": "OBE PC", **L},
     "The Rt Hon the Lord Hunt of Kings Heath OBE", "Dear Lord Hunt"),
    ("Baroness Warsi", {**L, **PC}, "The Rt Hon the Baroness Warsi", "Dear Lady Warsi"),
    ("Baroness O'Neill of Bengarve", L, "The Baroness O'Neill of Bengarve", "Dear Lady O'Neill"),
    ("Lady Saltoun of Abernethy", L, "The Lady Saltoun of Abernethy", "Dear Lady Saltoun"),
    ("Viscount Younger of Leckie", L, "The Viscount Younger of Leckie", "Dear Lord Younger"),
    ("Earl Howe", {**L, **PC}, "The Rt Hon the Earl Howe", "Dear Lord Howe"),
    ("Earl of Sandwich", L, "The Earl of Sandwich", "Dear Lord Sandwich"),
    ("Earl of Mar and Kellie", L, "The Earl of Mar and Kellie", "Dear Lord Mar and Kellie"),
    ("Countess of Mar", L, "The Countess of Mar", "Dear Lady Mar"),
    ("Marquess of Lothian", {"honours": "QC", **L, **PC},
     "The Most Hon the Marquess of Lothian QC", "Dear Lord Lothian"),
    ("Marchioness of Lothian", L, "The Most Hon the Marchioness of Lothian", "Dear Lady Lothian"),
    ("Marquis of Lansdowne", L, "The Most Hon the Marquis of Lansdowne", "Dear Lord Lansdowne"),
    ("Marquess of Lothian", {"title": "Professor", **L},
     "Professor the Most Hon the Marquess of Lothian", "Dear Lord Lothian"),
    ("Duke of Montrose", L, "His Grace the Duke of Montrose", "Dear Duke"),
    ("Lord Winston", {"title": "Professor", **L}, "Professor the Lord Winston",
     "Dear Lord Winston"),
    ("Lord Darzi of Denham", {"title": "Prof", "honours": "KBE", **L, **PC},
     "Professor the Rt Hon the Lord Darzi of Denham KBE", "Dear Lord Darzi"),
    ("Lord Chartres", {"title": "Rt Rev", **L, **PC}, "The Rt Rev and Rt Hon the Lord Chartres",
     "Dear Lord Chartres"),
    ("Baroness Sherlock", {"title": "Rev", "honours": "OBE", **L},
     "The Rev the Baroness Sherlock OBE", "Dear Lady Sherlock"),
    ("Baroness Heyhoe Flint", L, "The Baroness Heyhoe Flint", "Dear Lady Heyhoe Flint"),
    ("Lord Baden Powell", {"family": "Baden Powell", **L}, "The Lord Baden Powell",
     "Dear Lord Baden Powell"),
    ("Lord Willoughby de Broke", L, "The Lord Willoughby de Broke",
     "Dear Lord Willoughby de Broke"),
    ("Bishop of Oxford", L, "The Rt Rev the Lord Bishop of Oxford", "Dear Bishop"),
    ("Bishop of Oxford", {**L, **PC}, "The Rt Rev and Rt Hon the Lord Bishop of Oxford",
     "Dear Bishop"),
    ("Bishop of Dorchester", {}, "The Rt Rev the Bishop of Dorchester", "Dear Bishop"),
    ("Archbishop of York", L, "The Most Rev and Rt Hon the Lord Archbishop of York",
     "Dear Archbishop"),
    ("Lord Bishop of London", {**L, **PC}, "The Rt Rev and Rt Hon the Lord Bishop of London",
     "Dear Bishop"),
    ("Archbishop of Canterbury", L,
     "The Most Rev and Rt Hon the Lord Archbishop of Canterbury", "Dear Archbishop"),
    ("John Pritchard", {"office": "Bishop of Oxford", **L},
     "The Rt Rev the Lord Bishop of Oxford", "Dear Bishop"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "columns", "envelope", "opening"), READERS)
def test_each_reader_gets_the_envelope_and_opening_of_the_table(
    name: str, columns: dict[str, Any], envelope: str, opening: str
) -> None:
    address = UK.address(contact(name, **columns), Style(), DAY)
    assert (address.envelope, address.salutation) == (envelope, opening)
    assert address.close == "Yours sincerely"


@pytest.mark.parametrize(
    ("style", "name", "columns", "envelope", "opening"),
    [
        ({"the": True}, "William Hague", minister("sos", FOREIGN),
         f"The Rt Hon William Hague MP, {FOREIGN}", "Dear Secretary of State"),
        ({"the": True}, "Martin Smyth", {"title": "Rev", "gender": "M", **C},
         "The Rev Martin Smyth MP", "Dear Mr Smyth"),
        ({"short_titles": True}, "William Hague", minister("sos", FOREIGN),
         f"Rt Hon William Hague MP, {FOREIGN}", "Dear Foreign Secretary"),
        ({"short_titles": True}, "Theresa May",
         minister("sos", "Secretary of State for the Home Department"),
         "Rt Hon Theresa May MP, Secretary of State for the Home Department",
         "Dear Home Secretary"),
        ({"short_titles": True}, "Chris Grayling", minister("sos", JUSTICE),
         f"Rt Hon Chris Grayling MP, {JUSTICE}", "Dear Lord Chancellor"),
        ({"short_titles": True}, "Philip Hammond",
         minister("sos", "Secretary of State for Defence"),
         "Rt Hon Philip Hammond MP, Secretary of State for Defence", "Dear Secretary of State"),
        ({"baroness": "Baroness"}, "Baroness Warsi", L, "The Baroness Warsi",
         "Dear Baroness Warsi"),
        ({"peers_rt_hon": True}, "Earl Howe", {**L, **PC}, "The Rt Hon the Earl Howe PC",
         "Dear Lord Howe"),
        ({"peers_rt_hon": True}, "Lord Green", {"honours": "CBE", **L, **PC},
         "The Rt Hon the Lord Green CBE PC", "Dear Lord Green"),
        ({"the": True}, "Viscount Thurso", {**C, **PC}, "The Rt Hon Viscount Thurso MP",
         "Dear Lord Thurso"),
        ({"peers_rt_hon": True}, "Lord Green", L, "The Rt Hon the Lord Green", "Dear Lord Green"),
        ({"full_name": True}, "Alex Smith", C, "Alex Smith MP", "Dear Alex Smith"),
    ],
)  # fmt: skip
def test_the_house_style_chooses_among_correct_forms(
    style: dict[str, Any], name: str, columns: dict[str, Any], envelope: str, opening: str
) -> None:
    address = UK.address(contact(name, **columns), Style.from_table(style), DAY)
    assert (address.envelope, address.salutation) == (envelope, opening)


@pytest.mark.parametrize(
    ("name", "columns", "column"),
    [
        ("Alex Smith", C, "title"),
        ("Alex Smith", {}, "house"),
        ("Alex Smith", {"title": "Lady", **C}, "title"),
        ("Alex Smith", {"title": "Comrade", **C}, "title"),
        ("Alex Smith", {"title": "Rt Hon", **C}, "title"),
        ("Sir John Smith", {"gender": "M", **C}, "name"),
        ("Rt Hon John Smith", {"gender": "M", **C}, "name"),
        ("John Smith MP", {"gender": "M", **C}, "name"),
        ("Smith, John", {"gender": "M", **C}, "name"),
        ("J. Smith", {"title": "Sir", **C}, "name"),
        ("Nick de Bois", {"gender": "M", **C}, "family"),
        ("Gloria De Piero", {"gender": "F", "family": "Smith", **C}, "family"),
        ("Lord Green", C, "house"),
        ("Stephen Green", L, "name"),
        ("Lord Green", {"title": "Sir", **L}, "title"),
        ("Alex Smith OBE", {"gender": "M", **C}, "name"),
        ("Alex Smith (Labour)", {"gender": "M", **C}, "name"),
        ("Alex Smith Rt Hon", {"gender": "M", **C}, "name"),
        ("Vacant", {"gender": "M", **C}, "name"),
        ("SiÃ¢n Smith", {"gender": "F", **C}, "name"),
        ("Si&acirc;n Smith", {"gender": "F", **C}, "name"),
        ("Lady Olga Maitland", C, "name"),
        ("Lord James Douglas-Hamilton", C, "name"),
        ("Lord John Prescott", L, "name"),
        ("Lord Prescott PC", L, "name"),
        ("Lord Prescott, of Hull", L, "name"),
        ("Duke Hussey", L, "name"),
        ("Alex Smith", minister("mos", "Shadow Minister for Europe"), "rank"),
        ("Alex Smith", minister("whip", "Opposition Whip", gender="M"), "rank"),
        ("Alex Smith", minister("speaker", ""), "gender"),
        ("Alex Smith", minister("mos", ""), "office"),
        ("Alex Smith", minister("law-officer", "Clerk"), "office"),
        ("Alex Smith", minister("sos", "Master of the Horse"), "office"),
        ("Alex Smith", {"house": "dail", "gender": "M"}, "house"),
    ],
)
def test_a_case_without_a_rule_stops_the_row_with_what_to_do(
    name: str, columns: dict[str, Any], column: str
) -> None:
    with pytest.raises(RowError) as error:
        UK.address(contact(name, **columns), Style(), DAY)
    assert error.value.column == column


@pytest.mark.parametrize(
    ("name", "columns", "column", "reason"),
    [
        *(
            ("Alex Smith", {"title": title, **C}, "title",
             f"{title!r}: write yes in privy_counsellor and the rest here")
            for title in ("Rt Hon", "Right Hon", "The Rt. Hon.", "the Right Hon.")
        ),
        ("Alex Smith", {"title": "Comrade", **C}, "title",
         "'Comrade' has no rule; write salutation and envelope"),
        ("Alex Smith", {"title": "Lady", **C}, "title",
         "'Lady' is used in two ways; write salutation and envelope: 'Dear Lady Olga' and 'Lady "
         "Olga Maitland MP', or 'Dear Lady Hermon' and 'Lady Hermon MP'"),
        ("Alex Smith", C, "title",
         "neither title nor gender of 'Alex Smith' is known; write one, the salutation, or allow "
         "full_name in [forms]"),
        ("Nick van de Bois", {"gender": "M", **C}, "family",
         "the surname of 'Nick van de Bois' may be 'van de Bois' or 'Bois'; write it here"),
        ("Gloria De Piero", {"gender": "F", "family": "Smith", **C}, "family",
         "'Smith' is no part of 'Gloria De Piero'; correct one of the two"),
        ("J. Smith", {"title": "Sir", **C}, "name",
         "'J. Smith' has no first name to go with 'Sir'; complete it or write the salutation"),
        ("Stephen Green", L, "name",
         "'Stephen Green' is no style of a member of the Lords; write it as styled: "
         '"Lord Green of Hurstpierpoint", "Baroness Warsi", "Bishop of Oxford"'),
        ("Bishop of Dorchester", L, "house",
         "the Bishop of Dorchester is no diocesan bishop of the Church of England and does not "
         "sit in the Lords; leave house blank, or correct the see"),
        ("Lord John Prescott", L, "name",
         "'Lord John Prescott' seems to hold a first name, which a peer's style does not; take it "
         "out, or write 'John Prescott' in family where all of it is the title"),
        ("Lord Alan Lloyd George", L, "name",
         "'Lord Alan Lloyd George' seems to hold a first name, which a peer's style does not; take "
         "it out, or write 'Alan Lloyd George' in family where all of it is the title"),
        *(
            (f"Alex Smith {letters}", {"gender": "M", **C}, "name",
             f"'Alex Smith {letters}' ends in {letters.strip('.')}; write that in honours, the "
             "name here")
            for letters in ("OBE", "Obe", "obe", "Bt", "Bart.", "PhD", "phd", "kc")
        ),
        *(
            (name, {"gender": "M", **C}, "name", f"{name!r} is nobody; write the name or delete "
             "the row")
            for name in ("Vacant", "Vacant seat", "TBC", "Unknown")
        ),
        *(
            (f"Ann{torn} Smith", {"gender": "F", **C}, "name",
             f"'Ann{torn} Smith' holds {torn!r}, a letter lost in a conversion; write the name "
             "anew")
            for torn in "²€™©¬"
        ),
        ("Alex Smith (Labour)", {"gender": "M", **C}, "name",
         "'Alex Smith (Labour)' holds brackets; write the name alone"),
        ("Alex smith rt hon", {"gender": "M", **C}, "name",
         "'Alex smith rt hon' holds Rt Hon; write yes in privy_counsellor, the name alone here"),
        ("The John Smith", {"gender": "M", **C}, "name",
         "'The John Smith' begins with a title; write it in title, the name here"),
        ("John Smith MP.", {"gender": "M", **C}, "name",
         "'John Smith MP.' ends in MP; write commons in house, the name here"),
        *(
            (f"{degree} Green", C, "house",
             f"'{degree} Green' cannot sit in the Commons; write lords here")
            for degree in ("Lord", "Baron", "Baroness")
        ),
        ("Alex Smith", {"house": "dail", "gender": "M"}, "house",
         "'dail' is no House here; use commons or lords"),
        ("Alex Smith", {}, "house",
         "neither House nor rank is known; write commons, lords or a rank, or salutation and "
         "envelope"),
        ("Alex Smith", minister("law-officer", "Clerk"), "office",
         "'Clerk' is no Law Officer known here; write it as Attorney General, Solicitor General "
         "or Advocate General, or the salutation"),
        ("Alex Smith", minister("sos", "Master of the Horse"), "office",
         "'Master of the Horse' has no rule for an opening; write the salutation"),
        ("Alex Smith", minister("speaker", ""), "gender",
         "Mr or Madam Speaker? write M or F, or the salutation"),
        ("Alex Smith", minister("mos", ""), "office", "blank, but rank is mos; write the office"),
        ("Alex Smith", {"office": "Mayor of London", "envelope": "Alex Smith"}, "office",
         "'Mayor of London' is neither of Parliament nor of the Government, and has no rule here; "
         "write salutation and envelope"),
        ("Alex Smith", minister("mos", "Mayor of London"), "rank",
         "'Mayor of London' is no office of the Government; leave rank blank, and write "
         "salutation and envelope"),
        ("Alex Smith", minister("mos", "", department="Welsh Government"), "rank",
         "'Welsh Government' is no office of the United Kingdom's Government; leave rank blank, "
         "and write salutation and envelope"),
        ("Alex Smith", {"rank": "mos", "office": "Minister for Europe", "honours": "MSP"}, "rank",
         "a member of another parliament (MSP) holds no office of the United Kingdom's "
         "Government; leave rank blank, and write salutation and envelope"),
        ("Alex Smith", minister("speaker", "Clerk of the House"), "rank",
         "'Clerk of the House' is not the Chair; correct rank or office"),
        ("Alex Smith", minister("puss", "Secretary of State for Defence"), "rank",
         "'Secretary of State for Defence' is sos or dpm, not puss; correct rank or office"),
        ("Lord James Douglas-Hamilton", C, "name",
         "'Lord James Douglas-Hamilton' is a courtesy title with a first name; write title and "
         "name in their own columns"),
    ],
)  # fmt: skip
def test_the_reason_says_what_to_write(
    name: str, columns: dict[str, Any], column: str, reason: str
) -> None:
    with pytest.raises(RowError) as error:
        UK.address(contact(name, **columns), Style(), DAY)
    assert (error.value.column, error.value.reason) == (column, reason)


def test_a_row_s_own_envelope_and_salutation_win_where_no_rule_applies() -> None:
    one = contact("Alex Smith", envelope="Alex Smith | Envoy", salutation="Dear Alex,")
    address = UK.address(one, Style(), DAY)
    assert (address.lines, address.salutation) == (("Alex Smith", "Envoy"), "Dear Alex")


def test_queens_counsel_became_kings_counsel_on_a_day() -> None:
    one = contact("Ann Lee", honours="QC", gender="F", **C)
    envelopes = [UK.address(one, Style(), datetime.date(2022, 9, day)).envelope for day in (7, 8)]
    assert envelopes == ["Ann Lee QC MP", "Ann Lee KC MP"]


def test_the_office_stands_below_the_name_only_where_there_is_a_rank() -> None:
    shadow = contact("Ed Miliband", office="Leader of the Opposition", gender="M", **C, **PC)
    assert UK.address(shadow, Style(), DAY).lines == ("Rt Hon Ed Miliband MP",)


@pytest.mark.parametrize("day", ["2015-03-30", "2015-05-07"])
def test_between_dissolution_and_poll_nobody_is_addressed_as_mp(day: str) -> None:
    on = datetime.date.fromisoformat(day)
    gone = "Parliament was dissolved on 2015-03-30: nobody is an MP until the poll of 2015-05-07"
    with pytest.raises(RowError) as error:
        UK.address(contact("Hywel Francis", gender="M", **C), Style(), on)
    assert (error.value.column, error.value.reason) == ("house", f"{gone}; write after it")
    with pytest.raises(RowError) as error:
        UK.address(contact(envelope="Rt Hon X MP", **minister("sos", FOREIGN)), Style(), on)
    assert (error.value.column, error.value.reason) == (
        "envelope", f"{gone}; take MP off the envelope",
    )  # fmt: skip
    hague = UK.address(contact(**minister("sos", FOREIGN)), Style(), on)
    assert hague.lines == ("Rt Hon William Hague", FOREIGN)
    assert UK.address(contact("Lord Hill", **L), Style(), on).envelope == "The Lord Hill"
    assert UK.postal(contact(**minister("sos", FOREIGN)), Style(), on) == ()


def test_a_campaign_can_add_a_dissolution_of_its_own() -> None:
    style = Style.from_table(
        {"dissolutions": [[datetime.date(2029, 5, 1), datetime.date(2029, 6, 7)]]}
    )
    with pytest.raises(RowError, match="2029-06-07"):
        UK.address(contact(gender="M", **C), style, datetime.date(2029, 5, 20))


def test_the_day_after_the_poll_there_are_members_again() -> None:
    one = contact("Hywel Francis", gender="M", **C)
    assert UK.address(one, Style(), datetime.date(2015, 5, 8)).envelope == "Hywel Francis MP"


@pytest.mark.parametrize(
    ("columns", "role"),
    [
        (minister("pm", ""), "minister"),
        (minister("whip", "Lord Commissioner"), "minister"),
        (minister("speaker", ""), "mp"),
        (C, "mp"),
        (L, "peer"),
        ({}, "other"),
    ],
)
def test_the_role_chooses_the_asks(columns: dict[str, Any], role: str) -> None:
    assert UK.role(contact(**columns)) == role


def test_the_postal_lines_are_the_department_s_or_the_house_s() -> None:
    street = {"address": ("King Charles Street", "London"), "postcode": "SW1A 2AH"}
    office = contact(**minister("sos", FOREIGN), department="Foreign Office", **street)
    assert UK.postal(office, Style(), DAY) == (
        "Foreign Office", "King Charles Street", "London SW1A 2AH",
    )  # fmt: skip
    assert UK.postal(contact(**C), Style(), DAY) == ("House of Commons", "London SW1A 0AA")
    assert UK.postal(contact(**L), Style(), DAY) == ("House of Lords", "London SW1A 0PW")
    unknown = contact(**minister("mos", "Minister for Europe"), **street)
    assert UK.postal(unknown, Style(), DAY) == ("King Charles Street", "London SW1A 2AH")
    adviser = contact(**C, department="Foreign Office", **street)
    assert UK.postal(adviser, Style(), DAY) == ("King Charles Street", "London SW1A 2AH")
    with_postcode = {**street, "address": ("King Charles Street", "London SW1A 2AH")}
    assert UK.postal(contact(**C, **with_postcode), Style(), DAY) == with_postcode["address"]
    without = {"address": ("1 High Street", "Oxford")}
    assert UK.postal(contact(**C, **without), Style(), DAY) == without["address"]
    assert UK.postal(contact(), Style(), DAY) == ()
    with pytest.raises(RowError) as error:
        UK.postal(contact(postcode="SW1A 2AH"), Style(), DAY)
    assert (error.value.column, error.value.reason) == (
        "address", "a postcode without an address; complete it or blank both",
    )  # fmt: skip


def test_while_parliament_is_dissolved_no_letter_goes_to_the_commons() -> None:
    dissolved = Style(dissolutions=((datetime.date(2031, 1, 1), datetime.date(2031, 2, 1)),))
    there, after = datetime.date(2031, 1, 15), datetime.date(2031, 2, 2)
    assert UK.postal(contact(**C), dissolved, there) == ()
    assert UK.postal(contact(**L), dissolved, there) != ()
    assert UK.postal(contact(**C), dissolved, after) != ()
    assert UK.postal(contact(**C), Style(), there) != ()


@pytest.mark.parametrize(
    "table",
    [
        {"thee": True},
        {"the": "yes"},
        {"baroness": "Mrs"},
        {"close": " , "},
        {"addressed_by": "age"},
        {"dissolutions": [["2029-05-01", "2029-06-07"]]},
        {"dissolutions": [[datetime.date(2029, 6, 7), datetime.date(2029, 5, 1)]]},
    ],
)
def test_a_style_that_cannot_be_is_refused_by_name(table: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=rf"\[forms\] {next(iter(table))}"):
        Style.from_table(table)


def test_a_country_without_forms_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="country = 'fr'"):
        country("fr")
