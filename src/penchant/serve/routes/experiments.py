"""``/v1/admin/experiment``: which models are compared, and what that tells so far."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from ..edge import StrictRoute
from ..schemas import ExperimentOut
from .common import off_loop, said, tenant_of

router = APIRouter(prefix="/v1/admin", tags=["admin"], route_class=StrictRoute)


@router.get("/experiment", response_model=ExperimentOut, summary="The experiment")
async def get_experiment(request: Request) -> Response:
    """The one that runs, or the last; its figures are counted from the log at most once a minute.

    The intervals hold whenever they are looked at. `penchant experiment` starts and stops one.
    """
    trials = tenant_of(request).service.trials
    told = None if trials is None else await off_loop(trials.judging.told)
    return said({"experiment": told})
