"""A mailing: letters frozen with one hash, and its approval."""
