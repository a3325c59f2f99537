"""Labels for texts, English and Chinese: routing, mood, intents, and labels that mean nothing."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from benchmarks.analyses.table import LEAST, MOST, Figure, Line
from jobs.analytics import routing, text_models

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
HELD_BACK = 0.2
CALLS = 500
RECALL = 0.873  # of what is out of scope, at which the rest is judged
NEITHER = 3  # stars: neither happy nor unhappy
DOMAINS = 3  # parts of the categories, each left out once
Parts: TypeAlias = tuple[pd.DataFrame, pd.DataFrame]  # to learn from, held back


def routed(folder: Path) -> Iterator[Line]:
    """Put IT tickets into eight queues: what is right, what is told, how long one answer takes."""
    rows = _read(folder / "it_service_tickets_80.csv.gz", text="Document", label="Topic_group")
    seen, unseen = _split(rows)
    learnt, seconds = _once(lambda: routing.learn(seen, NOW))
    if learnt.router is None:
        raise ValueError(learnt.receipt.why)
    quality = routing.evaluate(learnt.router, unseen)
    peer = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LinearSVC(C=0.5))
    told, taken = _once(lambda: peer.fit(seen["text"], seen["label"]).predict(unseen["text"]))
    accuracy = Figure(float((told == unseen["label"]).mean()), taken, "words and pairs, LinearSVC")
    macro = Figure(float(f1_score(unseen["label"], told, average="macro")), None, accuracy.of)
    job = "routing, IT tickets"
    yield Line(job, "accuracy", Figure(quality.accuracy, seconds), accuracy, 0.862, MOST, 3)
    yield Line(job, "macro-F1", Figure(quality.macro_f1), macro, 0.863, MOST, 3)
    yield Line(job, "share that is sure enough to tell", Figure(quality.told_share), digits=3)
    yield Line(job, "accuracy of these", Figure(quality.told_accuracy or 0.0), digits=3)
    answerer = learnt.router.answerer()
    asked = unseen["text"].head(CALLS).tolist()
    _answers, seconds = _once(lambda: [answerer.suggest(text) for text in asked])
    yield Line(job, "ms an answer", Figure(1_000 * seconds / CALLS), None, 1.3, LEAST, 2)


def chinese(folder: Path) -> Iterator[Line]:
    """Shopping reviews: the category, the mood, and the mood in categories never seen."""
    name = folder / "chinese_shopping_reviews.csv.gz"
    rows = _read(name, text="review", label="cat")
    yield _compared("category, Chinese reviews", [_split(rows)], _characters(), 0.903)
    drawn = _split(rows, evenly=False)
    yield _compared("the same, a fifth without even shares", [drawn], _characters(), None)
    moods = _read(name, text="review", label="label", category="cat")
    yield _compared("mood, Chinese reviews", [_split(moods)], _characters(), 0.93, digits=2)
    right = []
    categories = sorted(moods["category"].unique())
    for part in range(DOMAINS):
        other = moods["category"].isin(categories[part::DOMAINS])
        right.append(_right(_fitted(moods[~other]), moods[other]))
    share = float(np.concatenate(right).mean())
    yield Line("the same, categories never seen", "accuracy", Figure(share), None, 0.86, MOST, 2)


def meaningless(folder: Path) -> Iterator[Line]:
    """Labels that were dealt at random teach nothing: no model may come of them."""
    name = folder / "support_tickets.csv.gz"
    text = "Ticket Description"
    priority = _read(name, text=text, label="Ticket Priority")
    rated = _read(name, text=text, score="Customer Satisfaction Rating")
    rated = rated[rated["score"] != NEITHER]
    moods = rated.assign(label=np.where(rated["score"] < NEITHER, "negative", "positive"))
    for label, rows in (("priority", priority), ("satisfaction", moods)):
        learnt, seconds = _once(lambda rows=rows: routing.learn(rows, NOW))
        job = f"support tickets, {label} at random"
        models = Figure(int(learnt.router is not None), seconds)
        yield Line(job, "models (none is right)", models, None, 0)


def intents(folder: Path) -> Iterator[Line]:
    """BANKING77 with all, 30, 10 and 5 examples a class; SMP2019; CLINC150 and what is out of scope.

    The survey's .91, .86, .76 and .65 are of BANKING77's own test set, learnt from all 10,003; that
    set is not among ours. So each twentieth is held back in turn, which leaves 9,503 to learn from;
    of the few, a fifth is held back, and the survey's method is run beside ours.
    """
    bank = _read(folder / "banking77_train.csv.gz", text="text", label="category")
    job = "intents, BANKING77, each twentieth held back in turn"
    yield _compared(job, _twentieths(bank), _pieces(), 0.91, digits=2)
    seen, unseen = _split(bank)
    for count in (30, 10, 5):
        some = seen.sample(frac=1, random_state=0).groupby("label").head(count)
        job = f"intents, BANKING77, {count} examples a class"
        yield _compared(job, [(some, unseen)], _pieces(), None)
    with gzip.open(folder / "smp2019_chinese_intents_80.json.gz", "rt", encoding="utf-8") as file:
        sentences = pd.DataFrame(json.load(file))
    for label, floor in (("intent", 0.917), ("domain", 0.905)):
        rows = sentences[["text"]].assign(label=sentences[label].astype(str))
        yield _compared(f"{label}s, SMP2019", [_split(rows, evenly=False)], _characters(), floor)
    yield from _out_of_scope(folder)


def _out_of_scope(folder: Path) -> Iterator[Line]:
    """Tell the sentences that belong to none of 150 intents by how little the best one says."""
    rows = _read(folder / "clinc150_train_val.csv.gz", text="text", label="intent", part="part")
    out = rows["label"] == "oos"
    seen = rows[~out & (rows["part"] == "train")]
    unseen = rows[~out & (rows["part"] != "train")]
    model, seconds = _once(lambda: _fitted(seen))
    scope, strange = (model.scores(part["text"]).max(axis=1) for part in (unseen, rows[out]))
    area = roc_auc_score(np.arange(len(scope) + len(strange)) < len(scope), [*scope, *strange])
    known = _right(model, unseen) & (scope >= np.quantile(strange, RECALL))
    job = "out of scope, CLINC150"
    yield Line(job, "AUROC", Figure(float(area), seconds), None, 0.949, MOST, 3)
    name = f"in scope and right, with {RECALL:.1%} of the others refused"
    yield Line(job, name, Figure(float(known.mean())), None, 0.869, MOST, 3)


def _compared(
    job: str,
    parts: Iterable[Parts],
    peer: Any,  # noqa: ANN401 - scikit-learn is published without types
    floor: float | None,
    digits: int = 3,
) -> Line:
    """Give the accuracy of the better candidate beside that of the survey's method.

    Which candidate is the better is chosen on parts of what is seen alone, as `routing.learn` does.
    """
    ours, theirs, seconds, taken = [], [], 0.0, 0.0
    for seen, unseen in parts:
        model, took = _once(partial(_fitted, seen))
        seconds += took
        ours.append(_right(model, unseen))
        other, took = _once(partial(peer.fit, seen["text"], seen["label"]))
        taken += took
        theirs.append(other.predict(unseen["text"]) == unseen["label"].to_numpy())
    mine = Figure(float(np.concatenate(ours).mean()), seconds)
    survey = Figure(float(np.concatenate(theirs).mean()), taken, "the survey's method")
    return Line(job, "accuracy", mine, survey, floor, MOST, digits)


def _twentieths(rows: pd.DataFrame) -> Iterator[Parts]:
    """Hold each twentieth back once, with seed 0 and each label's share."""
    folds = StratifiedKFold(20, shuffle=True, random_state=0)
    for seen, unseen in folds.split(rows, rows["label"]):
        yield rows.iloc[seen], rows.iloc[unseen]


