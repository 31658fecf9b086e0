"""Every point of the commissioned letter is made, to each kind of reader in its own way."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from flows.letters.campaign import Campaign
from flows.letters.letter import Letter
from tests.integration.campaign.conftest import (
    FOLDER,
    PERSONAL,
    paragraphs,
    printed,
)

# point: what one paragraph of the letter must say, to a minister and to Parliament
POINTS = {
    "the dialogue and its day": (
        ("General Assembly of the United Nations", "informal interactive dialogue", "11 September"),
        (),
    ),
    "members want progress": (("our members share", "carry matters forward"), ()),
    "R2P as a principle": (("Responsibility to Protect (R2P)", "settled as a principle"), ()),
    "who may speak in it": (("regional organisations", "civil society"), ()),
    "the fifth report and its theme": (
        ("fifth report", "“State responsibility and prevention”"),
        (),
    ),
    "the four situations": (("Syria, Sudan, the Democratic Republic of the Congo and Burma",), ()),
    "signs and causes": (("signs that such crimes are coming", "causes"), ()),
    "a permanent member": (("permanent seat on the Security Council",), ()),
    "new energy, stronger means": (
        ("the Government will put new energy into its support", "stronger means of protecting"),
        ("press the Government", "new energy into its support", "stronger means of protecting"),
    ),
    "ask 1": (
        ("Reaffirm", "support for R2P", "into practice", "lens of preventing mass atrocities"),
        ("Press Ministers to reaffirm", "into practice", "lens of preventing mass atrocities"),
    ),
    "ask 2": (
        ("capacity", "national focal point", "role and the activities"),
        ("Ask what the Government", "capacity", "national focal point", "role and activities"),
    ),
    "ask 3": (
        ("threats to international peace and security", "no state", "never whether R2P applies"),
        ("on the record", "threats to international peace", "never whether R2P applies"),
    ),
    "ask 4": (
        ("doctrine of prevention", "international law", "three pillars", "2005"),
        ("doctrine of prevention", "international law", "three pillars", "urge Ministers"),
    ),
    "ask 5": (
        ("second pillar", "resilient", "human rights", "theirs before"),
        ("before the House", "second pillar", "resilient", "human rights", "theirs first"),
    ),
    "ask 6": (
        ("example", "Universal Periodic Review of the UN Human Rights Council"),
        ("Hold the Government", "Universal Periodic Review of the UN Human Rights Council"),
    ),
    "ask 7": (
        ("civil society organisations", "commitments", "strategies", "primary responsibility"),
        ("Call for a debate", "civil society organisations", "commitments", "strategies"),
    ),
    "the lens across departments": (
        ("foreign policy", "development", "defence", "trade", "atrocity prevention lens"),
        (),
    ),
    "a national plan": (("focal point", "national plan of action to prevent atrocities"), ()),
    "departments in step": (("R2P part of the policies", "consistent and in step"), ()),
    "the question": (
        ("national focal point in the Foreign and Commonwealth Office", "May I ask", "activities"),
        ("national focal point in the Foreign and Commonwealth Office", "A question from you"),
    ),
    "the closing hope": (
        ("I hope", "personally encourage the team at the Foreign and Commonwealth Office"),
        ("I hope", "encourage Ministers", "the team at the Foreign and Commonwealth Office"),
    ),
    "the signature": (("Chair, United Nations Association of Exampleshire",), ()),
}
ROLES = ("minister", "mp", "peer")


def said(point: str, role: str) -> tuple[str, ...]:
    minister, parliament = POINTS[point]
    return minister if role == "minister" or not parliament else parliament


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("point", POINTS)
def test_one_paragraph_of_the_letter_makes_the_point(
    letters: Mapping[str, Letter], point: str, role: str
) -> None:
    words = said(point, role)
    assert [text for text in paragraphs(letters[role]) if all(word in text for word in words)]


@pytest.mark.parametrize("role", ROLES)
def test_every_point_is_printed(pdfs: Path, role: str) -> None:
    first, last = printed(pdfs / f"{role}.pdf").split(" Page 1 of 2 ")
    # A sentence may run from page to page; what stands between is no part of it.
    text = first.rpartition(" Reference ")[0] + last.partition("4 September 2013")[2]
    assert not [word for point in POINTS for word in said(point, role) if word not in text]


@pytest.mark.parametrize("role", ROLES)
def test_a_reader_gets_seven_requests_and_none_meant_for_others(
    model: Campaign, letters: Mapping[str, Letter], role: str
) -> None:
    text = paragraphs(letters[role])
    own = [ask.text for ask in model.asks if role in ask.roles]
    others = [ask.text for ask in model.asks if role not in ask.roles]
    assert len(own) == 7
    assert [line for line in text if line in own] == own
    assert not [ask for ask in others if ask in text]


@pytest.mark.parametrize("role", ["mp", "peer"])
def test_parliament_is_asked_to_press_the_government_and_not_to_be_it(
    letters: Mapping[str, Letter], role: str
) -> None:
    text = " ".join(paragraphs(letters[role]))
    assert "ask you to press the Government" in text
    assert "We ask the Government" not in text
    assert "personally" not in text


def test_without_committees_and_personal_words_nothing_shows_that_others_have_them(
    letters: Mapping[str, Letter],
) -> None:
    plain, full = (paragraphs(letters[name]) for name in ("mp", "peer"))
    assert "" not in plain
    assert not [text for text in plain if "As a member of" in text]
    assert [text for text in full if text not in plain and text != PERSONAL][1:-1] == [
        "House of Lords",
        "London SW1A 0PW",
        "Dear Lord Green,",
    ]
    assert full.index(PERSONAL) == full.index(plain[plain.index("4 September 2013") + 3]) + 1


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "long",
            "As a member of the Foreign Affairs Committee, you are particularly well placed to put "
            "these points to Ministers.",
        ),
        (
            "peer",
            "As a member of the Joint Committee on Human Rights, the EU Committee and the Liaison "
            "Committee, you are particularly well placed to put these points to Ministers.",
        ),
        (
            "busy",
            "As a member of the National Security Council, you are particularly well placed to "
            "bring departments together in this.",
        ),
    ],
)
def test_committees_are_named_in_a_sentence(
    letters: Mapping[str, Letter], name: str, sentence: str
) -> None:
    assert sentence in paragraphs(letters[name])


def test_a_personal_paragraph_is_printed_as_typed(letters: Mapping[str, Letter]) -> None:
    assert PERSONAL in paragraphs(letters["peer"])
    assert PERSONAL in letters["peer"].text


def test_the_words_are_our_own(letters: Mapping[str, Letter], shared_data: Path) -> None:
    def words(text: str) -> list[str]:
        return re.findall(r"[a-z0-9'-]+", text.lower().replace("’", "'"))

    def runs(text: str, length: int = 8) -> set[tuple[str, ...]]:
        found = words(text)
        return {tuple(found[at : at + length]) for at in range(len(found) - length + 1)}

    commissioned = runs((shared_data / "letter-2013-09-04.txt").read_text(encoding="utf-8"))
    named = runs("Syria, Sudan, the Democratic Republic of the Congo and Burma")
    for role in ROLES:
        body = paragraphs(letters[role])
        body = body[body.index("4 September 2013") + 1 :]
        assert not runs(" ".join(body)) & commissioned - named


def test_nobody_real_can_be_reached_through_the_sample_sender(model: Campaign) -> None:
    everything = "".join(
        (FOLDER / name).read_text(encoding="utf-8")
        for name in ("campaign.toml", "email.txt", "email.html")
    )
    hosts = re.findall(r"(?:@|www\.|https?://)([\w.-]*\w)", everything)
    assert {host for host in hosts if not host.endswith("example.org")} == set()
    # Ofcom keeps 020 7946 0000 to 0999 for drama.
    assert model.sender.telephone.startswith("020 7946 0")
    assert model.sender.fax.startswith("020 7946 0")
