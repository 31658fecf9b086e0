"""Runs get a table of their own, and the log of events two indexes.

Until now a run was three events, its id in ``text`` and its campaign in ``why``. These events stay
where they are, being links of the chain; their content is read into the table once.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_event = sa.table(
    "event",
    *(sa.column(name) for name in ("seq", "at", "mailing", "what", "worker", "text", "why")),
)


def upgrade() -> None:
    table = op.create_table(
        "campaign_run",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("run", sa.String(length=64), nullable=False),
        sa.Column("campaign", sa.String(length=120), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=64), nullable=False),
        sa.Column("began_at", sa.String(length=27), nullable=False),
        sa.Column("ended_at", sa.String(length=27), nullable=True),
        sa.Column("mailing", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    if rows := _runs():
        op.bulk_insert(table, rows)
    op.create_index("campaign_run_campaign", "campaign_run", ["campaign", "edition"])
    op.create_index("campaign_run_run", "campaign_run", ["run"])
    op.create_index("event_dispatch", "event", ["dispatch"])
    noted = sa.text("what IS NOT NULL")
    op.create_index(
        "event_note", "event", ["mailing", "what"], sqlite_where=noted, postgresql_where=noted
    )


def _runs() -> list[dict[str, object]]:
    """The runs of the log, in the order in which they began."""
    said = ("flow run began", "flow run ended", "flow run froze")
    runs: list[dict[str, object]] = []
    for event in op.get_bind().execute(
        sa.select(_event).where(_event.c.what.in_(said)).order_by(_event.c.seq)
    ):
        if event.what == "flow run began":
            campaign, _, edition = event.why.rpartition("/")
            runs.append(
                {
                    "run": event.text,
                    "campaign": campaign,
                    "edition": int(edition),
                    "worker": event.worker,
                    "began_at": event.at,
                    "ended_at": None,
                    "mailing": None,
                }
            )
        for run in runs:
            if event.what == "flow run ended" and run["worker"] == event.worker:
                run["ended_at"] = event.at
            if event.what == "flow run froze" and run["run"] == event.text:
                run["mailing"] = event.mailing
    return runs
