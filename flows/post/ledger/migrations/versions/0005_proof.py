"""The ledger gets an identity, its workers a row each, and events what they bind beside.

``event.detail`` is part of an event's hash where there is one. For each mailing an older ledger
gets one event that binds, as they stand now, the columns that no event bound so far.
"""

import hashlib
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_FIELDS = (
    *("seq", "at", "mailing", "dispatch", "old", "new", "what", "worker", "attempt"),
    *("code", "enhanced", "text", "queue_id", "by", "why", "previous"),
)
"""What an event's hash is over in the first version, in this order; then ``detail``."""


def upgrade() -> None:
    table = op.create_table(
        "ledger",
        sa.Column("identity", sa.String(length=32), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("identity"),
    )
    op.bulk_insert(
        table,
        [{"identity": uuid.uuid4().hex, "generation": 1, "salt": uuid.uuid4().hex * 2}],
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("process_began", sa.Float(), nullable=False),
        sa.Column("began_at", sa.String(length=27), nullable=False),
        sa.Column("ended_at", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.add_column("event", sa.Column("detail", sa.Text(), nullable=True))
    op.add_column("event", sa.Column("forgotten", sa.Integer(), nullable=True))
    op.add_column("letter", sa.Column("forgotten", sa.Integer(), nullable=True))
    _bind()


def _bind() -> None:
    connection = op.get_bind()
    ids = connection.execute(
        sa.text("SELECT id FROM mailing WHERE hash IS NOT NULL ORDER BY frozen_at, id")
    ).scalars()
    head = connection.execute(
        sa.text("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1")
    ).first()
    seq, previous = (head.seq, head.hash) if head else (0, "0" * 64)
    for mailing in ids.all():
        seq += 1
        event = dict.fromkeys(_FIELDS) | {
            "seq": seq,
            "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "mailing": mailing,
            "what": "bound",
            "previous": previous,
            "detail": json.dumps(_bound(connection, mailing)),
        }
        values = [event[name] for name in (*_FIELDS, "detail")]
        canonical = json.dumps(values, ensure_ascii=False)
        previous = event["hash"] = hashlib.sha256(canonical.encode()).hexdigest()
        connection.execute(
            sa.insert(sa.table("event", *(sa.column(name) for name in event))), [event]
        )


def _bound(connection: sa.Connection, mailing: str) -> dict[str, object]:
    given = {"mailing": mailing}
    approvals = connection.execute(
        sa.text("SELECT ordinal, sources FROM approval WHERE mailing = :mailing ORDER BY ordinal"),
        given,
    )
    due = connection.execute(
        sa.text(
            "SELECT id, due_at FROM dispatch WHERE mailing = :mailing AND due_at IS NOT NULL"
            " ORDER BY id"
        ),
        given,
    )
    return {
        "record": _record(connection, mailing),
        "sources": {str(row.ordinal): _sha256(row.sources) for row in approvals},
        "due": {row.id: row.due_at for row in due},
    }


def _record(connection: sa.Connection, mailing: str) -> str:
    """As ``flows.post.mailing.mailing.record`` had it when this migration was written."""
    given = {"mailing": mailing}
    about = connection.execute(
        sa.text(
            "SELECT fingerprint, sources, frozen_by, refused, passed_over FROM mailing"
            " WHERE id = :mailing"
        ),
        given,
    ).one()
    total = hashlib.sha256(_line(about))
    for row in connection.execute(
        sa.text(
            "SELECT ordinal, name, role, reference FROM letter WHERE mailing = :mailing"
            " ORDER BY ordinal"
        ),
        given,
    ):
        total.update(_line(row))
    return total.hexdigest()


def _line(values: "sa.Row[Any]") -> bytes:
    return json.dumps(list(values), ensure_ascii=False).encode() + b"\n"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
