"""Holds: mailings that a person has stopped."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hold",
        sa.Column("mailing", sa.String(length=200), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("dispatch", sa.String(length=240), nullable=True),
        sa.Column("released_at", sa.String(length=27), nullable=True),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.Column("released_why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["mailing"], ["mailing.id"]),
        sa.PrimaryKeyConstraint("mailing", "ordinal"),
    )
