"""One module for each verb: draft, prepare, approve, send, check, preview, review, export."""
