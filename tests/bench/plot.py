"""The table as a picture: how far each line is beyond its goal."""

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFont

from tests.bench.measured import Measured

WIDTH, ROW, TOP, LEFT = 1000, 44, 60, 430
MET, MISSED, LINE, INK = "#1f6f54", "#b3392f", "#9aa3ad", "#22272e"


def reached(row: Measured) -> float:
    """1 at the goal, 2 where it is twice as good."""
    if row.at_most:
        return row.goal / row.value if row.value else 10.0
    return row.value / row.goal


def draw(rows: Sequence[Measured], folder: Path, title: str) -> None:
    """Write bench.svg and bench.png into the folder."""
    height = TOP + ROW * len(rows) + 30
    widest = max([2.0, *(reached(row) for row in rows)])
    scale = (WIDTH - LEFT - 120) / widest
    goal = LEFT + scale
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="14">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="20" y="32" font-size="18" fill="{INK}">{escape(title)}</text>',
    ]
    image = Image.new("RGB", (WIDTH, height), "white")
    paint = ImageDraw.Draw(image)
    font, large = ImageFont.load_default(14), ImageFont.load_default(18)
    paint.text((20, 16), title, INK, large)
    for number, row in enumerate(rows):
        y = TOP + number * ROW
        wide = max(2.0, reached(row) * scale)
        colour = MET if row.met else MISSED
        shown = f"{row.value:.3g} {row.unit}"
        svg += [
            f'<text x="20" y="{y + 14}" fill="{INK}">{escape(row.work)}</text>',
            f'<text x="20" y="{y + 31}" fill="{LINE}" font-size="12">{escape(row.against)}</text>',
            f'<rect x="{LEFT}" y="{y + 2}" width="{wide:.0f}" height="26" fill="{colour}"/>',
            f'<text x="{LEFT + wide + 8:.0f}" y="{y + 20}" fill="{INK}">{escape(shown)}</text>',
        ]
        paint.text((20, y), row.work, INK, font)
        paint.text((20, y + 18), row.against, LINE, ImageFont.load_default(12))
        paint.rectangle((LEFT, y + 2, LEFT + wide, y + 28), colour)
        paint.text((LEFT + wide + 8, y + 7), shown, INK, font)
    foot = height - 24
    svg += [
        f'<line x1="{goal:.0f}" y1="{TOP - 8}" x2="{goal:.0f}" y2="{foot}" stroke="{LINE}" '
        'stroke-dasharray="4"/>',
        f'<text x="{goal:.0f}" y="{foot + 16}" fill="{LINE}" text-anchor="middle">goal</text>',
        "</svg>",
    ]
    paint.line((goal, TOP - 8, goal, foot), LINE)
    paint.text((goal, foot), "goal", LINE, font, anchor="ma")
    (folder / "bench.svg").write_text("\n".join(svg), encoding="utf-8")
    image.save(folder / "bench.png")
