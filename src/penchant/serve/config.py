"""What can be set about a service: the table ``[serve]`` of ``penchant.toml``."""

from __future__ import annotations

from dataclasses import dataclass, field

from penchant.core import UsageError
from penchant.live import CatalogueConfig, LiveConfig
from penchant.live.drift import DriftConfig
from penchant.rank import PolicyConfig

from .batching import BatchConfig
from .edge import EdgeConfig


@dataclass(frozen=True)
class ServeConfig:
    """How a service answers."""

    asking: BatchConfig = field(default_factory=BatchConfig)
    """How questions of many connections are gathered."""

    edge: EdgeConfig = field(default_factory=EdgeConfig)
    """What is let through."""

    threads: int = 1
    """Threads of one call of the model or the index. Where calls are short, several workers make more
    of the cores."""

    live: LiveConfig = field(default_factory=LiveConfig)
    """How much is kept of what users do."""

    policy: PolicyConfig | None = None
    """What is done to lists, in the place of the bundle's policy; the table ``[policy]``."""

    catalogue: CatalogueConfig = field(default_factory=CatalogueConfig)
    """How items that are put are read."""

    drift: DriftConfig = field(default_factory=DriftConfig)
    """How what people do is watched for change."""

    log_url: str | None = None
    """Where the event log lies, such as ``postgresql://...``; in the data folder by default."""

    runs: str | None = None
    """The folder whose runs POST /v1/admin/reload takes; the one that --run lies in by default."""

    keep_models: int = 10
    """Models that the registry keeps."""

    log_requests: bool = False
    """Whether each request gets a line in the log, without personal data."""

    operations_port: int = 0
    """A port on 127.0.0.1 for /livez, /readyz and /metrics, answered however busy the service is;
    0 for none."""

    item_seconds: float = 1.0
    """Seconds for which the answer to a put of one item waits until the item can be recommended."""

    popular_seconds: float = 60.0
    """Seconds after which what is popular is counted anew, for those of whom nothing is known."""

    drain_seconds: float = 5.0
    """Seconds after SIGTERM for which requests are still answered, while /readyz says 503."""

    golden_seconds: float = 1.0
    """A candidate that takes longer for one of its golden questions does not answer."""

    load_seconds: float = 300.0
    """A candidate that is not loaded and asked after this time does not answer."""

    def __post_init__(self) -> None:
        for name in ("keep_models", "threads", "golden_seconds", "load_seconds"):
            if not getattr(self, name) > 0:
                raise UsageError(f"[serve] {name} must be above 0, got {getattr(self, name)}.")
