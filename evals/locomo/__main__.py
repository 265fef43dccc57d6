"""How much of the evidence is found on LoCoMo: ``python -m evals.locomo --data locomo10.json``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from evals.locomo.cases import MAIN_GROUPS, locomo_cases
from evals.locomo.questions import read_questions
from evals.report import Report
from evals.retrieval.cases import Case
from evals.retrieval.command import add_options, chosen, evaluate, new_report
from evals.retrieval.engines.choosing import ENGINES
from evals.retrieval.tables import print_notes


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.locomo", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="LoCoMo's locomo10.json")
    add_options(parser, facts=True)
    arguments = parser.parse_args()
    if not arguments.data.is_file():
        parser.error(f"--data: there is no file {arguments.data}")
    return arguments


def _tell(
    report: Report, samples: list[dict[str, Any]], cases: list[Case], names: list[str]
) -> None:
    turns = [{turn.id for turn in case.turns()} for case in cases]
    read = [
        question
        for sample, ids in zip(samples, turns, strict=True)
        for question in read_questions(sample, ids)
    ]
    asked = [question for question in read if question.evidence]
    respelt = sum(question.respelt for question in asked)
    about = {
        "sessions": sum(len(case.sessions) for case in cases),
        "turns": sum(map(len, turns)),
        "facts": sum(len(case.statements) for case in cases),
        "questions": len(asked),
        "questions_respelt": respelt,
        "questions_without_evidence": len(read) - len(asked),
    }
    report.record |= about
    report.note()
    report.note(
        f"LoCoMo: {about['turns']:,} turns of {about['sessions']} sessions. {len(asked):,} "
        f"questions have evidence and were asked: {len(asked) - respelt:,} as spelt, and {respelt} "
        "whose only evidence is misspelt (as D30:05 for D30:5); "
        f"{len(read) - len(asked)} name no turn that exists. A question's now is a minute after "
        "the last turn."
    )
    if any(ENGINES[name].facts for name in names):
        report.note(
            f"Facts: the data set's own observations, {about['facts']:,} with turns that exist."
        )


def main() -> None:
    """Run the evaluation."""
    arguments = _arguments()
    samples: list[dict[str, Any]] = json.loads(arguments.data.read_text(encoding="utf-8"))
    cases = locomo_cases(samples)
    names = chosen(arguments)
    report = new_report("locomo", names)
    kept = evaluate(report, names, cases, data_set="locomo", title="LoCoMo", main=MAIN_GROUPS)
    _tell(report, samples, cases, names)
    print_notes(report)
    report.record["results"] = [kept]
    if arguments.json is not None:
        report.write(arguments.json)


if __name__ == "__main__":
    main()
