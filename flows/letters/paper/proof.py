"""Pages marked as a proof: letters that may be read, and that nobody can take for signed off."""

import pikepdf

_A4 = (595.0, 842.0)
"""Points: the page that the mark is drawn for, and scaled from."""
_DRAWN = b"""\
q /GS gs 0.5 g
BT /F 150 Tf 0.637 0.771 -0.771 0.637 162 190 Tm (PROOF) Tj ET Q
q 0.7 0 0 rg BT /F 10 Tf 40 820 Td (PROOF: not signed off, not to be posted) Tj ET Q
"""
"""PROOF across the page in grey that print shines through, and a line in the upper margin."""
_KIND, _NAME = "/XObject", "/NotSignedOff"


class Mark:
    """The mark in one PDF, drawn once and put on as many pages as there are."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self._pdf = pdf
        self._mark = _mark(pdf)
        self._before = pdf.make_stream(b"q\n")
        self._after: dict[tuple[float, ...], pikepdf.Object] = {}

    def put_on(self, page: pikepdf.Page) -> None:
        """Write PROOF across the page."""
        page.obj["/Resources"] = resources = page.resources
        if _KIND not in resources:
            resources[_KIND] = pikepdf.Dictionary()
        resources[_KIND][_NAME] = self._mark
        own = page.obj.get("/Contents", pikepdf.Array())
        parts = list(own) if isinstance(own, pikepdf.Array) else [own]
        page.obj["/Contents"] = pikepdf.Array([self._before, *parts, self._drawing(page)])

    def _drawing(self, page: pikepdf.Page) -> pikepdf.Object:
        """What puts the mark on a page of this size."""
        box = tuple(float(edge) for edge in page.mediabox)
        if box not in self._after:
            wide, high = box[2] - box[0], box[3] - box[1]
            place = f"{wide / _A4[0]:.4f} 0 0 {high / _A4[1]:.4f} {box[0]:.2f} {box[1]:.2f} cm"
            drawn = f"\nQ q {place} {_NAME} Do Q\n".encode()
            self._after[box] = self._pdf.make_stream(drawn)
        return self._after[box]


def _mark(pdf: pikepdf.Pdf) -> pikepdf.Object:
    """One drawing that all pages share."""
    mark = pdf.make_stream(_DRAWN)
    mark["/Type"], mark["/Subtype"] = pikepdf.Name.XObject, pikepdf.Name.Form
    mark["/BBox"] = pikepdf.Array([0, 0, int(_A4[0]), int(_A4[1])])
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.Type1,
        BaseFont=pikepdf.Name("/Helvetica-Bold"),
    )
    through = pikepdf.Dictionary(Type=pikepdf.Name.ExtGState, ca=0.25)
    mark["/Resources"] = pikepdf.Dictionary(
        Font=pikepdf.Dictionary(F=font), ExtGState=pikepdf.Dictionary(GS=through)
    )
    return mark
