"""Evidence from outside: whether a Message-ID lies in the Sent or archive mailbox (IMAP)."""

from imap_tools import AND, H

from flows.post.smtp.imap import ImapFolder, opened


def found(archive: ImapFolder, message_id: str) -> bool:
    """Whether a message with this Message-ID lies there. Raises ConfigurationError."""
    with opened(archive) as box:
        # The server's search is by substring; the header itself decides.
        query = AND(header=H("Message-ID", message_id.strip("<>")))
        for message in box.fetch(query, headers_only=True, mark_seen=False):
            if message_id in [value.strip() for value in message.headers["message-id"]]:
                return True
    return False
