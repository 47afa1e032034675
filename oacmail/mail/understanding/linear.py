"""Train a linear multi-class model from labelled examples: one against the rest, squared hinge loss.

This module calculates the weights; the caller decides what an example contains. The algorithm is dual coordinate
descent (Hsieh, Chang, Lin, Keerthi, Sundararajan 2008, algorithm 1, L2 loss) in a seeded order: the same examples give
the same weights on any machine. `temperature` turns the margins of held-out messages into probabilities (Guo, Pleiss,
Sun, Weinberger 2017, section 4.2).
"""

import math
import random
from collections.abc import Mapping, Sequence
from operator import itemgetter, mul

Row = Mapping[str, float]
Weights = dict[str, float]
BIAS = "bias"

_ROUNDS = 25
_STEP = 0.01  # training stops when the largest change of a round is below this


def fit(rows: Sequence[Row], labels: Sequence[str], cost: float = 1.0, *, balanced: bool) -> dict[str, Weights]:
    """Return class -> feature -> weight. `balanced`: examples of a rare class cost proportionally more."""
    biased = [{**row, BIAS: 1.0} for row in rows]
    nought = [0.0] * len(rows)
    return {
        name: _one(biased, [label == name for label in labels], nought, _costs(labels, name, cost, balanced))
        for name in sorted(set(labels))
    }


def shift(rows: Sequence[Row], truths: Sequence[bool], starts: Sequence[float], cost: float) -> Weights:
    """Return what to add to the weights of one class with margins `starts`, so that these examples match `truths`.

    The bias stays: messages without a common feature do not move.
    """
    return _one(rows, truths, starts, (cost, cost))


def margins(model: Mapping[str, Weights], row: Row) -> dict[str, float]:
    return {
        name: sum(weights.get(feature, 0.0) * value for feature, value in row.items()) + weights.get(BIAS, 0.0)
        for name, weights in model.items()
    }


def probabilities(reached: Mapping[str, float], temperature: float) -> dict[str, float]:
    top = max(reached.values())
    raised = {name: math.exp((margin - top) * temperature) for name, margin in reached.items()}
    total = sum(raised.values())
    return {name: value / total for name, value in raised.items()}


def temperature(examples: Sequence[tuple[Mapping[str, float], str]]) -> float:
    """Return the factor that makes the probabilities of (margins, true class) most likely; between 0.5 and 8."""
    steps = [0.5 * 1.15**step for step in range(20)]
    return max(
        steps, key=lambda t: sum(math.log(max(1e-9, probabilities(reached, t)[true])) for reached, true in examples)
    )


def _costs(labels: Sequence[str], name: str, cost: float, balanced: bool) -> tuple[float, float]:
    """Return the cost of an error on an example of the class, and on any other."""
    if not balanced:
        return cost, cost
    inside = sum(label == name for label in labels)
    return cost * len(labels) / (2 * inside), cost * len(labels) / (2 * (len(labels) - inside))


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
    return {name: weights[at] for name, at in names.items() if weights[at] or name == BIAS}
