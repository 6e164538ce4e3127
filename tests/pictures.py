"""Pictures and PDFs that the tests send as 附件."""

import random
import zlib
from io import BytesIO

from PIL import Image

PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"


def picture(kind: str = "PNG", size: tuple[int, int] = (8, 8), colour: str = "white", **options: object) -> bytes:
    """A small picture of one colour."""
    made = BytesIO()
    Image.new("RGB", size, colour).save(made, kind, **options)
    return made.getvalue()


def with_chunk(png: bytes, kind: bytes, content: bytes, *, before: bytes) -> bytes:
    """The PNG with one more chunk before its first one of the kind `before`."""
    chunk = len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
    # A chunk begins with its length, ahead of its kind.
    at = png.index(before) - 4
    return png[:at] + chunk + png[at:]


def photograph(megabytes: int) -> bytes:
    """A JPEG of at least so many megabytes, of noise, which cannot be packed any smaller."""
    side, made = 1000, BytesIO()
    while len(made.getvalue()) < megabytes * 1024 * 1024:
        noise = random.Random(1).randbytes(side * side * 3)
        made = BytesIO()
        Image.frombytes("RGB", (side, side), noise).save(made, "JPEG", quality=95)
        side += 400
    return made.getvalue()
