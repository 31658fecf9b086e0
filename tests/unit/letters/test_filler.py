from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import docx
import pytest
from docx.document import Document

from flows.errors import ConfigurationError, RowError
from tests.unit.letters.small_campaign import HTML, TEXT, TOML, filler, letter, reader


def words(data: bytes) -> str:
    return "\n".join(paragraph.text for paragraph in docx.Document(BytesIO(data)).paragraphs)


def test_a_minister_gets_the_asks_to_government_and_an_mp_those_to_parliament(
    tmp_path: Path,
) -> None:
    made = filler(tmp_path)
    minister = made.fill(reader("minister"))
    assert "Test the water of Exampleshire" in words(minister.docx)
    assert "Press" not in words(minister.docx) + minister.text + minister.html
    member = made.fill(reader("mp", constituency="Ynys Môn"))
    for said in (words(member.docx), member.text, member.html):
        assert "Press for tests in Ynys Môn" in said
        assert "Test the water" not in said


def test_an_ask_goes_to_the_readers_who_meet_all_its_terms(tmp_path: Path) -> None:
    toml = TOML + (
        '\n[[asks]]\nkey = "fco"\ntext = "Speak in New York"\n'
        'departments = ["Foreign & Commonwealth Office"]\nparties = ["Con"]\n'
    )
    made = filler(tmp_path, toml=toml)
    office = "Foreign and Commonwealth Office"
    assert "Speak in New York" in made.fill(reader(department=office, party="Con")).text
    assert "Speak in New York" not in made.fill(reader(department=office, party="LD")).text
    assert "Speak in New York" not in made.fill(reader(party="Con")).text


def test_an_ask_for_a_rank_that_is_none_names_the_file_and_the_ask(tmp_path: Path) -> None:
    toml = TOML + '\n[[asks]]\nkey = "fco"\ntext = "Speak"\nranks = ["duke"]\n'
    with pytest.raises(ConfigurationError, match=r"campaign\.toml: asks\.fco: ranks: 'duke'"):
        filler(tmp_path, toml=toml)


def test_date_reference_and_subject_are_printed(tmp_path: Path) -> None:
    made = filler(tmp_path).fill(reader())
    assert "4 September 2013" in words(made.docx)
    assert made.reference == "clean-rivers/1/r1"
    footer = docx.Document(BytesIO(made.docx)).sections[0].footer
    assert footer.paragraphs[0].text == "clean-rivers/1/r1"
    assert made.subject == "Rivers in Exampleshire"


@pytest.mark.parametrize(
    "name",
    ["{{ x }}", "R&D", "<b>Bold</b>", "O'Brien", "Glyndŵr", "{% if %}", "}} {{", "{_{ x }_}"],
)
def test_a_name_appears_exactly_as_typed(tmp_path: Path, name: str) -> None:
    text = TEXT.replace("{{ close }}", "{{ reader.name }}\n{{ close }}")
    html = HTML.replace("{{ close }}", "{{ reader.name }} {{ close }}")
    made = filler(tmp_path, text=text, html=html).fill(reader(name=name, dear=f"Dear {name}"))
    assert f"{name} MP" in words(made.docx)
    assert f"Dear {name}," in made.text
    assert name in made.text.splitlines()
    assert "<b>Bold</b>" not in made.html


def test_an_ask_that_quotes_a_reader_does_not_fill_what_the_reader_wrote(tmp_path: Path) -> None:
    made = filler(tmp_path).fill(reader("mp", constituency="{{ facts.region }}"))
    assert "Press for tests in {{ facts.region }}" in words(made.docx)
    assert "Press for tests in {{ facts.region }}" in made.text


@pytest.mark.parametrize("spoilt", ["a\x00b", "a\x07b", "a\nb", "a\u2028b", "a\u202eb", "a\ud800"])
def test_a_control_character_hands_the_row_back_with_its_column(
    tmp_path: Path, spoilt: str
) -> None:
    with pytest.raises(RowError, match="office: holds a control character"):
        filler(tmp_path).fill(reader(office=spoilt))


