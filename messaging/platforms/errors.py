"""What can go wrong between us and a platform. Neither error ever holds a token, a secret or an address."""


class PlatformError(Exception):
    """A call to a platform came to nothing."""


class PlatformUnreachable(PlatformError):
    """No usable answer: no connection, too late, a server's error, or not what the platform's pages describe."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PlatformRefused(PlatformError):
    """The platform answered no: `errcode` says why; `errmsg` is its text for people, never to be matched on.

    `caller_ip` is the address that the platform saw us at, where it said so; no text of the error holds it.
    """

    def __init__(self, errcode: int, errmsg: str, caller_ip: str = "") -> None:
        super().__init__(f"{errcode} {errmsg}")
        self.caller_ip = caller_ip
        self.errcode = errcode
        self.errmsg = errmsg
