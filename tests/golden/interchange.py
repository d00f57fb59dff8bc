#!/usr/bin/env python3
"""Reads what `upcycle export` writes for other programs with those programs, and holds every value
against the ledger: TensorBoard's EventAccumulator (float32, as its scalars are), MLflow's client
(bit by bit, and once more after MLflow's own migration to its database), pandas (bit by bit). Then
it runs the pandas examples of results/interchange/README.md. README.md says how to run it.

    interchange.py UPCYCLE STUDY ROOT
"""

import argparse
import collections
import contextlib
import io
import json
import math
import os
import pathlib
import re
import sqlite3
import struct
import subprocess
import sys
import tempfile

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"

import mlflow
import numpy
import pandas
from mlflow.tracking import MlflowClient
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import plugin_data_pb2

PAGE = pathlib.Path(__file__).parents[2] / "results/interchange/README.md"


def bits(value):
    """A double as its bytes, all NaN alike."""
    return b"nan" if math.isnan(value) else struct.pack("<d", value)


def name_of(role, number):
    return f"{role}_{number}" if role in ("branch", "benchmark") else role


def curve_name(place, metric):
    return metric if place == "train" else f"{place}/{metric}"


def ledger_values(root, study):
    """{(arm, seed): {name: {step: value}}} of points, and of results under result/ with step None."""
    ledger = sqlite3.connect(f"file:{root}/ledger.sqlite?mode=ro", uri=True)
    runs = collections.defaultdict(lambda: collections.defaultdict(dict))
    where = ("FROM study JOIN arm ON arm.study = study.id JOIN run ON run.arm = arm.id "
             "JOIN run_stage ON run_stage.run = run.id JOIN {0} ON {0}.stage = run_stage.stage "
             "JOIN metric ON metric.id = {0}.metric WHERE study.name = ? AND NOT arm.absent "
             "AND NOT run.absent AND metric.name NOT LIKE 'system/%'")
    for arm, seed, role, number, metric, step, value in ledger.execute(
            "SELECT arm.name, seed, role, number, metric.name, step, value " +
            where.format("point"), (study,)):
        name = curve_name(name_of(role, number), metric)
        runs[arm, seed][name][step] = math.nan if value is None else value
    for arm, seed, role, number, metric, value in ledger.execute(
            "SELECT arm.name, seed, role, number, metric.name, value " + where.format("result"),
            (study,)):
        name = f"result/{name_of(role, number)}/{metric}"
        runs[arm, seed][name][None] = math.nan if value is None else value
    return runs


def fail(text):
    sys.exit(f"interchange: {text}")


def check(what, found, expected, form):
    """Both are {name: {step: value}}; a result has one value, at whatever step."""
    count = 0
    if set(found) != set(expected):
        fail(f"{what}: {sorted(set(found) ^ set(expected))[:5]} are not in both")
    for name, points in expected.items():
        has = {None: next(iter(found[name].values()))} if None in points else found[name]
        if set(has) != set(points):
            fail(f"{what}: other steps of {name}")
        for step, value in points.items():
            if bits(form(value)) != bits(has[step]):
                fail(f"{what}: {name} at {step} is {has[step]!r}, not {form(value)!r}")
            count += 1
    return count


def runs_of(folder):
    contents = json.loads((folder / "upcycle-export.json").read_text())
    return [((run["arm"], run["seed"]), folder / run["folder"], run) for run in contents["runs"]]


def check_tensorboard(folder, ledger):
    count = 0
    for key, place, run in runs_of(folder):
        sizes = {event_accumulator.SCALARS: 0, event_accumulator.TENSORS: 0}
        events = event_accumulator.EventAccumulator(str(place), sizes)
        events.Reload()
        found = {tag: {event.step: event.value for event in events.Scalars(tag)}
                 for tag in events.Tags()["scalars"]}
        with numpy.errstate(over="ignore"):
            count += check(f"TensorBoard {key}", found, ledger[key],
                           lambda value: float(numpy.float32(value)))
        content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
        session = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
        if session.group_name != key[0] or not session.hparams:
            fail(f"TensorBoard {key}: its settings are not there")
        text = events.Tensors("run")[0].tensor_proto.string_val[0].decode()
        if json.loads(text)["arm"] != key[0]:
            fail(f"TensorBoard {key}: {text}")
    return count


def without_infinities(value):
    """As MLflow's database keeps it: the largest double in place of an infinity."""
    largest = sys.float_info.max
    return value if math.isnan(value) else max(-largest, min(largest, value))


def check_mlflow(uri, study, ledger, form=float):
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name(study)
    count = 0
    runs = client.search_runs([experiment.experiment_id], max_results=5000)
    if len(runs) != len(ledger):
        fail(f"MLflow has {len(runs)} runs, not {len(ledger)}")
    for run in runs:
        key = run.data.tags["upcycle.arm"], int(run.data.tags["upcycle.seed"])
        found = {name: {one.step: one.value for one in client.get_metric_history(run.info.run_id,
                                                                                 name)}
                 for name in run.data.metrics}
        count += check(f"MLflow {key}", found, ledger[key], form)
        if not run.data.params or run.info.run_name != f"{key[0]}/{key[1]}":
            fail(f"MLflow {key}: parameters or name")
    return count


def check_points(path, ledger):
    table = pandas.read_csv(path, dtype={"step": "Int64"}, converters={"value": float})
    found = collections.defaultdict(lambda: collections.defaultdict(dict))
    for row in table.itertuples():
        result = row.step is pandas.NA
        name = f"result/{row.role}/{row.metric}" if result else curve_name(row.role, row.metric)
        found[row.arm, row.seed][name][None if result else int(row.step)] = row.value
    return sum(check(f"CSV {key}", found[key], points, float) for key, points in ledger.items())


def run_examples(folder):
    """The page's Python, one after the other, where LEDGER and POINTS are."""
    names = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    before = os.getcwd()
    os.chdir(folder)
    for block in blocks:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(block, PAGE.name, "exec"), names)
    os.chdir(before)
    return len(blocks)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("upcycle", type=pathlib.Path)
    parser.add_argument("study")
    parser.add_argument("root", type=pathlib.Path)
    options = parser.parse_args()
    ledger = ledger_values(options.root, options.study)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        subprocess.run([options.upcycle, "export", options.study, "--root", options.root,
                        "--tensorboard", folder / "board", "--mlflow", folder / "mlruns",
                        "--points", folder / "points.csv"], check=True)
        print("TensorBoard:", check_tensorboard(folder / "board", ledger), "values")
        print("MLflow:", check_mlflow(str(folder / "mlruns"), options.study, ledger), "values")
        database = f"sqlite:///{folder}/mlflow.db"
        subprocess.run([sys.executable, "-m", "mlflow", "migrate-filestore", "--source",
                        folder / "mlruns", "--target", database], check=True,
                       capture_output=True)
        print("MLflow, migrated:",
              check_mlflow(database, options.study, ledger, without_infinities), "values")
        print("pandas:", check_points(folder / "points.csv", ledger), "values")
        (folder / "runs").symlink_to(options.root.resolve())
        print("examples:", run_examples(folder))


if __name__ == "__main__":
    main()
