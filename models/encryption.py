"""The key that mobiles and e-mail addresses are encrypted with at rest."""

import base64

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class FieldCipher:
    """Encrypts and decrypts one field's text with a key derived from the service's secret key."""

    def __init__(self, secret_key: str) -> None:
        # HKDF gives this purpose a key of its own: one that signs cookies must not also decrypt phones.
        derived = HKDF(SHA256(), length=32, salt=None, info=b"qunbei field encryption 1").derive(secret_key.encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def encrypt(self, text: str) -> str:
        """The text as a Fernet token of about 100 characters."""
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, token: str) -> str:
        """The text again; raises cryptography.fernet.InvalidToken if the secret key has changed."""
        return self._fernet.decrypt(token.encode()).decode()
