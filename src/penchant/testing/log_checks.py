"""What any event log must do, whichever database keeps it.

::

    @pytest.mark.parametrize("check", LOG_CHECKS, ids=lambda check: check.__name__)
    def test_my_log(check, tmp_path):
        check(LogCase(lambda clock: open_log(tmp_path / "log", clock=clock)))
"""

from __future__ import annotations

from collections.abc import Callable

from . import log_of_events, log_of_things
from .log_case import LogCase

LOG_CHECKS: tuple[Callable[[LogCase], None], ...] = (
    log_of_events.an_event_comes_back_as_it_was_given,
    log_of_events.an_event_id_is_stored_once,
    log_of_events.an_event_without_an_id_gets_a_fresh_one,
    log_of_events.one_sequence_numbers_all_changes,
    log_of_events.events_of_a_user_come_newest_first,
    log_of_events.times_are_kept_and_bounded,
    log_of_events.what_cannot_be_stored_is_refused,
    log_of_events.ids_of_every_script_are_kept_apart,
    log_of_events.threads_and_followers_agree,
    log_of_things.an_item_is_what_was_put_last,
    log_of_things.a_user_is_what_was_put_last,
    log_of_things.an_impression_is_stored_once,
    log_of_things.a_key_makes_a_write_happen_once,
    log_of_things.a_write_whose_answer_fails_is_undone,
    log_of_things.an_erased_user_is_gone,
)
