"""Questions to a language model in words: one renderer for training, for asking and for tests.

Every prompt ends where the answer begins, with a colon and no space after it; an answer begins with a
space. Tokenizers of decoders glue the space to the word that follows, so that prompt and answer
tokenized apart are the tokens of both together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from penchant.core import UsageError

YES, NO = " Yes", " No"
"""The answers to a question of :func:`yes_no_prompt`: the verbaliser of a like."""

_TAMED = str.maketrans('"{}', "'()")

LONGEST_TITLE = 120
"""Characters of a title that are shown; some catalogues put a paragraph there."""

_YES_NO = (
    "What one person thinks of some {noun}s.\n"
    "Liked: {liked}\n"
    "Disliked: {disliked}\n"
    "Will this person like {candidate}? Say Yes or No.\n"
    "Answer:",
    "Enjoyed by one customer: {liked}\n"
    "Not enjoyed: {disliked}\n"
    "Question: would the same customer enjoy the {noun} {candidate}? (Yes or No)\n"
    "Answer:",
    "Task: judge whether a {noun} suits a taste.\n"
    "Suits: {liked}\n"
    "Does not suit: {disliked}\n"
    "New {noun}: {candidate}\n"
    "Does it suit, Yes or No?\n"
    "Answer:",
    # the candidate stands last: where many are asked about, all before it is read once
    "{noun}s that one person liked: {liked}\n"
    "Disliked: {disliked}\n"
    "Does this person like the next {noun} too, Yes or No?\n"
    "{candidate}:",
)
_NEXT = (
    "The {noun}s that one person chose, oldest first: {history}\n"
    "Which {noun} does this person choose next?\n"
    "Answer:",
    "Task: continue the list of {noun}s that a customer picked.\n"
    "So far: {history}\n"
    "Next {noun}?\n"
    "Answer:",
)
_RATING = (
    "How one person rated some {noun}s, from {low:g} to {high:g}: {history}\n"
    "How does this person rate {candidate}?\n"
    "Answer:",
    "Task: predict a rating between {low:g} and {high:g}.\n"
    "Ratings so far: {history}\n"
    "New {noun}: {candidate}\n"
    "Rating?\n"
    "Answer:",
)
TEMPLATES = {"like": len(_YES_NO), "next": len(_NEXT), "rating": len(_RATING)}
"""How many wordings there are of each kind of question."""


def yes_no_prompt(
    history_titles_liked: Sequence[str],
    history_titles_disliked: Sequence[str],
    candidate_title: str,
    template: int = 0,
    noun: str = "item",
    note: str = "",
) -> str:
    """Whether somebody will like an item, to be answered by ``YES`` or ``NO``.

    Source: the form of K. Bao et al., "TALLRec", RecSys 2023, in our own words.

    Args:
        history_titles_liked: what they liked, oldest first.
        history_titles_disliked: what they disliked, oldest first.
        candidate_title: the item asked about.
        template: which wording, from 0.
        noun: what an item is called, such as ``"film"``.
        note: what else is known of the item asked about, said in brackets behind its title.

    Raises:
        UsageError: there is no such template.

    >>> print(yes_no_prompt(["Alien (1979)"], [], "Heat (1995)", noun="film"))
    What one person thinks of some films.
    Liked: "Alien (1979)"
    Disliked: nothing
    Will this person like "Heat (1995)"? Say Yes or No.
    Answer:
    """
    return _of(_YES_NO, template).format(
        noun=noun,
        liked=_listed(history_titles_liked),
        disliked=_listed(history_titles_disliked),
        candidate=quoted(candidate_title) + (f" ({note})" if note else ""),
    )


def next_item_prompt(history_titles: Sequence[str], template: int = 0, noun: str = "item") -> str:
    """Which item comes next, to be answered by its quoted title.

    Args:
        history_titles: what was chosen so far, oldest first.
        template: which wording, from 0.
        noun: what an item is called.

    Raises:
        UsageError: there is no such template.
    """
    return _of(_NEXT, template).format(noun=noun, history=_listed(history_titles))


def rating_prompt(
    history: Sequence[tuple[str, float]],
    candidate_title: str,
    scale: tuple[float, float],
    template: int = 0,
    noun: str = "item",
) -> str:
    """Which rating somebody gives, to be answered by a number.

    Args:
        history: titles and their ratings so far, oldest first.
        candidate_title: the item asked about.
        scale: lowest and highest rating.
        template: which wording, from 0.
        noun: what an item is called.

    Raises:
        UsageError: there is no such template.
    """
    rated = "; ".join(f"{quoted(title)}: {value:g}" for title, value in history)
    return _of(_RATING, template).format(
        noun=noun,
        history=rated or "nothing",
        candidate=quoted(candidate_title),
        low=scale[0],
        high=scale[1],
    )


def longest_fit(
    render: Callable[[int], str], history: int, size: Callable[[str], int], budget: int
) -> str:
    """The prompt with the longest history that a model can read; the oldest events go first.

    Args:
        render: the prompt with the last n events.
        history: most events.
        size: length of a prompt in the unit of ``budget``, such as its tokens.
        budget: the longest that is allowed. A prompt without history is given whatever its size.

    >>> longest_fit(lambda n: "ab"[2 - n :] + "?", 2, len, 2)
    'b?'
    """
    fits, fails = 0, history + 1  # bisection: tokenizing is what costs
    while fails - fits > 1:
        middle = (fits + fails) // 2
        if size(render(middle)) <= budget:
            fits = middle
        else:
            fails = middle
    return render(fits)


def quoted(title: str) -> str:
    """A title on one line, in quotation marks, cut to ``LONGEST_TITLE``.

    Its own quotation marks and braces are replaced, so that it can neither end early nor stand for
    the ``{mask}`` of a masked model's prompt.
    """
    line = " ".join(title.split()).translate(_TAMED)
    short = line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 3].rstrip() + "..."
    return f'"{short}"'


def _listed(titles: Sequence[str]) -> str:
    return "; ".join(quoted(title) for title in titles) or "nothing"


def _of(templates: tuple[str, ...], number: int) -> str:
    if not 0 <= number < len(templates):
        raise UsageError(f"template={number}: choose one from 0 to {len(templates) - 1}.")
    return templates[number]