def test_a_personal_paragraph_may_have_lines(tmp_path: Path) -> None:
    def personal(document: Document) -> None:
        letter(document)
        document.add_paragraph("{{ reader.personal }}")

    made = filler(tmp_path, build=personal).fill(reader(personal="one\ntwo"))
    assert words(made.docx).endswith("one\ntwo")


def _paragraph(text: str):
    def build(document: Document) -> None:
        letter(document)
        document.add_paragraph(text)

    return build


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"build": _paragraph("{{ salutatoin }}")},
            r"letter\.docx: nobody gives salutatoin; did you mean salutation\?",
        ),
        ({"build": _paragraph("{{ facts.daet }}")}, r"letter\.docx: nobody gives facts\.daet"),
        (
            {"build": _paragraph("{% if reader.role == 'mp' %}{{ reader.party_ }}{% endif %}")},
            r"letter\.docx: nobody gives reader\.party_",
        ),
        (
            {"build": _paragraph("{{ reader.nmae }}")},
            r"letter\.docx: nobody gives reader\.nmae; did you mean reader\.name\?",
        ),
        (
            {"text": TEXT + "{{ facts.region + 1 }}"},
            r"email\.txt: cannot be filled in line 6: it puts",
        ),
        ({"text": TEXT + "{{ asks[9] }}"}, r"email\.txt: there is no number 9 in a list"),
        ({"build": _paragraph("{{ reader.notes }}")}, r"nobody gives reader\.notes"),
        (
            {"build": _paragraph("We ask {% if salutation %} you")},
            r"letter\.docx: a tag cannot be understood .*endif",
        ),
        (
            {"build": _paragraph("We ask {{ reader.name | shout }} you")},
            r"letter\.docx: a tag .* \(near .*We ask .*shout.*there is no filter 'shout'",
        ),
        ({"build": _paragraph("{{ ''.__class__ }}")}, r"letter\.docx: "),
        (
            {"build": _paragraph("{{ 1 / 0 }}")},
            r"letter\.docx: cannot be filled.*: it divides by nought",
        ),
        ({"build": _paragraph("{{ 'x' * 10 ** 9 }}")}, r"letter\.docx: .*too large"),
        (
            {"build": _paragraph("{% for a in range(999999) %}x{% endfor %}")},
            r"letter\.docx: does what a template may not do: range",
        ),
        ({"text": TEXT + "{{ facts.x }}"}, r"email\.txt: nobody gives facts\.x"),
        (
            {"text": TEXT + "{% endif %}"},
            r"email\.txt: a tag cannot be understood in line 6: there is no tag 'endif'",
        ),
        ({"html": HTML + "{{ sender.fone }}"}, r"email\.html: nobody gives sender\.fone"),
        ({"html": HTML + "{% include 'x.html' %}"}, r"email\.html: x\.html is not in"),
        (
            {"toml": TOML.replace("Rivers in {{ facts.region", "R {{ facts.where")},
            r"campaign\.toml: subject: nobody gives facts\.where",
        ),
        (
            {"toml": TOML.replace("{{ reader.constituency", "{{ reader.seat")},
            r"campaign\.toml: asks\.press: nobody gives reader\.seat",
        ),
        ({"build": lambda document: None}, r"letter\.docx: .*does not show the reader's name"),
        ({"text": "Hello"}, r"email\.txt lacks 'Dear Specimen': print {{ salutation }}"),
        (
            {"html": "<p>{{ salutation }}</p>"},
            r"email\.html lacks 'Yours in trial': print {{ close }}",
        ),
        (
            {"toml": TOML.replace('"Exampleshire"', '"{{ here }}"')},
            r"shows a template's braces: .*\{\{ here \}\}",
        ),
    ],
)
def test_a_template_that_would_go_wrong_is_refused_before_any_letter(
    tmp_path: Path, files: dict, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        filler(tmp_path, **files)


def test_a_name_that_is_asked_for_first_may_be_missing(tmp_path: Path) -> None:
    asked = (
        "{% if facts.river is defined %}{{ facts.river }}{% endif %}{{ facts.sea|default('no') }}"
    )
    made = filler(tmp_path, build=_paragraph(asked)).fill(reader())
    assert words(made.docx).endswith("no")


def test_a_column_that_this_reader_lacks_is_named_when_the_letter_is_filled(
    tmp_path: Path,
) -> None:
    made = filler(tmp_path, build=_paragraph("{{ reader.columns.majority }}"))
    assert words(made.fill(reader(columns={"majority": "512"})).docx).endswith("512")
    with pytest.raises(ConfigurationError, match=r"letter\.docx: .*majority"):
        made.fill(reader())


def test_a_letter_without_its_own_salutation_is_not_kept(tmp_path: Path) -> None:
    def only_for_some(document: Document) -> None:
        letter(document)
        for paragraph in document.paragraphs:
            if paragraph.text == "{{ salutation }},":
                paragraph.text = (
                    "{% if not reader.party %}Dear all{% else %}{{ salutation }}{% endif %}"
                )

    made = filler(tmp_path, build=only_for_some)
    made.fill(reader(party="Green"))
    with pytest.raises(RowError, match=r"letter\.docx lacks 'Dear Minister'"):
        made.fill(reader())


def test_a_template_cannot_change_what_the_next_reader_gets(tmp_path: Path) -> None:
    toml = TOML.replace("[facts]", "[facts]\nplaces = ['Wye']")
    with pytest.raises(ConfigurationError, match=r"letter\.docx: "):
        filler(tmp_path, toml=toml, build=_paragraph("{{ facts.places.append('Dee') }}"))


def test_threads_sharing_one_filler_never_mix_readers(tmp_path: Path) -> None:
    made = filler(tmp_path)
    everyone = [reader(id=f"r{n}", name=f"Reader Number{n}", dear=f"Dear N{n}") for n in range(200)]
    with ThreadPoolExecutor(8) as pool:
        letters = list(pool.map(made.fill, everyone))
    assert [one.docx for one in letters] == [made.fill(one).docx for one in everyone]
    for n, one in enumerate(letters):
        assert f"Reader Number{n} MP" in words(one.docx)
        assert one.text.startswith(f"Dear N{n},")


def test_html_comments_never_leave_and_conditions_for_outlook_do(tmp_path: Path) -> None:
    html = (
        HTML + "<!-- do we\nbelieve this? {{ nobody }} --><!--[if mso]><p>Outlook</p><![endif]-->"
    )
    made = filler(tmp_path, html=html).fill(reader())
    assert "believe" not in made.html
    assert "<!--[if mso]><p>Outlook</p><![endif]-->" in made.html


@pytest.mark.parametrize("asked", ["reader.columns.lastcalled", "reader.columns['lastcalled']"])
@pytest.mark.parametrize("where", ["letter", "mail"])
def test_a_column_that_the_readers_list_lacks_is_told_with_reader_list_and_what_it_has(
    tmp_path: Path, asked: str, where: str
) -> None:
    tag = f"{{{{ {asked} }}}}"
    files = {"build": _paragraph(tag)} if where == "letter" else {"text": TEXT + tag}
    made = filler(tmp_path, **files)
    made.fill(reader(columns={"lastcalled": "May"}))
    with pytest.raises(ConfigurationError) as missing:
        made.fill(reader(file="peers.csv", row=7, columns={"last_called": "May"}))
    said = str(missing.value)
    assert "the list of Siân O’Brien (peers.csv:7) has no column 'lastcalled'" in said
    assert "only last_called; did you mean last_called?" in said
    assert "campaign.toml" not in said
    with pytest.raises(ConfigurationError, match="add the column to that list"):
        made.fill(reader())


def test_a_column_may_be_asked_for_that_the_readers_list_lacks(tmp_path: Path) -> None:
    text = (
        TEXT + "{% if reader.columns.x is defined %}{{ reader.columns.x }}{% else %}no x{% endif %}"
    )
    made = filler(tmp_path, text=text)
    assert made.fill(reader()).text.endswith("no x")
    assert made.fill(reader(columns={"x": "an x"})).text.endswith("an x")
