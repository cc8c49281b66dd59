"""The edge of the server: what stands between a stranger's bytes and the routes.

Everything here is a plain ASGI middleware or a function, and works around any ASGI app. One call
stacks them in the right order, and a test can take any of them out::

    app = guarded(app, EdgeConfig(), Edge(keyring, anybody, rules, metrics, readiness, ...))
    LameDuckServer(server_config(app, EdgeConfig(), host=host, port=port), readiness).run()

From the outside in, each refusal being ``application/problem+json`` (RFC 9457) with a request id:

==================  =========================================================  ==================
on the wire         ``wire_protocol``: slow or huge headers, too many          408 431 503
                    connections, a client that does not stop sending
``Traces``          spans for OpenTelemetry, where ``tracing`` says so
``Observe``         request id, access log, request metrics
``SecurityHeaders`` CSP and the like, on every answer
``Problems``        an ``HttpProblem`` or a fault becomes a problem document   500, 503 Overloaded
``Probes``          ``/livez``, ``/readyz?verbose``: no key, no Host check     503
``UrlCheck``        paths and queries that are UTF-8, bounded, without NUL     400 414
``HostCheck``       Host (DNS rebinding) and Origin (cross-site pages)         400 403 421
``Access``          keys, scopes; puts ``caller`` into ``request.state``       401 403
``RateLimit``       a token bucket a caller                                    429
``Audit``           who did what with admin rights, or erased
``BodyGuard``       size, time, media type; reads the body, hands it on whole  400 408 413 415 503
==================  =========================================================  ==================

For the routes::

    router = APIRouter(route_class=StrictRoute)    # bodies are parsed strictly before pydantic sees them
    install_problem_handlers(fastapi_app)          # validation errors, 404, 405 as problems
    class EventIn(StrictModel): ...                # unknown fields, coercion, NaN refused
    user_id: Id                                    # a pydantic type: NFC, bounded, no control characters
    parse_json(body) -> object                     # strict; HttpProblem 400
    read_model(body, EventIn) -> EventIn           # the same, then validated; HttpProblem 422
    field_errors(validation_error, names)          # [{pointer, code, detail}], never the input
    raise HttpProblem(404, "no-such-user", "...")  # anywhere below Problems
    request.state.caller                           # Caller(key_id, name, scopes, tenant)
    request.state.request_id
"""

from typing import TYPE_CHECKING

from penchant._lazy import lazily

if TYPE_CHECKING:
    from .access import Access, RateLimit
    from .audit import Audit, AuditTrail
    from .bodies import BodyGuard, BodyLimits
    from .buckets import Buckets, OwnBuckets, Rates
    from .fastapi_parts import StrictRoute, install_problem_handlers
    from .faults import Problems, as_problem
    from .fields import field_errors, invalid_body, names_of, nearest, read_model
    from .hosts import HostCheck, is_loopback
    from .idempotency import fingerprint, idempotency_key
    from .key_file import KeyFile
    from .keyring import Keyring, check_exposure
    from .keys import ANYBODY, SCOPES, TENANT, Caller, Key
    from .logs import configure_logs
    from .metrics import Metrics, forget_worker
    from .models import Id, StrictModel, clean_id
    from .observe import Observe, current_request_id
    from .operations_port import OperationsPort
    from .problems import TITLES, FieldError, HttpProblem
    from .readiness import Probes, Readiness
    from .rules import PUBLIC, RULES, Rule, Rules
    from .security_headers import SecurityHeaders
    from .shutdown import LameDuckServer
    from .stack import Edge, EdgeConfig, guarded, server_config
    from .strict_json import JsonLimits, parse_json
    from .tracing import Traces
    from .urls import UrlCheck
    from .wire import wire_protocol
    from .wire_limits import WireLimits

_FILES = {
    "access": "Access RateLimit",
    "audit": "Audit AuditTrail",
    "bodies": "BodyGuard BodyLimits",
    "buckets": "Buckets OwnBuckets Rates",
    "fastapi_parts": "StrictRoute install_problem_handlers",
    "faults": "Problems as_problem",
    "fields": "field_errors invalid_body names_of nearest read_model",
    "hosts": "HostCheck is_loopback",
    "idempotency": "fingerprint idempotency_key",
    "key_file": "KeyFile",
    "keyring": "Keyring check_exposure",
    "keys": "ANYBODY SCOPES TENANT Caller Key",
    "logs": "configure_logs",
    "metrics": "Metrics forget_worker",
    "models": "Id StrictModel clean_id",
    "observe": "Observe current_request_id",
    "operations_port": "OperationsPort",
    "problems": "TITLES FieldError HttpProblem",
    "readiness": "Probes Readiness",
    "rules": "PUBLIC RULES Rule Rules",
    "security_headers": "SecurityHeaders",
    "shutdown": "LameDuckServer",
    "stack": "Edge EdgeConfig guarded server_config",
    "strict_json": "JsonLimits parse_json",
    "tracing": "Traces",
    "urls": "UrlCheck",
    "wire": "wire_protocol",
    "wire_limits": "WireLimits",
}
_FILE = {name: file for file, names in _FILES.items() for name in names.split()}

__all__ = [
    "ANYBODY",
    "PUBLIC",
    "RULES",
    "SCOPES",
    "TENANT",
    "TITLES",
    "Access",
    "Audit",
    "AuditTrail",
    "BodyGuard",
    "BodyLimits",
    "Buckets",
    "Caller",
    "Edge",
    "EdgeConfig",
    "FieldError",
    "HostCheck",
    "HttpProblem",
    "Id",
    "JsonLimits",
    "Key",
    "KeyFile",
    "Keyring",
    "LameDuckServer",
    "Metrics",
    "Observe",
    "OperationsPort",
    "OwnBuckets",
    "Probes",
    "Problems",
    "RateLimit",
    "Rates",
    "Readiness",
    "Rule",
    "Rules",
    "SecurityHeaders",
    "StrictModel",
    "StrictRoute",
    "Traces",
    "UrlCheck",
    "WireLimits",
    "as_problem",
    "check_exposure",
    "clean_id",
    "configure_logs",
    "current_request_id",
    "field_errors",
    "fingerprint",
    "forget_worker",
    "guarded",
    "idempotency_key",
    "install_problem_handlers",
    "invalid_body",
    "is_loopback",
    "names_of",
    "nearest",
    "parse_json",
    "read_model",
    "server_config",
    "wire_protocol",
]


__getattr__, __dir__ = lazily(__name__, _FILE, extra="serve")
