"""The ledger's tables as they are today; ``migrations`` brings older ledgers here.

Times are RFC 3339 text in UTC (``flows.post.ledger.clock``), bytes are what was frozen, hashes are
SHA-256 in lower-case hex.
"""

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData()

ledger = Table(
    "ledger",
    metadata,
    Column("identity", String(32), primary_key=True),  # made with the ledger; a copy has it too
    Column("generation", Integer, nullable=False),  # 1, and one more with each recovery
    Column("salt", String(64), nullable=False),  # for hashes of persons who were forgotten
)

worker = Table(
    "worker",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_began", Float, nullable=False),  # Unix time: tells a reused pid apart
    Column("began_at", String(27), nullable=False),
    Column("ended_at", String(27)),  # where it let go by itself
)

mailing = Table(
    "mailing",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("campaign", String(120), nullable=False, index=True),
    Column("edition", Integer, nullable=False),
    Column("as_of", String(10), nullable=False),
    Column("fingerprint", String(64), nullable=False),  # of everything that went in
    Column("sources", Text, nullable=False),  # JSON: the files that went in, with their SHA-256
    Column("sender", String(320), nullable=False),  # RFC 5321 reverse-path
    Column("frozen_at", String(27), nullable=False),
    Column("frozen_by", String(64), nullable=False),  # the worker that froze it
    Column("hash", String(64)),  # null until every byte is in
    Column("refused", Text, nullable=False, default="[]"),  # JSON: rows handed back
    Column("passed_over", Text, nullable=False, default="[]"),  # JSON: persons who have theirs
)

