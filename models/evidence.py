"""附件: pictures and PDFs that bear a filing out. The rows name the files, which lie outside the web root."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, UTCDateTime, stored, utc_now


class EvidenceKind(StrEnum):
    """What a file shows."""

    QR_CODE = "qr_code"
    REAL_NAMES = "real_names"
    SIGNED_FORM = "signed_form"
    OTHER = "other"

    @property
    def label(self) -> str:
        return {"qr_code": "群二维码", "real_names": "实名截图", "signed_form": "签字的登记表", "other": "其他"}[
            self.value
        ]


class Evidence(Base):
    """One file. `stored_name` is ours and says nothing; what it was called on somebody's phone is not kept."""

    __tablename__ = "evidence"
    __table_args__ = (CheckConstraint("size > 0", name="size_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    filing_id: Mapped[int] = mapped_column(ForeignKey("filings.id"), index=True)
    kind: Mapped[EvidenceKind] = mapped_column(stored(EvidenceKind, "kind"))
    stored_name: Mapped[str] = mapped_column(String(64), unique=True)
    media_type: Mapped[str] = mapped_column(String(32))
    #: In bytes, as it is kept.
    size: Mapped[int]
    #: SHA-256 of what is kept, in hexadecimal.
    digest: Mapped[str] = mapped_column(String(64))
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    uploaded_by_name: Mapped[str] = mapped_column(String(64))
    uploaded_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
    #: Taken away again: the file is gone, that there was one is not.
    removed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
