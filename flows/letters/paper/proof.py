"""Pages marked as a proof: letters that may be read, and that nobody can take for signed off."""

from io import BytesIO

import pikepdf

_A4 = (595.0, 842.0)
"""Points: the page that the mark is drawn for, and scaled from."""
_DRAWN = b"""\
q /GS gs 0.5 g
BT /F 150 Tf 0.637 0.771 -0.771 0.637 162 190 Tm (PROOF) Tj ET Q
q 0.7 0 0 rg BT /F 10 Tf 40 820 Td (PROOF: not signed off, not to be posted) Tj ET Q
"""
"""PROOF across the page in grey that print shines through, and a line in the upper margin."""


def marked(pdf: bytes) -> bytes:
    """The PDF with PROOF across each of its pages."""
    with pikepdf.Pdf.open(BytesIO(pdf)) as opened:
        mark = _mark(opened)
        for page in opened.pages:
            box = [float(edge) for edge in page.mediabox]
            wide, high = box[2] - box[0], box[3] - box[1]
            name = page.add_resource(mark, pikepdf.Name.XObject)
            place = f"{wide / _A4[0]:.4f} 0 0 {high / _A4[1]:.4f} {box[0]:.2f} {box[1]:.2f} cm"
            page.contents_add(b"q\n", prepend=True)
            page.contents_add(f"\nQ q {place} {name} Do Q\n".encode())
        buffer = BytesIO()
        opened.save(buffer, deterministic_id=True)
        return buffer.getvalue()


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
