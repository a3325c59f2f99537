"""What the analyses reach on real data, beside what the field reaches, in one run with one thread.

    python benchmarks/analytics.py [FOLDER] [SECTION …]

FOLDER holds the data sets (shared/data beside the checkout). A section is left out where its set is
missing. Peers are run beside ours where they can be imported; the floor is the figure of the
field's survey, or the published one. To add a job, write a module of functions in
`benchmarks/analyses/` that take the folder and give lines, and put them into SECTIONS.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.analyses import (
    outcomes,
    recommendation,
    rules,
    segments,
    series,
    texts,
    trees,
    value,
)
from benchmarks.analyses.table import Section, show
from jobs.analytics.threads import one_thread

FOLDER = Path(__file__).parents[2] / "shared" / "data"
SECTIONS: dict[str, Section] = {
    "contracts": outcomes.contract_churn,
    "silence": outcomes.silence_churn,
    "leads": outcomes.lead_score,
    "wins": outcomes.win_chance,
    "controls": outcomes.negative_controls,
    "tree": trees.telephone_company,
    "rules": rules.association_rules,
    "purchases": value.purchases_to_come,
    "money": value.money_to_come,
    "segments": segments.customer_segments,
    "recommendation": recommendation.suggestions_of_a_wholesaler,
    "passengers": series.passengers,
    "weeks": series.weekly_revenue,
    "months": series.monthly_revenue,
    "routing": texts.routed,
    "chinese": texts.chinese,
    "meaningless": texts.meaningless,
    "intents": texts.intents,
}


def main() -> None:
    """Run the sections and print one table."""
    arguments = sys.argv[1:]
    folder = Path(arguments.pop(0)) if arguments and Path(arguments[0]).is_dir() else FOLDER
    unknown = [name for name in arguments if name not in SECTIONS]
    if unknown:
        sys.exit(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    print("| job | figure | Rapport | CPU s | another in this run | CPU s | floor | held |")
    print("|---|---|--:|--:|--:|--:|--:|---|")
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peers use what their libraries call out of date
        for name in arguments or SECTIONS:
            show(name, SECTIONS[name], folder)


if __name__ == "__main__":
    main()
