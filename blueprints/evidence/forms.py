"""Choosing files to add to a filing, and what they show."""

from collections.abc import Sequence
from typing import Any

from werkzeug.datastructures import FileStorage
from wtforms import MultipleFileField, RadioField
from wtforms.fields.choices import SelectChoice

from blueprints.filings.forms import PageForm
from models import EvidenceKind
from operations import evidence_files
from operations.evidence_files import FileRefused, Prepared

NOTHING_SENT = "请选择要上传的附件。"
#: A browser forgets the files once the page is shown again.
NO_KIND = "请选择附件类型，并重新选择文件。"
WRONG_KIND = "附件类型请从列出的选项中选择，并重新选择文件。"


class EvidenceForm(PageForm):
    """附件类型, and up to five files."""

    kind = RadioField("附件类型", validate_choice=False)
    files = MultipleFileField("附件")

    def __init__(self, kinds: Sequence[EvidenceKind], **options: Any) -> None:
        super().__init__(**options)
        self.kinds = kinds
        self.kind.choices = [SelectChoice(kind.value, kind.label) for kind in kinds]
        if len(kinds) == 1 and not self.kind.raw_data:
            self.kind.data = kinds[0].value

    @property
    def sent(self) -> Sequence[FileStorage]:
        """The files that were chosen; a browser sends an empty part where there is none."""
        return [file for file in self.files.data or [] if isinstance(file, FileStorage) and file.filename]

    @property
    def chosen_kind(self) -> EvidenceKind | None:
        """What the files show; None, with a sentence, where nothing known was said."""
        known = next((kind for kind in self.kinds if kind.value == self.kind.data), None)
        if known is None:
            self.kind.errors = [WRONG_KIND if self.kind.data else NO_KIND]
        return known

    def prepared(self) -> list[Prepared]:
        """The files as they will be kept; none, with a sentence for each that cannot be, if one cannot."""
        done: list[Prepared] = []
        wrong: list[str] = []
        for file in self.sent:
            try:
                done.append(evidence_files.prepare(file.stream))
            except FileRefused as refused:
                wrong.append(f"“{file.filename}”：{refused.sentence}")
        if wrong:
            self.refuse(*wrong)
            evidence_files.discard(file.stored_name for file in done)
            return []
        return done

    def refuse(self, *sentences: str) -> None:
        """Put the sentences at the files."""
        self.files.errors = list(sentences)
