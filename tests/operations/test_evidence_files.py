"""What is kept of a file that was sent: told by its content, and a picture made anew."""

import stat
import struct
import zlib
from io import BytesIO

import pytest
from flask import Flask
from PIL import Image

from operations import evidence_files
from operations.evidence_files import FileRefused, Prepared, discard, folder, path_of, prepare
from tests.pages.conftest import one_database
from tests.pictures import PDF, photograph, picture, with_chunk

pytestmark = [one_database, pytest.mark.usefixtures("context")]


def kept(content: bytes) -> tuple[Prepared, bytes]:
    prepared = prepare(BytesIO(content))
    return prepared, path_of(prepared.stored_name).read_bytes()


def refused(content: bytes) -> str:
    with pytest.raises(FileRefused) as error:
        prepare(BytesIO(content))
    assert list(folder().iterdir()) == []
    return error.value.sentence


@pytest.mark.parametrize(("kind", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
def test_a_picture_is_kept_as_what_it_is(kind: str, media_type: str) -> None:
    prepared, content = kept(picture(kind))
    assert prepared.media_type == media_type
    assert Image.open(BytesIO(content)).format == kind
    assert prepared.size == len(content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_nothing_is_kept_of_a_picture_but_what_it_shows(kind: str) -> None:
    """F11: no place, no device, no profile, no comment, nothing behind the end."""
    exif = Image.Exif()
    exif[0x010F] = "SECRET-maker"
    exif.get_ifd(0x8825)[1] = "N"
    options: dict[str, object] = {"exif": exif, "icc_profile": b"SECRET-profile"}
    if kind == "JPEG":
        options["comment"] = b"SECRET-comment"
    sent = picture(kind, **options)
    if kind == "PNG":
        text = b"tEXtComment\0SECRET-text"
        chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
        sent = sent[:33] + chunk + sent[33:]
    _, content = kept(sent + b"SECRET-behind <script>")
    assert b"SECRET" in sent
    assert b"SECRET" not in content
    image = Image.open(BytesIO(content))
    assert not image.getexif()
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "loop", "background"}


def test_a_picture_lying_on_its_side_is_set_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    _, content = kept(picture("JPEG", (40, 20), exif=exif))
    assert Image.open(BytesIO(content)).size == (20, 40)


def test_a_transparent_picture_stays_so_and_one_of_a_palette_can_be_read() -> None:
    made = BytesIO()
    Image.new("RGBA", (4, 4), (1, 2, 3, 0)).save(made, "PNG")
    assert Image.open(BytesIO(kept(made.getvalue())[1])).getpixel((0, 0)) == (1, 2, 3, 0)
    made = BytesIO()
    Image.new("P", (4, 4)).save(made, "PNG", transparency=0)
    assert Image.open(BytesIO(kept(made.getvalue())[1])).mode == "RGBA"
    made = BytesIO()
    Image.new("CMYK", (4, 4)).save(made, "JPEG")
    assert Image.open(BytesIO(kept(made.getvalue())[1])).mode == "RGB"


def test_of_a_moving_picture_the_first_frame_is_kept() -> None:
    made = BytesIO()
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save(made, "WEBP", save_all=True, append_images=frames[1:])
    assert getattr(Image.open(BytesIO(kept(made.getvalue())[1])), "n_frames", 1) == 1


def test_a_picture_of_six_megabytes_is_taken_and_made_smaller() -> None:
    """F11: a photograph of six megabytes."""
    prepared, content = kept(photograph(6))
    assert prepared.size < 6 * 1024 * 1024
    assert max(Image.open(BytesIO(content)).size) <= 2560


def test_a_picture_that_is_too_long_is_made_smaller_and_one_that_is_not_stays() -> None:
    assert Image.open(BytesIO(kept(picture(size=(2561, 100)))[1])).size == (2560, 100)
    assert Image.open(BytesIO(kept(picture(size=(2560, 100)))[1])).size == (2560, 100)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "文件是空的"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "SVG"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><svg/>', "SVG"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 40, "HEIC"),
        (b"GIF89a" + b"\0" * 40, "只能上传 JPG、PNG、WebP 图片或 PDF"),
        (b"MZ" + b"\0" * 200, "只能上传 JPG、PNG、WebP 图片或 PDF"),
        (picture("JPEG", (400, 400))[:500], "不完整或已损坏"),
        (picture("PNG", (400, 400), "red")[:60], "不完整或已损坏"),
        (picture("WEBP", (400, 400))[:40], "不完整或已损坏"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "不完整或已损坏"),
        (with_chunk(picture("PNG"), b"gAMA", b"\0", before=b"IEND"), "不完整或已损坏"),
        (with_chunk(picture("PNG"), b"cHRM", b"\0" * 3, before=b"IEND"), "不完整或已损坏"),
        (with_chunk(picture("PNG"), b"eXIf", b"II*\0", before=b"IDAT"), "不完整或已损坏"),
        (b"%PDF-1.4\nno end", "PDF 文件不完整"),
        (PDF.replace(b"/Catalog", b"/Catalog /JavaScript (x)"), "带有脚本"),
        (PDF.replace(b"/Catalog", b"/Catalog /J#61vaScript (x)"), "带有脚本"),
        (PDF.replace(b"/Catalog", b"/Catalog /Launch"), "带有脚本"),
        (PDF.replace(b"/Catalog", b"/Catalog /EmbeddedFile"), "带有脚本"),
        (b"\xff\xd8\xff" + b"\0" * (10 * 1024 * 1024), "超过10 MB"),
    ],
)
def test_what_is_not_a_whole_picture_or_plain_pdf_is_refused_with_a_remedy(content: bytes, said: str) -> None:
    """F11: an SVG that is called a picture, an empty file, one that is cut off."""
    assert said in refused(content)


def test_a_picture_that_unpacks_to_more_than_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert "尺寸太大" in refused(picture(size=(11, 10)))
    assert "尺寸太大" in refused(picture(size=(100, 100)))
    assert kept(picture(size=(10, 10)))


def test_a_pdf_is_kept_byte_for_byte() -> None:
    prepared, content = kept(PDF)
    assert (prepared.media_type, content) == ("application/pdf", PDF)


def test_nobody_else_reads_the_folder_or_the_files() -> None:
    prepared, _ = kept(picture())
    assert stat.S_IMODE(folder().stat().st_mode) == 0o700
    assert stat.S_IMODE(path_of(prepared.stored_name).stat().st_mode) == 0o600
    discard([prepared.stored_name, prepared.stored_name])
    assert list(folder().iterdir()) == []


def test_a_full_disk_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, app: Flask) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(evidence_files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        prepare(BytesIO(PDF))
    assert list(folder().iterdir()) == []
