"""What the analyses and their methods are called. Their words for a record stand with each subject."""

from __future__ import annotations

from handlers.wording import _, mark

_NAMES = {
    "churn": mark("Risk of leaving"),
    "contract_churn": mark("Risk of ending the contract"),
    "segment": mark("Segment"),
    "value": mark("Value in the next 12 months"),
    "outlier": mark("Unlike all others"),
    "win": mark("Chance of winning"),
    "lead": mark("Lead score"),
    "offer": mark("Offer next"),
    "ticket_kind": mark("Kind of ticket"),
    "ticket_queue": mark("Queue"),
    "ticket_priority": mark("Priority"),
    "mood": mark("Mood"),
    "topics": mark("Talks about"),
}
_METHODS = {
    "silence_rule": mark("plain rule: silent for long"),
    "logistic_regression": mark("logistic regression (weighs each sign)"),
    "gradient_boosting": mark("gradient boosting (many short chains of questions)"),
    "entropy_tree": mark("decision tree (a chain of questions)"),
    "support_vectors": mark("support vector machine (the widest border between them)"),
    "neural_network": mark("neural network (weighted sums in layers)"),
    "mean_of_boosting_and_regression": mark(
        "mean of two: weighs each sign, and asks many short chains of questions"
    ),
    "support_vectors_and_naive_bayes": mark(
        "support vector machine and naive Bayes (both weigh the words)"
    ),
}
_FEATURES = {
    "recency_days": mark("days since the last order"),
    "frequency": mark("days with an order"),
    "value": mark("bought so far"),
    "mean_value": mark("spent an order"),
    "tenure_days": mark("days since the first order"),
    "gap_days": mark("days between orders"),
    "trend": mark("bought lately against before"),
    "tickets_90": mark("tickets in 90 days"),
    "complaints_90": mark("complaints in 90 days"),
    "silence_days": mark("days without a word"),
    "silence_ratio": mark("silence against the usual gap"),
}


def name_of(kind: str) -> str:
    """Return what people call an analysis; one without a name is called by its code."""
    return _(_NAMES[kind]) if kind in _NAMES else kind


def method_of(method: str) -> str:
    """Return what people call a method; one without a name is called by its code."""
    return _(_METHODS[method]) if method in _METHODS else method


def feature_name(feature: str) -> str:
    """Return what people call something that a model looks at; an added field keeps its own name."""
    return _(_FEATURES[feature]) if feature in _FEATURES else feature
