"""One exchange with a service, tried again where that is safe."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from penchant.core import ServiceError

AGAIN = frozenset({429, 500, 502, 503, 504})
"""Statuses that say nothing is wrong with the request. A 5xx leaves open whether it was done."""

_LONGEST = 10.0  # seconds between two tries
_PATIENCE = 900.0  # seconds for what loads a model


class Transport:
    """Sends requests, waits and repeats, and turns refusals into errors.

    Args:
        http: knows address, key and time limit.
        retries: how often to try again.
        sleep: waits some seconds.
    """

    def __init__(
        self,
        http: httpx.Client,
        retries: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.http = http
        self.retries = retries
        self._sleep = sleep

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        params: Mapping[str, Any] | None = None,
        again: bool = True,
        patient: bool = False,
    ) -> Any:
        """The JSON that the service answers with.

        Args:
            method: of HTTP.
            path: below the address of the service.
            body: JSON values, or None.
            params: of the address; None values are left out.
            again: whether doing it twice is as good as doing it once.
            patient: whether it may take minutes.

        Raises:
            ServiceError: it refused, or could not be reached.
        """
        timeout = httpx.Timeout(_PATIENCE) if patient else self.http.timeout
        given = {name: value for name, value in (params or {}).items() if value is not None}
        for left in range(self.retries if again else 0, -1, -1):
            tried = self.retries - left
            try:
                answer = self.http.request(method, path, json=body, params=given, timeout=timeout)
            except httpx.TransportError as error:
                if not left:
                    raise self._unreachable(method, path, error) from error
                self._sleep(_pause(tried, None))
                continue
            if answer.is_success:
                return answer.json()
            if not left or answer.status_code not in AGAIN:
                raise _refused(method, path, answer)
            self._sleep(_pause(tried, answer.headers.get("retry-after")))
        raise AssertionError  # the last turn returns or raises

    def _unreachable(self, method: str, path: str, error: httpx.TransportError) -> ServiceError:
        return ServiceError(
            f"{method} {self.http.base_url.join(path)}: no answer "
            f"({str(error) or type(error).__name__}). Is 'penchant serve' running there?"
        )


def _pause(tried: int, retry_after: str | None) -> float:
    """Seconds until the next try: what the service asks for, or twice as long each time, jittered."""
    if retry_after is not None and retry_after.isdigit():
        return min(_LONGEST, float(retry_after))
    jitter = random.uniform(0.5, 1.0)  # noqa: S311 - no secret
    return jitter * min(_LONGEST, 0.1 * 2.0**tried)


def _refused(method: str, path: str, answer: httpx.Response) -> ServiceError:
    try:
        problem = answer.json()
        detail = str(problem.get("detail") or problem.get("title") or "")
        wrong = "; ".join(
            f"{one.get('pointer', '')} {one.get('detail') or one.get('code', '')}".strip()
            for one in problem.get("errors") or ()
        )
    except (ValueError, AttributeError):
        detail, wrong = answer.reason_phrase, ""
    told = ": ".join(part for part in (detail.rstrip("."), wrong) if part)
    request_id = answer.headers.get("x-request-id", "")
    where = f" [request {request_id}]" if request_id else ""
    return ServiceError(
        f"{method} {path}: {answer.status_code}: {told}.{where}", answer.status_code, request_id
    )
