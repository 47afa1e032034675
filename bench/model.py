"""Learn the weights of kind, topic, level and intent with scikit-learn, and write them as one linear table.

Two linear views of the same pieces are learned for each class: a linear SVM over pieces weighed by rareness, and an SVM
over pieces weighed by their naive Bayes log-count ratio (NB-SVM: Wang and Manning 2012). A multinomial logistic
regression over their summed margins, measured on writers left out, turns them into log-probabilities (stacking: Wolpert
1992). All three are linear, so one row of weights for each piece says the same (oacmail/mail/understanding/scores.py).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from bench.examples import PHRASES_WRITER, LabelledMessage
from bench.weights import weights_of
from oacmail.mail.understanding import scores
from oacmail.mail.understanding.scores import OF_TEXT, Weights

LEAST = 3  # least number of messages with a piece or fact, so that the table holds no words of one writer
FACT = 0.3  # the value of a fact; a piece has 1 / sqrt(number of words)
FOLDS = 5
ABOUT: Mapping[str, tuple[str, ...]] = {
    "kind": ("kind",),
    "topic": ("topic",),
    "level": ("level",),
    "intent": ("topic", "level", "intent"),
}
"""Whose margins decide about a question: a call asked for depends on what else is asked."""
SURE = {"kind": 0.3, "topic": 0.3, "level": 0.3, "intent": 2.0}  # C of the logistic regression
WITH_TEXT = ("kind", "intent")  # whose logistic regression also weighs what the text does (circumstances.OF_TEXT)
SILENT = 3  # one of so many requests for a call is learned without its telephone too
PRUNED = 0.08  # pieces with no larger weight are left out, as a share of the weight at LARGEST
OFTEN = 0.008  # the share of requests in which a common word stands
LIFT = {"kind": 9.0, "topic": 2.6, "level": 1.6, "intent": 2.6}  # how much likelier one class may make it
PLAIN = {("level", "first"), ("intent", "question"), ("kind", "request")}
SMALLEST_FACT = 0.05
STEPS, FACT_STEPS = 64, 127  # of the largest weight of a class: of a piece, of a circumstance
LARGEST = 0.9995  # the share of weights that are smaller


@dataclass(frozen=True, slots=True)
class Inputs:
    """The examples as matrices: `pieces` (0 or 1), `share` (1 / sqrt of the number of words), `facts`; their names."""

    pieces: Any
    share: Any
    facts: Any
    names: tuple[str, ...]
    fact_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights: classes x pieces, classes x facts, and bias for each class."""

    classes: tuple[str, ...]
    pieces: Any
    facts: Any
    bias: Any


def inputs(examples: Sequence[LabelledMessage]) -> Inputs:
    names, pieces = _matrix([example.pieces for example in examples])
    fact_names, facts = _matrix([example.facts for example in examples])
    share = np.array([1 / np.sqrt(max(1, example.words)) for example in examples])
    return Inputs(pieces, share, facts * FACT, names, fact_names)


def _matrix(rows: Sequence[frozenset[str]]) -> tuple[tuple[str, ...], Any]:
    counts: dict[str, int] = {}
    for name in chain.from_iterable(rows):
        counts[name] = counts.get(name, 0) + 1
    names = tuple(sorted(name for name, count in counts.items() if count >= LEAST))
    places = {name: at for at, name in enumerate(names)}
    indexes = [sorted(places[name] for name in row if name in places) for row in rows]
    ends = np.cumsum([0, *map(len, indexes)])
    flat = np.fromiter(chain.from_iterable(indexes), dtype=np.int32)
    matrix = sp.csr_matrix((np.ones(len(flat), np.float32), flat, ends), shape=(len(rows), len(names)))
    return names, matrix


def learn(examples: Sequence[LabelledMessage]) -> dict[str, Weights]:
    """The tables of oacmail/mail/understanding/scores.py, learned from `examples`."""
    data = inputs(examples)
    folds = by_writers(examples)
    whole, out = {}, {}
    for field in ABOUT:
        labels = np.array([example.labels[field] or "" for example in examples])
        told = np.flatnonzero(labels != "")
        whole[field] = views(data, told, labels[told], with_facts=field == "kind")
        out[field] = np.round(_unseen(data, labels, folds, field), 6)  # without the last bits of a sum
    stacked = {field: _stacked(field, examples, data, whole, out) for field in ABOUT}
    return _tables(data, stacked, common(examples))