def _fitted(rows: pd.DataFrame) -> text_models.TextModel:
    """Choose between the candidates on a fifth of the rows, and fit the chosen one on all."""
    past, latest = _split(rows, evenly=False)
    right = {name: _right(model, latest).mean() for name, model in _candidates(past).items()}
    return _candidates(rows)[max(right, key=lambda name: right[name])]


def _candidates(rows: pd.DataFrame) -> dict[str, text_models.TextModel]:
    return text_models.fit(rows["text"].tolist(), rows["label"].tolist(), np.ones(len(rows)))


def _right(model: text_models.TextModel, rows: pd.DataFrame) -> Any:  # noqa: ANN401 - an array
    best = np.array(model.labels)[model.scores(rows["text"]).argmax(axis=1)]
    return best == rows["label"].astype(str).to_numpy()


def _characters() -> Any:  # noqa: ANN401 - scikit-learn is published without types
    """Build what the survey names for Chinese."""
    found = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=2)
    return make_pipeline(found, LinearSVC(C=0.5))


def _pieces() -> Any:  # noqa: ANN401 - the same
    """Build what the survey names for intents."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    return make_pipeline(make_union(words, pieces), LinearSVC())


def _read(name: Path, **columns: str) -> pd.DataFrame:
    """Read a set with the columns named as ours, rows with a gap left out."""
    rows = pd.read_csv(name)[[*columns.values()]]
    return rows.set_axis([*columns], axis=1).dropna().reset_index(drop=True)


def _split(rows: pd.DataFrame, *, evenly: bool = True) -> Parts:
    """Draw a fifth to hold back, with seed 0, each label by its share unless not `evenly`."""
    by = rows["label"] if evenly else None
    seen, unseen = train_test_split(rows, test_size=HELD_BACK, random_state=0, stratify=by)
    return seen, unseen


def _once(work: Callable[[], Any]) -> tuple[Any, float]:
    """Do the work once, since it takes seconds; give its result and the CPU seconds."""
    began = time.process_time()
    done = work()
    return done, time.process_time() - began
