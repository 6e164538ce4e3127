"""The files of 附件: what may come in is told by its content, and what is kept of a picture is made anew.

A picture is decoded and written again, so that nothing is kept of it but what it shows: no place where it was taken,
no text, nothing behind its end. A PDF is kept as it came. Of it is checked that it begins and ends as one, and that no
name of a script, of a program to start or of a file inside it can be read in it; what stands in compressed parts is
not looked at, and so a PDF is only ever given out as a download.
"""

import hashlib
import os
import re
import struct
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from flask import current_app
from PIL import Image, ImageOps

from operations.errors import OperationRefused

MEGABYTE = 1024 * 1024
LARGEST = 10 * MEGABYTE
#: In pixels: the longest side of what is kept, and how many a picture may have at all.
LONGEST_SIDE = 2560
MOST_PIXELS = 64_000_000
#: What is read of pictures, how each kind is written again, and what it is called.
WRITTEN: dict[str, tuple[str, dict[str, Any]]] = {
    "JPEG": ("image/jpeg", {"quality": 85}),
    "PNG": ("image/png", {}),
    "WEBP": ("image/webp", {"quality": 85}),
}
PDF = "application/pdf"
SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", PDF: ".pdf"}
#: Names in a PDF that make it more than paper. Any letter of a name may be written as #xx.
_ACTIVE = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFile|RichMedia)")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_HEIC = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif")
_PART = ".part"
#: How long a file may lie there before a row names it.
UNNAMED_FOR = 24 * 3600

# A picture that unpacks to more than fits the memory is an error, and not a line in the log.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)
#: One picture at a time is unpacked: a large one takes a quarter of a gigabyte.
_unpacking = threading.Lock()

_REMEDY = "请截图，或另存为 JPG 后再上传。"


class FileRefused(OperationRefused):
    """What was sent cannot be kept as 附件; the sentence says what to do."""


@dataclass(frozen=True)
class Prepared:
    """A file that lies in the folder under its name of ours, and is named by no row yet."""

    stored_name: str
    media_type: str
    size: int
    digest: str


def folder() -> Path:
    """Where the files are; made when it is first asked for, readable by the service alone."""
    path = Path(current_app.instance_path) / "evidence"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def path_of(stored_name: str) -> Path:
    """The file of this name."""
    return folder() / stored_name


def prepare(stream: IO[bytes]) -> Prepared:
    """Check what the stream holds by its content and write what will be kept of it. Raises FileRefused.

    No transaction need be open: it takes a while. `discard` what no row is going to name.
    """
    _refuse_wrong_size(stream)
    head = stream.read(1024)
    stream.seek(0)
    part = folder() / f"{uuid4().hex}{_PART}"
    try:
        media_type = _write_pdf(stream, part) if head.startswith(b"%PDF-") else _write_picture(stream, head, part)
        return _named(part, media_type)
    finally:
        part.unlink(missing_ok=True)


def discard(stored_names: Iterable[str]) -> None:
    """Delete these files; one that is gone already is no fault."""
    for name in stored_names:
        path_of(name).unlink(missing_ok=True)


def old_files() -> list[str]:
    """The files that have lain there for more than a day."""
    before = time.time() - UNNAMED_FOR
    with os.scandir(folder()) as entries:
        return [entry.name for entry in entries if entry.is_file() and entry.stat().st_mtime < before]


def _refuse_wrong_size(stream: IO[bytes]) -> None:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if size == 0:
        raise FileRefused("文件是空的，请重新选择。")
    if size > LARGEST:
        raise FileRefused(f"文件超过{LARGEST // MEGABYTE} MB，{_REMEDY}")


def _write_pdf(stream: IO[bytes], part: Path) -> str:
    content = stream.read()
    if b"%%EOF" not in content[-1024:]:
        raise FileRefused("PDF 文件不完整，请重新导出后再上传。")
    if _ACTIVE.search(_ESCAPED.sub(lambda escaped: bytes([int(escaped[1], 16)]), content)):
        raise FileRefused("PDF 里带有脚本、程序或其他文件，不能上传。请打印成新的 PDF，或者截图。")
    with _new_file(part) as file:
        file.write(content)
    return PDF


def _write_picture(stream: IO[bytes], head: bytes, part: Path) -> str:
    _refuse_by_beginning(head)
    with _unpacking:
        try:
            return _rewrite(stream, part)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise FileRefused(f"图片的尺寸太大，{_REMEDY}") from None
        except (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError, struct.error):
            # What Pillow raises for a picture that is cut off or damaged.
            raise FileRefused(f"图片不完整或已损坏，打不开。{_REMEDY}") from None


def _refuse_by_beginning(head: bytes) -> None:
    """Say of what people do send, and what is not read, what it is."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<svg", b"<?xml", b"<!doctype", b"<html")):
        raise FileRefused(f"这是 SVG 或网页文件，不是照片或截图，不能上传。{_REMEDY}")
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC:
        raise FileRefused(f"这是 HEIC 格式的照片，不能上传。{_REMEDY}")
    known = head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
    if not known:
        raise FileRefused(f"只能上传 JPG、PNG、WebP 图片或 PDF。{_REMEDY}")


def _rewrite(stream: IO[bytes], part: Path) -> str:
    with Image.open(stream, formats=list(WRITTEN)) as image:
        kind = image.format or ""
        media_type, options = WRITTEN[kind]
        # The first frame, at most so long; a JPEG is made smaller while it is read.
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        upright = ImageOps.exif_transpose(image)
        plain = upright.convert("RGBA" if _is_transparent(upright) else "RGB")
        # Profiles, texts and comments lie beside the pixels, and would be written again.
        plain.info = {}
        with _new_file(part) as file:
            plain.save(file, format=kind, **options)
    return media_type


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("LA", "PA", "RGBA", "RGBa") or "transparency" in image.info


@contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    """A new file that nobody else may read, on the disk when the block ends."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _named(part: Path, media_type: str) -> Prepared:
    """The file under its lasting name, which says nothing of whom or what it shows."""
    stored_name = part.stem + SUFFIXES[media_type]
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = part.stat().st_size
    part.rename(path_of(stored_name))
    return Prepared(stored_name, media_type, size, digest)