def common(examples: Sequence[LabelledMessage]) -> list[str]:
    """Words that tell nothing by themselves: many requests have them, and no class much more often than the others."""
    requests = [example for example in examples if example.labels["topic"] is not None]
    shares = {
        (field, name): sum(e.labels[field] == name for e in requests) / len(requests)
        for field in ABOUT
        for name in {e.labels[field] for e in requests}
        if (field, name) not in PLAIN
    }
    counts = Counter(piece for example in requests for piece in example.pieces if piece.isalpha())
    often = {word for word, count in counts.items() if count >= OFTEN * len(requests)}
    within = Counter((f, e.labels[f], word) for e in requests for word in e.pieces & often for f in ABOUT)
    return sorted(
        word
        for word in often
        if all(
            within[field, name, word] < LIFT[field] * share * counts[word] for (field, name), share in shares.items()
        )
    )


def by_writers(examples: Sequence[LabelledMessage]) -> list[Any]:
    """The places of the examples in FOLDS parts; all messages of a writer are in one, those of a folder's spread."""
    writers = sorted({example.writer for example in examples})
    return [
        np.array([at for at, example in enumerate(examples) if writers.index(example.writer) % FOLDS == fold])
        for fold in range(FOLDS)
    ]


def views(data: Inputs, rows: Any, labels: Any, *, with_facts: bool) -> Linear:
    """The sum of both views of each class, learned from these rows."""
    classes = tuple(sorted(set(labels)))
    pieces, share = data.pieces[rows], sp.diags(data.share[rows])
    facts = data.facts[rows] if with_facts else sp.csr_matrix((len(rows), 0), dtype=np.float32)
    rareness = np.log(len(rows) / (1 + pieces.sum(0).A1)) + 1
    plain = share @ pieces
    rare = rareness / _length(plain @ sp.diags(rareness))
    one = 1 / _length(plain)
    found = []
    for name in classes:
        truths = labels == name
        found.append(sum(_one(plain, facts, factor, truths) for factor in (rare, one * _ratio(pieces, truths))))
    weights = np.array(found)
    ends = pieces.shape[1]
    return Linear(classes, weights[:, :ends], weights[:, ends:-1], weights[:, -1])


def _length(rows: Any) -> float:
    """The mean length of the rows (root mean square)."""
    return float(np.sqrt(rows.multiply(rows).sum() / rows.shape[0]))


def _ratio(pieces: Any, truths: Any) -> Any:
    """The log-count ratio of each piece, in the class against outside."""
    inside, outside = 1 + pieces[truths].sum(0).A1, 1 + pieces[~truths].sum(0).A1
    return np.log(inside / inside.sum()) - np.log(outside / outside.sum())


def _one(plain: Any, facts: Any, factor: Any, truths: Any) -> Any:
    """Weights of the pieces, each times `factor`, of the facts, and the bias, of one class against the rest."""
    model = LinearSVC(C=1.0, class_weight="balanced", tol=1e-2, random_state=0)
    model.fit(sp.hstack([plain @ sp.diags(factor), facts]).tocsr(), truths)
    ends = len(factor)
    return np.concatenate([model.coef_[0][:ends] * factor, model.coef_[0][ends:], model.intercept_])


def margins(model: Linear, data: Inputs, rows: Any) -> Any:
    found = sp.diags(data.share[rows]) @ (data.pieces[rows] @ model.pieces.T) + model.bias
    return found + data.facts[rows] @ model.facts.T if model.facts.shape[1] else found


def _unseen(data: Inputs, labels: Any, folds: Sequence[Any], field: str) -> Any:
    """The margins of each message by a model that has learned nothing from its writer."""
    classes = len(set(labels) - {""})
    found = np.zeros((len(labels), classes))
    for out in folds:
        inside = np.setdiff1d(np.flatnonzero(labels != ""), out)
        found[out] = margins(views(data, inside, labels[inside], with_facts=field == "kind"), data, out)
    return found


