"""What WeCom's errcodes mean to a message on its way [90313]."""

from messaging.platforms.wecom_transport import SECRET_REFUSED, STALE_TOKEN

#: The task id was sent before: the message is there already.
ALREADY_KNOWN = frozenset({42014})
#: The right to change the card was used or has lapsed.
CARD_SPENT = frozenset({60140})
#: None of the recipients is known, or in the app's visible range.
NO_RECIPIENT = 81013
#: The platform would say the same of this message another time: wrong in itself, or for nobody.
FINAL = frozenset(
    {
        *(40003, NO_RECIPIENT, 82001, 82002, 82003),
        *(40007, 40008, 40031, 40032, 40033, 40058, 41016, 41033, 44004, 45002, 45008, 45034),
        *range(42015, 42052),
        *(82101, 82102),
    }
)
#: The app could not speak to the platform at all: no fault of the message, and no try of it.
NO_TOKEN = STALE_TOKEN | SECRET_REFUSED


def may_pass(errcode: int) -> bool:
    """Whether the same message may be accepted later: so it is, unless the platform's documents say it will not."""
    return errcode not in FINAL
