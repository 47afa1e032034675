"""The plain model that oacmail is measured against: TF-IDF of words and character n-grams, logistic regression."""

from collections.abc import Callable, Sequence
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline, make_union

from bench.examples import LabelledMessage

FIELDS = ("kind", "topic", "level", "intent")


def learn(learned: Sequence[LabelledMessage]) -> Callable[[LabelledMessage], dict[str, Any]]:
    """A classifier of the four fields alone; it predicts topic, level and intent for every request."""
    models = {field: _model(learned, field) for field in FIELDS}

    def judge(example: LabelledMessage) -> dict[str, Any]:
        found = {field: model.predict([_text(example)])[0] for field, model in models.items()}
        return found | {"language": None, "callback": None}

    return judge


def _model(learned: Sequence[LabelledMessage], field: str) -> Any:
    chosen = [example for example in learned if example.labels[field] is not None]
    grams = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2),
    )
    one = LogisticRegression(C=10, class_weight="balanced", solver="liblinear")
    model = make_pipeline(grams, OneVsRestClassifier(one))
    return model.fit([_text(example) for example in chosen], [example.labels[field] for example in chosen])


def _text(example: LabelledMessage) -> str:
    return f"{example.message.subject}\n{example.message.fresh}"
