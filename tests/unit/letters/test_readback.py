"""The last reading: this reader's name, opening and close stand there, and nothing is left over."""

from dataclasses import replace
from typing import Any

import pytest

from flows.errors import RowError
from flows.letters.readback import Readback, left_over, may_have_left_over, plain, words
from flows.people.contact import Address, Contact, Reader

ADDRESS = Address(
    ("Rt Hon Siân O'Brien & Co", "Secretary of State"), "Dear Secretary of State", "Yours sincerely"
)
LETTER = "<w:p>Siân O'Brien</w:p><w:p>Dear Secretary of State</w:p><w:p>Yours sincerely</w:p>"
MAIL = "Dear Secretary of State,\n\nWe write.\n\nYours sincerely,\nThe Chair"
LEFT = [
    "{{", "}}", "{%", "%}", "{#", "#}", "«Address»", "«First Name»", "«a b c d»", "«#1»", "Error!",
    "Error: Reference source not found", "Fehler!", "Erreur !", "¡Error!",
]  # fmt: skip


def readback(**columns: Any) -> Readback:
    contact = Contact(**{"id": "a", "person": "a", "name": "Siân O'Brien", **columns})
    return Readback(Reader(contact=contact, role="minister", address=ADDRESS, postal=()))


def fault(error: "pytest.ExceptionInfo[RowError]") -> tuple[str, str]:
    return error.value.column, error.value.reason


def test_a_whole_letter_and_a_whole_mail_pass() -> None:
    readback().letter([LETTER.encode()], "letter.docx")
    readback().marked(f"<p>{MAIL}</p>", "email.html")
    readback().text(MAIL, "email.txt")


@pytest.mark.parametrize("shown", ["Siân O'Brien", "SIÂN O'BRIEN", "Siân</w:t><w:t> O&#39;Brien"])
def test_a_name_is_shown_however_it_is_written(shown: str) -> None:
    readback().letter([LETTER.replace("Siân O'Brien", shown).encode()], "letter.docx")


def test_the_first_line_of_the_envelope_will_do_for_the_name() -> None:
    line = "Rt Hon Siân O&#39;Brien &amp; Co"
    shown = LETTER.replace("Siân O'Brien", line).encode()
    readback(name="Siân Mary O'Brien").letter([shown], "letter.docx")


def test_a_name_may_stand_in_any_part_of_the_letter() -> None:
    header, body = LETTER.split("</w:p>", 1)
    readback().letter([header.encode(), body.encode()], "letter.docx")


def test_a_letter_without_the_name_is_handed_back() -> None:
    with pytest.raises(RowError) as error:
        readback().letter([LETTER.replace("Siân", "Sian").encode()], "letter.docx")
    assert fault(error) == (
        "name",
        "letter.docx does not show the reader's name: print envelope_lines",
    )


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("Dear Secretary of State", "lacks 'Dear Secretary of State': print {{ salutation }}"),
        ("Yours sincerely", "lacks 'Yours sincerely': print {{ close }}"),
    ],
)
def test_without_opening_or_close_it_is_handed_back(gone: str, said: str) -> None:
    for read, text in (
        (lambda text, where: readback().letter([text.encode()], where), LETTER),
        (readback().marked, f"<p>{MAIL}</p>"),
        (readback().text, MAIL),
    ):
        with pytest.raises(RowError) as error:
            read(text.replace(gone, "Hello"), "the mail")
        assert fault(error) == ("salutation", f"the mail {said}")


def test_spaces_breaks_and_capitals_do_not_hide_an_opening() -> None:
    readback().text(MAIL.replace("Secretary of", "Secretary  of\n "), "email.txt")
    readback().marked(f"<p>{MAIL.replace('Dear', 'DEAR')}</p>", "email.html")
    readback().marked(f"<p>{MAIL.replace('Dear ', 'Dear<br/>')}</p>", "email.html")


