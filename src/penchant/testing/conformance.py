"""What every model must do, whatever is inside it: the checks that ``penchant.models`` itself passes."""

from . import asking, fitting, learning_on, vectors
from .case import Case, Check

CHECKS: tuple[Check, ...] = (
    fitting.declares_itself,
    fitting.settings_round_trip,
    fitting.same_seed_same_model,
    fitting.saved_and_loaded_the_same,
    fitting.training_data_unchanged,
    fitting.empty_texts,
    fitting.duplicate_events,
    fitting.single_item_catalogue,
    fitting.new_items_placed_or_refused,
    learning_on.learns_on_from_new_events,
    asking.scores_are_numbers,
    asking.scores_do_not_depend_on_the_batch,
    asking.scores_are_fresh,
    asking.requests_unchanged,
    asking.empty_history,
    asking.unknown_user,
    asking.unknown_items,
    asking.history_excluded,
    asking.k_larger_than_the_catalogue,
    asking.candidates_only,
    asking.queries_answered_or_refused,
    vectors.vectors_give_the_scores,
    vectors.vectors_are_made_once,
    vectors.nobody_has_no_vector,
    vectors.texts_have_vectors,
    vectors.texts_can_be_changed,
)
"""Each takes a ``Case`` and raises ``AssertionError`` where the model breaks the rule."""

__all__ = ["CHECKS", "Case"]
