"""Precision and recall of the rules and of the matching: ``python -m tests.inbox.figures``.

The part of the corpus that was set aside gives the figures that count; ``known`` was looked at
while the rules were written.
"""

import sys
from collections import Counter

from flows.post.inbox.kinds import Kind
from tests.inbox.corpus import expected, judged


def main(part: str) -> None:
    mails = [(one, judged(one.raw)) for one in expected(part)]
    pairs = [(one.kind, found.verdict.kind.value) for one, found in mails]
    print(f"{part}: {len(mails)} mails")
    print("kind               mails  precision  recall")
    for kind in Kind:
        wanted = sum(want == kind for want, _ in pairs)
        got = sum(had == kind for _, had in pairs)
        right = sum(want == had == kind for want, had in pairs)
        if wanted or got:
            print(f"{kind:18} {wanted:5}  {_rate(right, got):>9}  {_rate(right, wanted):>6}")
    matches = [
        (one.how, one.person == found.person and one.how == found.match.how) for one, found in mails
    ]
    print("match by           mails  right")
    for how, count in sorted(Counter(how for how, _ in matches).items()):
        print(f"{how:18} {count:5}  {_rate(sum(ok for h, ok in matches if h == how), count):>5}")
    wrong = [found for one, found in mails if found.person not in ("", one.person)]
    lost = [
        one.file
        for one, found in mails
        if one.kind == "reply" and found.verdict.kind == "automatic"
    ]
    doubts = [one.file for one, found in mails if one.doubtful != bool(found.match.doubt)]
    print(f"matched to a wrong letter: {len(wrong)}")
    print(f"doubt shown where there is none, or not where there is: {len(doubts)}")
    print(f"substantive replies taken for automatic ones: {len(lost)} {lost or ''}")
    for one, found in mails:
        if one.kind != found.verdict.kind:
            print(
                f"  {one.file}: {one.kind}, taken for {found.verdict.kind} ({found.verdict.reason})"
            )


def _rate(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "-"


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "set_aside")
