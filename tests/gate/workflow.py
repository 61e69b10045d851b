#!/usr/bin/env python3
"""Checks that the workflow of the continuous integration is YAML, that the presets it names exist,
and that tests/run.sh and docs/compilers.md know the same ones."""
import json
import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORKFLOW = ".github/workflows/ci.yml"


def commands(workflow):
    """The shell commands of all jobs, once for each entry of the job's matrix."""
    for name, job in workflow["jobs"].items():
        presets = job.get("strategy", {}).get("matrix", {}).get("preset", [None])
        for preset in presets:
            for step in job["steps"]:
                if "run" not in step and "uses" not in step:
                    raise ValueError(f"a step of {name} neither runs nor uses anything")
                text = step.get("run", "")
                yield text if preset is None else text.replace("${{ matrix.preset }}", preset)


def presets():
    everything = json.loads((ROOT / "CMakePresets.json").read_text())
    return {
        kind: {p["name"] for p in everything[f"{kind}Presets"] if not p.get("hidden")}
        for kind in ("configure", "build", "test")
    }


def of_run_sh():
    text = (ROOT / "tests/run.sh").read_text()
    names = re.search(r"case \$preset in\n([^)]+)\) ;;", text)[1].replace("\\\n", "")
    return {name.strip() for name in names.split("|")}


def check(workflow, known, runnable, documented):
    used = set()
    for command in commands(workflow):
        for kind, pattern in (("configure", r"cmake --preset (\S+)"),
                              ("build", r"cmake --build --preset (\S+)"),
                              ("test", r"ctest --preset (\S+)")):
            for name in re.findall(pattern, command):
                used.add(name)
                if name not in known[kind]:
                    yield f"{WORKFLOW}: there is no {kind} preset {name}"
        for names in re.findall(r"tests/run\.sh ([^\n]+)", command):
            for name in names.split():
                used.add(name)
                if name not in runnable:
                    yield f"{WORKFLOW}: tests/run.sh knows no preset {name}"
    for name in sorted(runnable - known["configure"]):
        yield f"tests/run.sh knows {name}, which is no preset"
    for name in sorted(known["configure"] - used - {"debug"}):
        yield f"{WORKFLOW}: nothing runs the preset {name}"
    for name in sorted(known["configure"] - {"debug"}):
        if f"`{name}`" not in documented:
            yield f"docs/compilers.md says nothing of the preset {name}"


def check_itself():
    known = {kind: {"good", "debug"} for kind in ("configure", "build", "test")}

    def found(text):
        return list(check(yaml.safe_load(text), known, {"good"}, "`good`"))

    good = "jobs: {a: {steps: [{run: 'cmake --preset good'}]}}"
    bad = "jobs: {a: {steps: [{run: 'cmake --preset good && ctest --preset bad'}]}}"
    matrix = ("jobs: {a: {strategy: {matrix: {preset: [good, worse]}}, "
              "steps: [{run: 'bash tests/run.sh ${{ matrix.preset }}'}]}}")
    assert found(good) == []
    assert any("test preset bad" in p for p in found(bad))
    assert any("preset worse" in p for p in found(matrix))
    assert any("nothing runs" in p for p in found("jobs: {a: {steps: [{run: 'true'}]}}"))


def main():
    check_itself()
    try:
        workflow = yaml.safe_load((ROOT / WORKFLOW).read_text())
        problems = list(check(workflow, presets(), of_run_sh(),
                              (ROOT / "docs/compilers.md").read_text()))
    except (yaml.YAMLError, KeyError, ValueError) as e:
        problems = [f"{WORKFLOW}: {e}"]
    print("\n".join(problems) if problems else "workflow: its presets exist")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
