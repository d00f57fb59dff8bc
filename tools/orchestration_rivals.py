#!/usr/bin/env python3
"""Optuna, MLflow and GNU parallel at the work of `upcycle bench --orchestration`.

Runs without work are begun and ended, with their parameters recorded: trials of an Optuna study and
runs of MLflow, each in one process that keeps them in SQLite as those libraries set it up, and jobs
`true` of GNU parallel with a job log. Then points are recorded, Optuna's one by one as its trials
report them, MLflow's in the largest batches that it takes, and all runs are listed with their
parameters and newest values. Points and lists are slower for them, so they have fewer, and the
table says how many.

    upcycle bench --orchestration --json ours.json
    python3 -m venv /tmp/rivals && /tmp/rivals/bin/pip install optuna mlflow pandas
    apt-get install parallel
    /tmp/rivals/bin/python tools/orchestration_rivals.py ours.json

Every figure is of one process that does nothing else. CPU time is user and system time of the
coordinator alone; of GNU parallel that is its own without its jobs'.
"""

import argparse
import contextlib
import importlib.metadata
import importlib.util
import json
import logging
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time


class Clock:
    def __init__(self):
        self.wall, self.cpu = time.monotonic(), self.cpu_now()

    @staticmethod
    def cpu_now():
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime

    def seconds(self):
        return time.monotonic() - self.wall

    def cpu_seconds(self):
        return self.cpu_now() - self.cpu


def run_figures(clock, runs):
    return {"cpu_ms": 1e3 * clock.cpu_seconds() / runs, "wall_ms": 1e3 * clock.seconds() / runs,
            "runs": runs}


def point_figures(clock, points):
    return {"per_second": points / clock.seconds(), "points": points}


def list_figures(clock, runs):
    return {"seconds": clock.seconds(), "runs": runs}


