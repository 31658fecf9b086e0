"""What comes back: the campaign's mailbox read, each mail understood, matched and filed."""