approval = Table(
    "approval",
    metadata,
    Column("mailing", String(200), ForeignKey("mailing.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("at", String(27), nullable=False),
    Column("by", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("sources", Text, nullable=False),  # as they were when it was signed off
)

hold = Table(
    "hold",
    metadata,
    Column("mailing", String(200), ForeignKey("mailing.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("at", String(27), nullable=False),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("dispatch", String(240)),  # the letter it stopped after; null: before the first
    Column("released_at", String(27)),
    Column("released_by", Text),
    Column("released_why", Text),
)

letter = Table(
    "letter",
    metadata,
    Column("mailing", String(200), ForeignKey("mailing.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("contact", String(120), nullable=False),
    Column("person", String(200), nullable=False),
    Column("name", Text, nullable=False),  # as the envelope has it
    Column("role", String(40), nullable=False),
    Column("email", String(320), nullable=False),  # empty: by post
    Column("copies", Text, nullable=False),  # JSON: addresses that get a copy of the mail
    Column("paper", Integer, nullable=False),  # 1: it is printed and goes by post
    Column("reader", Text, nullable=False),  # JSON: how the envelope is written
    Column("reference", Text, nullable=False),
    Column("message_id", String(250), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),  # RFC 5322 message; by post: the document
    Column("forgotten", Integer),  # the event by which its personal data went
)

dispatch = Table(
    "dispatch",
    metadata,
    Column("id", String(240), primary_key=True),
    Column("mailing", String(200), ForeignKey("mailing.id"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("rehearsal", Integer, nullable=False),  # 0: live; else the number of the rehearsal
    Column("campaign", String(120), nullable=False),
    Column("edition", Integer, nullable=False),
    Column("person", String(200), nullable=False),
    Column("email", String(320), nullable=False),
    Column("state", String(12), nullable=False),
    Column("worker", String(64)),
    Column("attempts", Integer, nullable=False, default=0),
    Column("first_attempt_at", String(27)),
    Column("due_at", String(27)),
    Column("code", Integer),
    Column("enhanced", String(12)),
    Column("text", Text),
    Column("queue_id", String(120)),
    Column("changed_at", String(27), nullable=False),
)

# Indexes are defined in the migrations alone: to name PostgreSQL's conditions here would load that
# dialect into every command. one_letter_per_person is the crash contract's third rule;
# dispatch_open keeps a claim from reading what is done; dispatch_held finds what workers hold;
# event_dispatch and event_note find what was said of one dispatch and of one mailing.
OPEN = text("dispatch.state IN ('ready', 'deferred')")

event = Table(
    "event",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String(27), nullable=False),
    Column("mailing", String(200)),
    Column("dispatch", String(240)),
    Column("old", String(12)),
    Column("new", String(12)),
    Column("what", Text),  # in words, where it is not a move: "signed off", "late answer"
    Column("worker", String(64)),
    Column("attempt", Integer),
    Column("code", Integer),
    Column("enhanced", String(12)),
    Column("text", Text),
    Column("queue_id", String(120)),
    Column("by", Text),
    Column("why", Text),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("detail", Text),  # JSON: what else the event binds
    Column("forgotten", Integer),  # the event by which its personal data went
)

campaign_run = Table(
    "campaign_run",
    metadata,
    Column("number", Integer, primary_key=True),  # in the order in which runs began
    Column("run", String(64), nullable=False),  # the flow run's id
    Column("campaign", String(120), nullable=False),
    Column("edition", Integer, nullable=False),
    Column("worker", String(64), nullable=False),
    Column("began_at", String(27), nullable=False),
    Column("ended_at", String(27)),
    Column("mailing", String(200)),  # the one that it froze
)

incoming = Table(
    "incoming",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("identity", String(64), nullable=False, unique=True),  # one mail, however often it came
    Column("sha256", String(64), nullable=False),  # of the raw mail, or of the scan
    Column("size", Integer, nullable=False),
    Column("source", Text, nullable=False),  # a mailbox; "post" or "telephone" where typed in
    Column("received_at", String(27), nullable=False),
    Column("filed_at", String(27), nullable=False),
    Column("sender", Text, nullable=False),
    Column("sender_name", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("words", Text, nullable=False),  # what its writer wrote, without what is quoted
    Column("files", Text, nullable=False),  # JSON: names of what is attached
    Column("fault", Text, nullable=False),  # why not all of it was read
    Column("kind", String(20), nullable=False),
    Column("rule", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("dispatch", String(240), index=True),
    Column("how", String(20), nullable=False),  # what the match rests on
    Column("candidates", Text, nullable=False),  # JSON: dispatches it may be about
    Column("doubt", Text, nullable=False),
    Column("status", String(12), nullable=False),  # a report's enhanced code
    Column("diagnostic", Text, nullable=False),
    Column("sorted_by", Text, nullable=False),  # blank: the rules did it
    Column("note", Text, nullable=False),
)

incoming_raw = Table(
    "incoming_raw",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("part", Integer, primary_key=True),  # pieces of at most one megabyte, in order
    Column("content", LargeBinary, nullable=False),
)

inbox_cursor = Table(
    "inbox_cursor",
    metadata,
    Column("mailbox", String(300), primary_key=True),
    Column("uidvalidity", Integer, nullable=False),
    Column("uid", Integer, nullable=False),  # all up to here are filed
    Column("swept_at", String(27), nullable=False),
)

bad_address = Table(
    "bad_address",
    metadata,
    Column("email", String(320), primary_key=True),  # as email_address.key makes it
    Column("since", String(27), nullable=False),
    Column("item", Integer, nullable=False),
    Column("dispatch", String(240), nullable=False),
    Column("why", Text, nullable=False),
    Column("cleared_at", String(27)),
    Column("cleared_by", Text),
)

chaser = Table(
    "chaser",
    metadata,
    Column("mailing", String(200), primary_key=True),
    Column("campaign", String(120), nullable=False),  # whose letters it follows up
    Column("edition", Integer, nullable=False),
    Column("round", Integer, nullable=False),
)

throttle = Table(
    "throttle",
    metadata,
    Column("server", String(300), primary_key=True),
    Column("next_at", Float, nullable=False),  # Unix time of the next free slot, seconds
)
