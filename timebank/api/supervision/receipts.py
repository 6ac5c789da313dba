"""Receipts to print: a small sheet that says where in the log a fact is, for people and, as a QR code, for programs."""

import io
from datetime import datetime
from html import escape

import segno

WIDTH, HEIGHT, MARGIN = 640, 400, 28
"""In units of a sheet that prints well on A6 and larger."""


def drawn(line: str, topic: str, recorded_at: datetime) -> str:
    """A receipt as SVG. What the QR code holds is `line`, which stands below it in letters too."""
    origin, position, leaf = line.split()
    said = [
        ("时间银行收据 · Time bank receipt", 26),
        (f"{topic} · {recorded_at:%Y-%m-%d %H:%M:%S %z}", 17),
        (f"位置 position {position}", 17),
        (origin, 13),
        (leaf, 13),
        ("凭此可向银行取证明并自行核对。", 15),
        ("Ask the bank for the proof of this position, and check it yourself.", 13),
    ]
    image = io.BytesIO()
    segno.make(line, error="m", micro=False).save(image, kind="svg", scale=4, xmldecl=False, svgns=False, nl=False)
    rows, height = [], 0
    for text, size in said:
        height += size + 12
        rows.append(f'<text x="{MARGIN}" y="{MARGIN + height}" font-size="{size}">{escape(text)}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' font-family="sans-serif"><rect width="{WIDTH}" height="{HEIGHT}" fill="white" stroke="black"/>'
        f'{"".join(rows)}<g transform="translate({WIDTH - 200} {HEIGHT - 200})">{image.getvalue().decode()}</g></svg>'
    )
