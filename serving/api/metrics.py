"""What `/metrics` says, in Prometheus' text form; one registry per application."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """The counts of one application."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"callmill_{name}", text, labels, registry=registry)

        self.requests = counter("requests", "Requests by path and status (499: the client left)", "path", "status")
        self.prompt_tokens = counter("prompt_tokens", "Tokens read")
        self.generated_tokens = counter("generated_tokens", "Tokens made")
        self.calls = counter("calls_returned", "Calls that went out, all of them checked")
        self.refused_calls = counter("calls_refused", "Answers held back, by what was wrong", "reason")
        self.running = Gauge("callmill_running", "Answers that have begun", registry=registry)
        self.waiting = Gauge("callmill_waiting", "Answers whose first token is still to come", registry=registry)
        self.seconds = Histogram(
            "callmill_request_seconds", "Seconds per request", ["path"], buckets=SECONDS, registry=registry
        )

    def add_request(self, path: str, status: int, seconds: float) -> None:
        """Count a request that is over."""
        self.requests.labels(path, str(status)).inc()
        self.seconds.labels(path).observe(seconds)

    def text(self) -> bytes:
        """The page."""
        return generate_latest(self._registry)