def settings_of(run):
    return {"learning_rate": 1e-3 + 1e-5 * (run % 100), "capacity_factor": 1 + run // 100}


def measure_optuna(folder, arguments):
    import optuna
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = f"sqlite:///{folder}/optuna.sqlite"

    def objective(trial):
        settings = settings_of(trial.number)
        trial.suggest_float("learning_rate", 1e-4, 1e-1)
        trial.suggest_float("capacity_factor", 1, 16)
        return settings["learning_rate"]

    # Grid sampling would keep its grid in the study; random sampling is the least that it does.
    sampler = optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(storage=storage, sampler=sampler, study_name="runs")
    clock = Clock()
    study.optimize(objective, n_trials=arguments.runs)
    runs = run_figures(clock, arguments.runs)

    trial = study.ask()
    clock = Clock()
    for step in range(arguments.optuna_points):
        trial.report(3 - 1e-4 * step, step)
    points = point_figures(clock, arguments.optuna_points)
    study.tell(trial, 3)

    clock = Clock()
    listed = len(optuna.load_study(storage=storage, study_name="runs").trials_dataframe())
    return {"runs": runs, "points": points, "list": list_figures(clock, listed)}


def measure_mlflow(folder, arguments):
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["GIT_PYTHON_REFRESH"] = "quiet"
    logging.disable(logging.WARNING)
    import mlflow
    from mlflow.entities import Metric
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.sqlite")
    mlflow.set_experiment("runs")

    with mlflow.start_run():  # the first makes the store's caches
        mlflow.log_params(settings_of(0))
    clock = Clock()
    identities = []
    for run in range(arguments.runs):
        with mlflow.start_run() as started:
            mlflow.log_params(settings_of(run))
            identities.append(started.info.run_id)
    runs = run_figures(clock, arguments.runs)

    client, batch, series = mlflow.MlflowClient(), 1000, 8
    with_points = identities[:max(1, arguments.mlflow_points // batch)]
    batches = [[Metric(f"metric-{i % series}", 3 - 1e-4 * i, 0, i // series) for i in range(batch)]
               for _ in with_points]
    clock = Clock()
    for identity, metrics in zip(with_points, batches):
        client.log_batch(identity, metrics=metrics)
    points = point_figures(clock, batch * len(with_points))

    clock = Clock()
    listed = len(mlflow.search_runs(max_results=50_000))
    return {"runs": runs, "points": points, "list": list_figures(clock, listed)}


def own_cpu_seconds(process):
    """Of a process that has ended and was not waited for; without its children's."""
    os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
    with open(f"/proc/{process}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_parallel(folder, arguments):
    jobs = "".join(f"{run}\n" for run in range(arguments.runs))
    with open(f"{folder}/jobs", "w") as file:
        file.write(jobs)
    command = ["parallel", "--will-cite", f"-j{arguments.jobs}", "--joblog", f"{folder}/log",
               "-a", f"{folder}/jobs", "true"]
    clock = Clock()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env={**os.environ, "HOME": folder})
    cpu_seconds = own_cpu_seconds(process.pid)
    wall_seconds = clock.seconds()
    if process.wait() != 0:
        sys.exit(f"orchestration_rivals: parallel ended with {process.returncode}")
    return {"runs": {"cpu_ms": 1e3 * cpu_seconds / arguments.runs,
                     "wall_ms": 1e3 * wall_seconds / arguments.runs, "runs": arguments.runs}}


RIVALS = {"Optuna": measure_optuna, "MLflow": measure_mlflow, "GNU parallel": measure_parallel}


def version_of(rival):
    if rival == "GNU parallel":
        text = subprocess.run(["parallel", "--version"], capture_output=True, text=True).stdout
        return text.split("\n")[0].split()[-1]
    return importlib.metadata.version(rival.lower())


def require_all():
    missing = [f"pip install {name}" for name in ("optuna", "mlflow", "pandas")
               if importlib.util.find_spec(name) is None]
    found = shutil.which("parallel")
    text = subprocess.run(["parallel", "--version"], capture_output=True,
                          text=True).stdout if found else ""
    if not text.startswith("GNU parallel"):
        missing.append("apt-get install parallel")
    if missing:
        sys.exit("orchestration_rivals: not everything that it measures is here: "
                 f"{'; '.join(missing)}\nThe comment at the head of {__file__} says where.")


def measure_apart(rival, arguments):
    """In a process of its own, so that no library is in another's figures."""
    command = [sys.executable, os.path.abspath(__file__), arguments.ours, "--one", rival,
               "--runs", str(arguments.runs), "--jobs", str(arguments.jobs),
               "--optuna-points", str(arguments.optuna_points),
               "--mlflow-points", str(arguments.mlflow_points)]
    print(f"{rival} …", file=sys.stderr)
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if ended.returncode != 0:
        sys.exit(f"orchestration_rivals: {rival} failed, as it said above")
    return json.loads(ended.stdout)


def figures_of_ours(report):
    rows = {row["key"]: row["value"] for row in report["rows"]}
    counts = report["counts"]
    processes = counts["processes"] / counts["runs"]
    return {"runs": {"cpu_ms": rows["coordinator_cpu"], "wall_ms": rows["schedule_wall"] * processes,
                     "runs": counts["runs"]},
            "points": {"per_second": rows["ingest"], "points": counts["points"]},
            "list": {"seconds": rows["status"], "runs": counts["planned"]},
            "compare": {"seconds": rows["compare"], "runs": counts["planned"]}}


def markdown(found, versions):
    def row(title, part, text):
        cells = [text(figures[part]) if part in figures else "–" for figures in found.values()]
        return "| " + " | ".join([title, *cells]) + " |"

    def seconds(figures):
        return f"{figures['seconds']:.3g} s ({figures['runs']:,} runs)"

    heads = [f"{name} {versions[name]}".strip() for name in found]
    return "\n".join([
        "| | " + " | ".join(heads) + " |",
        "|---|" + "---:|" * len(found),
        row("CPU time of the coordinator, a run", "runs", lambda f: f"{f['cpu_ms']:.3g} ms"),
        row("wall time, a run", "runs", lambda f: f"{f['wall_ms']:.3g} ms"),
        row("points recorded, a second", "points",
            lambda f: f"{f['per_second']:,.0f} (of {f['points']:,})"),
        row("all runs with their newest values", "list", seconds),
        row("all arms compared, with tests", "compare", seconds)]) + "\n"


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ours", help="file written by upcycle bench --orchestration --json FILE")
    parser.add_argument("--runs", type=int, default=1000, help="without work")
    parser.add_argument("--jobs", type=int, default=2, help="of GNU parallel at a time")
    parser.add_argument("--optuna-points", type=int, default=2000)
    parser.add_argument("--mlflow-points", type=int, default=100_000)
    parser.add_argument("--json", default="", help="file for the figures")
    parser.add_argument("--one", choices=RIVALS, help=argparse.SUPPRESS)
    return parser.parse_args()


def read_ours(file):
    try:
        with open(file) as read:
            return figures_of_ours(json.load(read))
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"orchestration_rivals: {file} was not written by `upcycle bench "
                 f"--orchestration --json`: {error!r}")


def main():
    arguments = read_arguments()
    if arguments.one:
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
            figures = RIVALS[arguments.one](folder, arguments)
        print(json.dumps(figures))
        return 0
    found = {"upcycle": read_ours(arguments.ours)}
    require_all()
    versions = {"upcycle": "", **{rival: version_of(rival) for rival in RIVALS}}
    for rival in RIVALS:
        found[rival] = measure_apart(rival, arguments)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"versions": versions, "figures": found}, file, indent=2)
    print(markdown(found, versions), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
