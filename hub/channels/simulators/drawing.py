"""A baker's sketch of his shop window, as a PNG."""

import struct
import zlib

_WIDTH, _HEIGHT, _SCALE = 32, 20, 6
_PALETTE = {
    " ": (222, 239, 252),
    "#": (110, 72, 40),
    "w": (255, 255, 255),
    "y": (250, 200, 30),
    "g": (70, 150, 60),
    "b": (206, 148, 84),
}
_SKETCH = """
################################
#              #               #
#   w          #          w    #
#  wyw    w    #    w    wyw   #
#   w    wyw   #   wyw    w    #
#   g     w    #    w     g    #
#   g     g    #    g     g    #
#  gg     g    #    gg    g    #
#   g     gg   #    g    gg    #
#   g     g    #    g     g    #
################################
#              #               #
#              #     bbbbb     #
#              #   bbbbbbbbb   #
#              #  bbbbbbbbbbb  #
#              #  bbbbbbbbbbb  #
#  #########   #  bbbbbbbbbbb  #
#  #########   #   bbbbbbbbb   #
#  #########   #               #
################################
"""


def window() -> bytes:
    """Daisies above, a loaf below; 192 by 120 pixels."""
    rows = [line.ljust(_WIDTH)[:_WIDTH] for line in _SKETCH.strip("\n").splitlines()]
    pixels = b"".join(_row(row) * _SCALE for row in rows)
    header = struct.pack(">IIBBBBB", _WIDTH * _SCALE, _HEIGHT * _SCALE, 8, 2, 0, 0, 0)
    return b"".join(
        (b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(pixels)), _chunk(b"IEND", b""))
    )


def _row(row: str) -> bytes:
    return b"\0" + b"".join(bytes(_PALETTE[dot]) * _SCALE for dot in row)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
