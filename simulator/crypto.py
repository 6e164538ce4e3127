"""Message encryption between WeCom and an app's callback address [90968]."""

import base64
import hashlib
import hmac
import secrets
import struct

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from simulator.settings import check_aes_key

RANDOM_BYTES = 16
BLOCK_BITS = 256  # PKCS#7 to a multiple of 32 bytes, not of AES's 16


class BadMessage(Exception):
    """An encrypted message does not carry our signature, receiver or form."""


class Crypto:
    """Encrypts and signs with an app's Token and EncodingAESKey; `receiver` is the corp's id."""

    def __init__(self, token: str, aes_key: str, receiver: str) -> None:
        self.token = token
        self.receiver = receiver.encode()
        key = check_aes_key(aes_key)
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))

    def encrypt(self, message: str, *, prefix: bytes | None = None) -> str:
        """Base64 text of `message`; `prefix` stands for the 16 random bytes in tests."""
        data = message.encode()
        start = secrets.token_bytes(RANDOM_BYTES) if prefix is None else prefix
        padder = padding.PKCS7(BLOCK_BITS).padder()
        plain = start + struct.pack(">I", len(data)) + data + self.receiver
        encryptor = self._cipher.encryptor()
        cipher = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
        return base64.b64encode(cipher).decode()

    def decrypt(self, encrypted: str) -> str:
        """The message inside `encrypted`. Raises BadMessage."""
        try:
            plain = self._unpad(base64.b64decode(encrypted, validate=True))
            (length,) = struct.unpack(">I", plain[RANDOM_BYTES : RANDOM_BYTES + 4])
            rest = plain[RANDOM_BYTES + 4 :]
            message = rest[:length].decode()
        except (ValueError, struct.error) as error:
            raise BadMessage("not an encrypted message") from error
        if rest[length:] != self.receiver:
            raise BadMessage("the receiver is another corp")
        return message

    def _unpad(self, cipher: bytes) -> bytes:
        decryptor = self._cipher.decryptor()
        unpadder = padding.PKCS7(BLOCK_BITS).unpadder()
        return unpadder.update(decryptor.update(cipher) + decryptor.finalize()) + unpadder.finalize()

    def sign(self, timestamp: str, nonce: str, encrypted: str) -> str:
        """msg_signature: SHA-1 in lower-case hex over the four texts in order."""
        joined = "".join(sorted([self.token, timestamp, nonce, encrypted]))
        return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()

    def open(self, encrypted: str, *, signature: str, timestamp: str, nonce: str) -> str:
        """The message inside `encrypted` if the signature is ours. Raises BadMessage."""
        if not hmac.compare_digest(self.sign(timestamp, nonce, encrypted), signature):
            raise BadMessage("wrong signature")
        return self.decrypt(encrypted)
