"""Move the weights of a linear model so that corrected examples get their class: squared hinge loss from given margins.

This module calculates shifts; the caller decides what an example contains. The algorithm is dual coordinate descent
(Hsieh, Chang, Lin, Keerthi, Sundararajan 2008, algorithm 1, L2 loss) in a seeded order: the same examples give the same
shifts on any machine.
"""

import math
import random
from collections.abc import Mapping, Sequence
from operator import itemgetter, mul

Row = Mapping[str, float]
Weights = dict[str, float]

_ROUNDS = 25
_STEP = 0.01  # training stops when the largest change of a round is below this


def shift(rows: Sequence[Row], truths: Sequence[bool], starts: Sequence[float], cost: float) -> Weights:
    """Return what to add to the weights of one class with margins `starts`, so that these examples match `truths`.

    The bias stays: messages without a common feature do not move.
    """
    return _one(rows, truths, starts, (cost, cost))


def probabilities(reached: Mapping[str, float]) -> dict[str, float]:
    """Return the probabilities whose logarithms, up to a constant, are `reached`."""
    top = max(reached.values())
    raised = {name: math.exp(margin - top) for name, margin in reached.items()}
    total = sum(raised.values())
    return {name: value / total for name, value in raised.items()}


def _one(rows: Sequence[Row], truths: Sequence[bool], starts: Sequence[float], costs: tuple[float, float]) -> Weights:
    names = {name: at for at, name in enumerate(sorted({name for row in rows for name in row}))}
    weights = [0.0] * max(1, len(names))
    places = [[*map(names.__getitem__, row)] for row in rows]
    values = [[*row.values()] for row in rows]
    # two extra places, since itemgetter returns no tuple for a single one
    picked = [itemgetter(*of, 0, 0) for of in places]
    softness = [1 / (2 * costs[0 if truth else 1]) for truth in truths]
    squares = [sum(map(mul, of, of)) + soft for of, soft in zip(values, softness, strict=True)]
    alphas = [0.0] * len(rows)
    order = list(range(len(rows)))
    shuffle = random.Random(1).shuffle  # noqa: S311  # an order, no secret
    for _ in range(_ROUNDS):
        shuffle(order)
        largest = 0.0
        for at in order:
            sign = 1.0 if truths[at] else -1.0
            reach = starts[at] + sum(map(mul, values[at], picked[at](weights)))
            gradient = sign * reach - 1 + alphas[at] * softness[at]
            alpha = max(0.0, alphas[at] - gradient / squares[at])
            if move := alpha - alphas[at]:
                largest = max(largest, abs(move))
                alphas[at] = alpha
                for place, value in zip(places[at], values[at], strict=True):
                    weights[place] += sign * move * value
        if largest < _STEP:
            break
    return {name: weights[at] for name, at in names.items() if weights[at]}
