"""The keys that phone numbers and e-mail addresses are encrypted with at rest: the present one, former ones to read."""

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

#: What a page shows instead of a value whose key is lost. No form takes it for a number or an address.
UNREADABLE = "无法解密"


class Unreadable(str):
    """Stands for a value that none of the keys opens. Written back, it is the value that was there."""

    token: str

    def __new__(cls, token: str) -> "Unreadable":
        text = str.__new__(cls, UNREADABLE)
        text.token = token
        return text


class FieldCipher:
    """Encrypts one field's text with a key derived from the service's secret key; reads what former keys wrote too."""

    def __init__(self, secret_key: str, former_keys: Sequence[str] = ()) -> None:
        self._present = _fernet(secret_key)
        self._any = MultiFernet([self._present, *map(_fernet, former_keys)])

    def encrypt(self, text: str) -> str:
        """The text as a Fernet token of about 100 characters; an unreadable one as the token that it was read from."""
        return text.token if isinstance(text, Unreadable) else self._present.encrypt(text.encode()).decode()

    def decrypt(self, token: str) -> str:
        """The text again, or Unreadable where none of the keys opens it."""
        try:
            return self._any.decrypt(token.encode()).decode()
        except InvalidToken:
            return Unreadable(token)

    def is_present(self, token: str) -> bool:
        """Whether the present key opens it."""
        try:
            self._present.decrypt(token.encode())
        except InvalidToken:
            return False
        return True


def _fernet(secret_key: str) -> Fernet:
    # HKDF gives this purpose a key of its own: one that signs cookies must not also decrypt phones.
    derived = HKDF(SHA256(), length=32, salt=None, info=b"qunbei field encryption 1").derive(secret_key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
