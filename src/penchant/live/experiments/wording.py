"""What may be concluded from an experiment, in plain words."""

from __future__ import annotations

import math

from .experiment import Experiment
from .judgement import Comparison, Judgement

_HOUR, _DAY = 3600.0, 86_400.0


def conclusion(experiment: Experiment, judged: Judgement) -> list[str]:
    """Sentences, the most important first."""
    told = [_compared(experiment, judged, one) for one in judged.comparisons]
    if experiment.kind == "shadow":
        told.append("Nobody sees the lists of a shadow, so nothing can be said of what people do.")
    if judged.crossed:
        told.append(
            f"{judged.crossed:,} users were told lists of another arm than theirs: send the policy "
            "that came with the list when you tell what was shown."
        )
    if judged.nameless:
        told.append(
            f"{judged.nameless:,} impressions came without a user_id and cannot count: send it along."
        )
    if not sum(judged.users):
        told.append(_nobody(experiment, judged))
    return told


def span(seconds: float) -> str:
    """A time in words.

    >>> span(86_400), span(5400)
    ('1 day', '1.5 hours')
    """
    units = ((_DAY, "day"), (_HOUR, "hour"), (60.0, "minute"))
    size, unit = next((pair for pair in units if seconds >= pair[0]), (1.0, "second"))
    number = f"{seconds / size:.3g}"
    return f"{number} {unit}{'' if number == '1' else 's'}"


def outcome(experiment: Experiment) -> str:
    """What is measured, in words."""
    events = " or ".join(experiment.events)
    if experiment.kind == "interleave":
        return f"which list's items got more of a user's {events} events"
    if experiment.measure == "users":
        return f"share of users with a {events}"
    return f"{events} events a user"


def _compared(experiment: Experiment, judged: Judgement, one: Comparison) -> str:
    control, look = experiment.arms[0].name, one.now
    if one.conclusion == "split":
        meant = ":".join(f"{arm.share:g}" for arm in experiment.arms)
        got = ":".join(f"{count:,}" for count in judged.users)
        return (
            f"Conclude nothing: users should be split {meant} and came {got} (p {judged.split_p:.1g}). "
            "Something loses the users of one arm; look for it among errors, redirects and what tells "
            "impressions."
        )
    if one.conclusion == "undecided":
        if math.isinf(look.low):
            return f"Too early to say anything of {one.arm}: too few users count yet."
        return (
            f"Undecided: {one.arm} may be {_size(experiment, look.low)} to "
            f"{_size(experiment, look.high)} against {control}. Go on, or stop if differences of that "
            "size do not matter; looking costs nothing."
        )
    back = "" if look.excludes_zero else " It has come nearer since, which does happen."
    day = (one.decided_at or 0.0) - experiment.started_at
    preferred = "is preferred to" if experiment.kind == "interleave" else "is better than"
    first, second = (one.arm, control) if one.conclusion == "better" else (control, one.arm)
    return (
        f"{first} {preferred} {second}: decided {span(max(day, 1))} after the start, with at most "
        f"{experiment.alpha:.0%} chance of a false alarm however often one looked. "
        f"{one.arm} lies {_size(experiment, look.low)} to {_size(experiment, look.high)} against "
        f"{control}.{back}"
    )


def _size(experiment: Experiment, gap: float) -> str:
    if experiment.kind == "interleave" or experiment.measure == "users":
        return f"{100 * gap:+.2f} points"
    return f"{gap:+.4f}"


def _nobody(experiment: Experiment, judged: Judgement) -> str:
    if sum(judged.waiting):
        return (
            f"{sum(judged.waiting):,} users wait for the end of their window of "
            f"{span(experiment.window)}; who just came counts then."
        )
    return (
        "Nobody was told to have seen a list of it. Lists come with a policy; send it along when you "
        "tell what was shown (POST /v1/impressions)."
    )
