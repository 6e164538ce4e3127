"""What the processes log, on the standard error stream: our own modules' news, of all others warnings and worse."""

import logging

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
OURS = ("blueprints", "operations", "messaging")


def init_logs() -> None:
    """Show what is logged, unless whoever runs the process has set up their own."""
    logging.basicConfig(format=FORMAT)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
