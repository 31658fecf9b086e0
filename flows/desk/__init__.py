"""The desk page: every mailing and letter to look at, made from the ledger, changing nothing."""