def _stacked(
    field: str, examples: Sequence[LabelledMessage], data: Inputs, whole: Mapping[str, Linear], out: Mapping[str, Any]
) -> Linear:
    """The linear models whose margins matter, and what the text does, as one whose margins are log-probabilities."""
    told = [at for at, e in enumerate(examples) if e.labels[field] is not None and e.writer != PHRASES_WRITER]
    labels = [examples[at].labels[field] for at in told]
    # to the very optimum: where a search stops on its way differs with the version that searches
    model = LogisticRegression(C=SURE[field], solver="newton-cholesky", tol=1e-10, max_iter=1000)
    deeds = [at for at, name in enumerate(data.fact_names) if name.startswith(OF_TEXT) and field in WITH_TEXT]
    text = data.facts[told][:, deeds].toarray() / FACT
    rows = np.hstack([*(out[name][told] for name in ABOUT[field]), text])
    silent = _without_telephone(rows, labels, [data.fact_names[at] for at in deeds])
    model.fit(np.vstack([rows, silent]), labels + ["callback"] * len(silent))
    parts = [whole[name] for name in ABOUT[field]]
    found, always = np.round(model.coef_, 5), np.round(model.intercept_ - model.intercept_.mean(), 5)
    reached, of_text = np.split(found, [found.shape[1] - len(deeds)], axis=1)
    bias = reached @ np.concatenate([part.bias for part in parts]) + always
    pieces = reached @ np.vstack([part.pieces for part in parts])
    facts = np.zeros((len(bias), len(data.fact_names)))
    if field == "kind":
        facts += reached @ np.vstack([part.facts for part in parts])
    facts[:, deeds] += of_text / FACT
    return Linear(tuple(model.classes_), pieces, facts, bias)


def _without_telephone(rows: Any, labels: Sequence[str], deeds: Sequence[str]) -> Any:
    """Some requests for a call once more, as if they gave no telephone: all labelled ones give one, people's do not."""
    asked = np.array([label == "callback" for label in labels])
    silent = rows[asked][::SILENT]
    for at, name in enumerate(deeds, rows.shape[1] - len(deeds)):
        if name in (f"{OF_TEXT}telephone", f"{OF_TEXT}time to call"):
            silent[:, at] = 0
    return silent


def _tables(data: Inputs, models: Mapping[str, Linear], common: Sequence[str]) -> dict[str, Weights]:
    columns = [f"{field}:{name}" for field, model in models.items() for name in model.classes]
    pieces, facts, telling = [], [], np.zeros(len(data.names), bool)
    for model in models.values():
        centred = model.pieces - model.pieces.mean(0)  # only differences between classes matter
        telling |= np.abs(centred).max(0) >= PRUNED * np.quantile(np.abs(centred), LARGEST)
        pieces.append(centred)
        of_facts = model.facts * FACT
        of_facts[:, np.abs(of_facts).max(0) < SMALLEST_FACT] = 0
        facts.append(np.hstack([model.bias[:, None], of_facts]))
    weighed = np.vstack(facts)
    return {
        "pieces": _table(columns, data.names, np.vstack(pieces), telling, STEPS),
        "facts": _table(columns, (scores.ALWAYS, *data.fact_names), weighed, weighed.any(axis=0), FACT_STEPS),
        "common": weights_of((), (), dict.fromkeys(common, ())),
    }


def _table(columns: Sequence[str], names: Sequence[str], wanted: Any, kept: Any, most: int) -> Weights:
    """The table of those `names` (the columns of `wanted`) that are kept; the largest weight of a class is `most`
    steps."""
    worth = np.abs(wanted).max(1) / most
    cells = np.round(wanted / worth[:, None]).astype(int)
    rows = {names[at]: cells[:, at].tolist() for at in np.flatnonzero(kept).tolist()}
    return weights_of(columns, worth.tolist(), rows)
