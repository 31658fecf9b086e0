"""Draws the emblem of the imaginary association: an olive branch of seven leaves on a roundel."""

import io
import math

from PIL import Image, ImageDraw

NAVY, WHITE = (31, 58, 95), (255, 255, 255)
INK, PAPER = 0, 255
"""Drawn in black and white; the colours are given to it at the end."""
WIDTH = 17
"""Millimetres on paper."""
PIXELS = 400
"""Of an edge: 600 to the inch."""
OVERSAMPLING = 6

Point = tuple[float, float]


def _leaf(base: Point, angle: float, length: float, width: float) -> list[Point]:
    """A leaf's outline from its base; the angle in degrees, anticlockwise from the right."""
    along = [step / 40 for step in range(41)]
    # Broadest a little before the middle and pointed at both ends, as an olive leaf is.
    half = [width / 2 * math.sin(math.pi * t**0.85) ** 1.15 for t in along]
    outline = [(t * length, h) for t, h in zip(along, half, strict=True)]
    outline += [(t * length, -h) for t, h in zip(reversed(along), reversed(half), strict=True)]
    turn = math.radians(angle)
    return [
        (
            base[0] + x * math.cos(turn) - y * math.sin(turn),
            base[1] - x * math.sin(turn) - y * math.cos(turn),
        )
        for x, y in outline
    ]


def _stem(t: float) -> Point:
    """The point at t (0 to 1) of the stem, a quadratic curve in a unit square."""
    (x0, y0), (x1, y1), (x2, y2) = (0.30, 0.80), (0.40, 0.50), (0.60, 0.40)
    return (
        (1 - t) ** 2 * x0 + 2 * t * (1 - t) * x1 + t**2 * x2,
        (1 - t) ** 2 * y0 + 2 * t * (1 - t) * y1 + t**2 * y2,
    )


def emblem() -> bytes:
    """The emblem as PNG on white, in sixteen shades: it is much of what each letter weighs."""
    edge = PIXELS * OVERSAMPLING
    image = Image.new("L", (edge, edge), PAPER)
    draw = ImageDraw.Draw(image)

    def ring(inset: float, shade: int) -> None:
        draw.ellipse((inset * edge, inset * edge, (1 - inset) * edge, (1 - inset) * edge), shade)

    def scaled(points: list[Point]) -> list[Point]:
        return [
            ((0.5 + 1.1 * (x - 0.5)) * edge, (0.495 + 1.1 * (y - 0.51)) * edge) for x, y in points
        ]

    for inset, shade in ((0.004, INK), (0.040, PAPER), (0.054, INK)):
        ring(inset, shade)
    stem = scaled([_stem(step / 60) for step in range(61)])
    draw.line(stem, PAPER, width=round(0.016 * edge), joint="curve")
    for t, angle, length in (
        (0.22, 128, 0.25),
        (0.30, -4, 0.27),
        (0.52, 112, 0.25),
        (0.60, -14, 0.25),
        (0.80, 94, 0.23),
        (0.86, -22, 0.22),
        (0.97, 32, 0.24),
    ):
        draw.polygon(scaled(_leaf(_stem(t), angle, length, 0.088)), PAPER)
    small = image.resize((PIXELS, PIXELS), Image.Resampling.LANCZOS)
    sixteen = small.point([round(shade / 17) for shade in range(256)])
    sixteen = Image.frombytes("P", sixteen.size, sixteen.tobytes())
    sixteen.putpalette(
        [
            round(n + (w - n) * step / 15)
            for step in range(16)
            for n, w in zip(NAVY, WHITE, strict=True)
        ]
    )
    out = io.BytesIO()
    dots_per_inch = PIXELS / WIDTH * 25.4
    sixteen.save(out, "PNG", optimize=True, dpi=(dots_per_inch, dots_per_inch))
    return out.getvalue()
