"""Alembic migrations of the ledger, run by ``flows.post.ledger.opening``."""
