"""What a person decides about a mailing: sign-off, hold, release, settling, withdrawal."""

from typing import Annotated, Literal

from prefect import flow

from flows.counted import counted
from flows.errors import ConfigurationError
from flows.operations import approve
from flows.operations import hold as holding
from flows.orchestration import choices, flow_runs, verbs
from flows.orchestration.parameters import By, LetterChoice, MailingId, Why, text
from flows.orchestration.states import Ending
from flows.orchestration.verbs import Done
from flows.post import resolution
from flows.post.ledger.database import Ledger
from flows.post.ledger.transitions import DispatchRow
from flows.post.mailing import mailing as mailings
from flows.post.states import State

flow_runs.one_line_each()

Hash = Annotated[
    str, text("Hash", "Its first characters as the review shows them, eight at least.")
]
Answer = Annotated[
    Literal["sent", "resend"],
    text(
        "What became of it",
        "sent: the server's log or the sent mails show that it went. "
        "resend: it did not go, and is to be sent again.",
    ),
]
AllAlike = Annotated[
    bool,
    text(
        "All like it",
        "On: every letter of the same mailing in the same state, not this one alone.",
    ),
]
OnlyMail = Annotated[
    bool, text("Letters by e-mail only", "On: letters that go by post alone stay as they are.")
]
WithdrawnId = Annotated[
    str, text("One letter only", "Empty: the whole mailing. Else the letter's id.")
]


@flow(name="sign-off", persist_result=False)
def sign_off(mailing: MailingId = "", by: By = "", hash: Hash = "") -> Ending:  # noqa: A002
    """Sign a mailing off that was prepared in a terminal, or whose run is gone.

    The form asks for the hash in the mailing's review or on the desk page.
    """

    def step(ledger: Ledger) -> Done:
        _need(mailing)
        signed, edits = approve.approve(ledger, mailing, by, hash)
        told = "".join(f"; {edit} since it was frozen, it goes as it was frozen" for edit in edits)
        return Done(f"mailing {signed.id} signed off by {signed.approved_by}{told}")

    return verbs.perform("sign-off", "", step)


@flow(name="hold", persist_result=False)
def hold(mailing: MailingId = "", by: By = "", why: Why = "") -> Ending:
    """Stop a mailing: the letter in hand is finished, nothing more is sent until it is released."""

    def step(ledger: Ledger) -> Done:
        _need(mailing)
        return Done(f"mailing {mailing} is {holding.hold(ledger, mailing, by=by, why=why)}")

    return verbs.perform("hold", "", step)


@flow(name="release", persist_result=False)
def release(mailing: MailingId = "", by: By = "", why: Why = "") -> Ending:
    """Let a held mailing go on: with the next sweep, if it is signed off."""

    def step(ledger: Ledger) -> Done:
        _need(mailing)
        holding.release(ledger, mailing, by=by, why=why)
        found = mailings.get(ledger, mailing)
        if holding.swept(ledger, found):
            goes_on = "the next sweep goes on with it"
        elif found.approved_at:
            goes_on = "its last run was limited: to send the rest, name it in the form of dispatch"
        else:
            goes_on = "it waits for its sign-off"
        return Done(f"mailing {mailing} is released; {goes_on}")

    return verbs.perform("release", "", step)


@flow(name="resolve", persist_result=False)
def resolve(
    letter: LetterChoice = "",
    answer: Answer = "sent",
    all_alike: AllAlike = False,
    by: By = "",
    why: Why = "",
) -> Ending:
    """Settle an uncertain letter, or send a refused one again."""

    def step(ledger: Ledger) -> Done:
        identity, shown = choices.dispatch_chosen(letter)
        if not identity:
            raise ConfigurationError("no letter was chosen; nothing was changed")
        state = resolution.find(ledger, identity).state
        if shown not in ("", state):
            raise ConfigurationError(
                f"letter {identity} was {shown} when it was chosen and is {state} by now; nothing "
                "was changed: choose it again"
            )
        if all_alike:
            return _moved(resolution.resolve_alike(ledger, identity, answer=answer, by=by, why=why))
        return _moved([resolution.resolve(ledger, identity, answer=answer, by=by, why=why)])

    return verbs.perform("resolve", "", step)


@flow(name="send-again", persist_result=False)
def send_again(
    mailing: MailingId = "",
    reply: Annotated[
        str,
        text(
            "Words of the server's answer",
            "Empty: all refused letters of the mailing. Else those "
            "alone whose answer has these words, as in: quota exceeded",
        ),
    ] = "",
    by: By = "",
    why: Why = "",
) -> Ending:
    """Send a mailing's refused letters again, once what the server refused is put right."""

    def step(ledger: Ledger) -> Done:
        _need(mailing)
        return _moved(
            resolution.resolve_all(
                ledger, mailing, state=State.REFUSED, answer="resend", by=by, why=why, reply=reply
            )
        )

    return verbs.perform("send-again", "", step)


@flow(name="withdraw", persist_result=False)
def withdraw(
    mailing: MailingId = "",
    only: WithdrawnId = "",
    only_mail: OnlyMail = False,
    by: By = "",
    why: Why = "",
) -> Ending:
    """Cancel a mailing's unsent letters, or one letter; a refused reader is free for a new one."""

    def step(ledger: Ledger) -> Done:
        target = only.partition(",")[0].strip() or mailing
        _need(target)
        return _moved(resolution.withdraw(ledger, target, by=by, why=why, only_mail=only_mail))

    return verbs.perform("withdraw", "", step)


def _need(target: str) -> None:
    if not target:
        raise ConfigurationError("no mailing was chosen; nothing was done: choose one in the form")


def _moved(rows: list[DispatchRow]) -> Done:
    states = sorted({row.state.value for row in rows})
    more = f" and {len(rows) - 10} more" if len(rows) > 10 else ""
    named = ", ".join(row.id for row in rows[:10])
    return Done(
        f"{counted(len(rows), 'letter is', 'letters are')} now {' or '.join(states)}: "
        f"{named}{more}",
        table=[{"letter": row.id, "state": row.state.value} for row in rows],
        mailing=rows[0].mailing,
    )
