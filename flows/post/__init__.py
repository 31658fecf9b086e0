"""How it leaves and what comes back: mailings, the ledger, SMTP."""
