"""What WeCom's errcodes mean to a message on its way [90313]."""

from messaging.platforms.wecom_transport import BUSY, SECRET_REFUSED, STALE_TOKEN

#: The task id was sent before: the message is there already.
ALREADY_KNOWN = frozenset({42014})
#: The right to change the card was used or has lapsed.
CARD_SPENT = frozenset({60140})
#: None of the recipients is known, or in the app's visible range.
NO_RECIPIENT = 81013
#: Too much at once, or too many at once.
THROTTLED = frozenset({45009, 45033})
#: The app is not set up as it must be, which its administrator can mend: callback address, agent id, rights,
#: trusted addresses.
CURABLE = frozenset({43012, 40056, 301002, 48002, 48006, 60020})

PASSING = frozenset({BUSY}) | THROTTLED | STALE_TOKEN | SECRET_REFUSED | CURABLE


def may_pass(errcode: int) -> bool:
    """Whether the same message may be accepted later."""
    return errcode in PASSING
