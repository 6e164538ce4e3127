"""The member list whose nicknames are compared: pasted, or as a file."""

from werkzeug.datastructures import FileStorage
from wtforms import FileField, TextAreaField

from blueprints.filings.forms import PageForm
from operations.nicknames import MOST

LARGEST = 512 * 1024
LARGEST_SAID = f"{LARGEST // 1024} KB"
TOO_LARGE = f"成员名单太大，最多{LARGEST_SAID}、{MOST}个昵称，请分几次核对。"
UNREADABLE = "名单文件读不出来。请存成 .txt 或 .csv（UTF-8 或 GB18030 编码），或者直接粘贴。"


class MembersForm(PageForm):
    """成员名单 as text, or a file that holds it."""

    members = TextAreaField("成员名单", render_kw={"rows": "8"})
    file = FileField("名单文件")

    def text(self) -> str | None:
        """What was pasted and what the file holds; None, with a sentence, for a file that cannot be read."""
        sent = self.file.data
        if not isinstance(sent, FileStorage) or not sent.filename:
            return self.members.data or ""
        content = sent.stream.read(LARGEST + 1)
        if len(content) > LARGEST:
            self.file.errors = [TOO_LARGE]
            return None
        read = _decoded(content)
        if read is None:
            self.file.errors = [UNREADABLE]
            return None
        return f"{self.members.data or ''}\n{read}"


def _decoded(content: bytes) -> str | None:
    """The text in the coding that a phone or a spreadsheet gave it; None where it is no text."""
    if b"\0" in content:
        return None
    for coding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(coding)
        except UnicodeDecodeError:
            continue
    return None