@pytest.mark.parametrize("left", LEFT)
def test_what_was_left_over_is_handed_back_from_letter_page_and_mail(left: str) -> None:
    assert may_have_left_over(f"a{left}b")
    what = "a template's braces" if set(left) <= set("{}%#") else "what Word has not filled in"
    for read, text in (
        (lambda text, where: readback().letter([text.encode()], where), f"<w:p>{{}}</w:p>{LETTER}"),
        (readback().marked, f"<p>{MAIL} {{}}</p>"),
        (readback().text, f"{MAIL} {{}}"),
    ):
        with pytest.raises(RowError) as error:
            read(text.replace("{}", f"{left} "), "it")
        column, reason = fault(error)
        assert column == "text"
        assert reason.startswith(f"it still shows {what}: ")
        assert left in reason


def test_what_was_left_over_in_a_pictures_description_is_handed_back() -> None:
    page = f'<p>{MAIL}</p><img alt="the seal of {{{{ name }}}}">'
    with pytest.raises(RowError, match="still shows a template's braces"):
        readback().marked(page, "email.html")


def test_twenty_characters_on_either_side_show_the_place() -> None:
    before, after = "abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba"
    with pytest.raises(RowError) as error:
        readback().text(f"{MAIL} {before}}}}}{after}", "email.txt")
    assert fault(error)[1].endswith(f": '{before[-20:]}}}}}{after[:20]}'")
    with pytest.raises(RowError) as error:
        readback().text(f"{{{{ {MAIL}", "email.txt")
    assert fault(error)[1].endswith(": '{{ Dear Secretary of S'")


@pytest.mark.parametrize("typed", ["I use {{ braces }} daily", "{{", "see «Annex»", "a  {% b"])
def test_what_a_list_itself_says_of_the_reader_may_be_printed(typed: str) -> None:
    own = readback(personal=typed, columns={"note": "}} more"})
    own.text(f"{MAIL}\n{typed}\nand }} more", "email.txt")
    with pytest.raises(RowError, match="still shows"):
        own.text(f"{MAIL}\n{typed}\nand {{# another", "email.txt")


def test_of_two_things_typed_the_longer_one_is_allowed_whole() -> None:
    own = readback(personal="{{ a }} and {{ b }}", columns={"note": "{{ a }}"})
    own.text(f"{MAIL}\n{{{{ a }}}} and {{{{ b }}}}\n{{{{ a }}}}", "email.txt")


def test_what_another_reader_has_typed_is_no_excuse() -> None:
    with pytest.raises(RowError, match="still shows"):
        readback(personal="nothing").text(f"{MAIL}\nI use {{{{ braces }}}} daily", "email.txt")


def test_the_words_of_markup_are_what_a_reader_sees() -> None:
    shown = (
        "<title>no</title><style>p {{}}</style><!-- {{ no }} --><p>One</p>two<br/>three"
        "</p><w:r>fo</w:r><w:r>ur</w:r><w:tab/>five<w:br/>six &amp; seven<script>no()</script>"
        "</p><li>eight</li><td>nine</td><h1>ten</h1>eleven<w:cr/>twelve</div>thirteen</tr>fourteen"
    )
    assert plain(shown) == (
        "One two three four five six & seven eight nine ten eleven twelve thirteen fourteen"
    )
    assert plain("<STYLE>\np\n</STYLE>a<BR >b") == "ab"
    assert words(" a\n\tb\u00a0 c ") == "a b c"


def test_a_pdf_shows_no_tag_but_those_that_were_meant() -> None:
    assert left_over("all is well", "anything") == ""
    assert left_over("Dear {{ name }}", "Dear Minister") == "{{"
    assert left_over("Dear } } you", "Dear }} you") == ""
    assert left_over("«Ad dress» and {{", "«Address»") == "{{"
    assert left_over("{{ Error!", "{{") == "Error!"
    assert left_over("Dear «First Name»", "Dear «First Name»") == ""


def test_another_reader_of_the_same_name_needs_his_own_opening() -> None:
    other = replace(ADDRESS, salutation="Dear Lord O'Brien")
    contact = Contact(id="b", person="b", name="Siân O'Brien")
    with pytest.raises(RowError, match='lacks "Dear Lord O\'Brien"'):
        Readback(Reader(contact=contact, role="peer", address=other, postal=())).text(MAIL, "it")
