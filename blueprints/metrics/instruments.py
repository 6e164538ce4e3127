"""What the web processes count themselves, and the page of figures that Prometheus reads.

Under gunicorn several processes count, each into files of its own in the folder that gunicorn.conf.py makes, and every
page is added up from all of them. Where no such folder is named there is one process, and its memory holds all.
"""

import os
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from models import MessageState, Urgency
from operations.figures import Figures

#: The variable that tells prometheus_client, while it is imported, to count in files.
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
#: What came: a tap, a change of the directory, anything else; the platform's check of an address; and what could not
#: be read, or was not the platform's.
KINDS = TAP, CHANGE, OTHER, CHECK, UNREAD = "tap", "change", "other", "check", "unread"
OUTCOMES = OK, REFUSED, FAILED = "ok", "refused", "failed"
#: In seconds: at 5 the platform cuts the connection and sends the event again [90930].
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

# When a counter began is a series more for each of them, and says nothing here.
disable_created_metrics()
CALLBACKS = Counter("qunbei_callbacks", "Calls of the platform to our addresses.", ("kind", "outcome"), registry=None)
CALLBACK_TIME = Histogram(
    "qunbei_callback_seconds",
    "How long the platform waited for an answer; at 5 s it cuts the connection.",
    ("kind",),
    buckets=BUCKETS,
    registry=None,
)
# A series that is not there yet shows no rise when it begins.
for _kind in KINDS:
    CALLBACK_TIME.labels(_kind)
    for _outcome in OUTCOMES:
        CALLBACKS.labels(_kind, _outcome)


def page_of(figures: Figures) -> bytes:
    """These figures and those of all web processes, in Prometheus' text format."""
    registry = CollectorRegistry()
    if FOLDER in os.environ:
        MultiProcessCollector(registry)
    else:
        registry.register(CALLBACKS)
        registry.register(CALLBACK_TIME)
    registry.register(_Database(figures))
    return generate_latest(registry)


class _Database(Collector):
    """What the database knows, and so the same in every process."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        known = self._figures
        yield _counter("qunbei_message_tries", "How often a message was put to the platform.", known.tried)
        yield _counter("qunbei_messages_sent", "Messages that the platform took.", known.sent)
        yield _counter("qunbei_messages_failed", "Messages that were given up.", known.failed)
        for state, said in ((MessageState.PENDING, "wait to be sent"), (MessageState.SENDING, "are being sent")):
            waiting = GaugeMetricFamily(f"qunbei_messages_{state.value}", f"Messages that {said}.", labels=("urgency",))
            for urgency in Urgency:
                waiting.add_metric((urgency.name.lower(),), known.waiting.get((state, urgency), 0))
            yield waiting
        yield _gauge(
            "qunbei_messages_oldest_due_seconds",
            "How long the message that has been due longest is due; 0 when none is.",
            known.oldest_due,
        )
        yield _gauge(
            "qunbei_worker_seconds_since_beat",
            "Since the last sign of life of any worker; +Inf when none is at work.",
            known.since_beat,
        )
        yield _gauge(
            "qunbei_sending_stopped",
            "1 while the platform takes no message, since it refuses the app's secret or this server's address.",
            int(known.is_stopped),
        )


def _counter(name: str, said: str, value: int) -> Metric:
    return CounterMetricFamily(name, said, value)


def _gauge(name: str, said: str, value: float) -> Metric:
    return GaugeMetricFamily(name, said, value)
