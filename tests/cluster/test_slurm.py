"""The same build by Slurm's jobs: a cluster of one node, this machine, by Debian's packages (`make test-cluster`)."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from copies import Copy, small_report

SLURM = Path(__file__).with_name("slurm.sh")
SYSTEM = f"{os.environ['PATH']}:/usr/sbin:/sbin"
MISSING = [name for name in ("munged", "slurmctld", "slurmd", "sbatch") if not shutil.which(name, path=SYSTEM)]
if not importlib.util.find_spec("snakemake_executor_plugin_slurm"):
    MISSING.append("snakemake-executor-plugin-slurm")

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"no Slurm can be started here, it lacks {', '.join(MISSING)}"),
    pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root starts a Slurm of its own"),
    pytest.mark.skipif(Path("/etc/slurm/slurm.conf").exists(), reason="a Slurm is set up here: it is left alone"),
]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A Slurm that runs two jobs at once."""
    folder = tmp_path_factory.mktemp("slurm")
    subprocess.run(["bash", SLURM, "start", folder], check=True)
    yield
    subprocess.run(["bash", SLURM, "stop", folder], check=True)


def report_in_batches(folder: Path) -> Path:
    """The small report, its cards and groups in more batches than one."""
    params = small_report(folder)
    settings = yaml.safe_load(params.read_text(encoding="utf-8"))
    settings["build"] = {"cell_seconds": 100, "batch_pages": 4, "source": "проверка"}
    params.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    return params


def build(copy: Copy, params: Path, out: Path, *more: str) -> subprocess.Popen:
    """A build of both editions without pictures."""
    return copy.popen("build", params, "--out", out, "--engine", "pandoc", "--edition", "all", "--json", *more)


def told(process: subprocess.Popen) -> list[dict]:
    """All that a build tells until it ends."""
    return [json.loads(line) for line in process.communicate(timeout=600)[0].splitlines()]


def content(out: Path) -> dict[str, bytes]:
    """Every file of tables and sites."""
    folders = ("data", "_site", "_site-internal")
    return {str(path.relative_to(out)): path.read_bytes()
            for folder in folders for path in (out / folder).rglob("*") if path.is_file()}  # fmt: skip


def queue() -> list[str]:
    """Jobs that wait or run."""
    return subprocess.run(["squeue", "--noheader"], capture_output=True, text=True, check=True).stdout.splitlines()


def test_jobs_on_slurm_make_the_same_bytes_and_tell_the_same(slurm: None, copy: Copy, tmp_path: Path):
    params = report_in_batches(tmp_path / "report")
    by_slurm = told(build(copy, params, tmp_path / "slurm", "--profile", "slurm"))
    here = told(build(copy, params, tmp_path / "here"))
    assert by_slurm[-1]["outcome"] == here[-1]["outcome"] == "done"

    def finished(events: list[dict]) -> list[tuple]:
        return sorted(
            (event["stage"], event.get("edition", ""), event["name"])
            for event in events
            if event["event"] == "finished"
        )

    assert finished(by_slurm) == finished(here)
    assert content(tmp_path / "slurm") == content(tmp_path / "here") != {}
    log = next((tmp_path / "slurm" / ".snakemake" / "log").iterdir()).read_text(encoding="utf-8")
    assert log.count("submitted with SLURM jobid") >= 5, "every rule is a job of the cluster"


def test_a_failure_is_told_in_the_words_of_the_job(slurm: None, copy: Copy, tmp_path: Path):
    params = report_in_batches(tmp_path / "report")
    data = params.parent / "us_california_api.csv"
    data.write_text(data.read_text(encoding="utf-8").replace(",58,12,", ",беда,12,", 1), encoding="utf-8")
    process = build(copy, params, tmp_path / "out", "--profile", "slurm")
    *_, error, last = told(process)
    assert (process.returncode, last["outcome"], error["event"]) == (1, "failed", "error")
    assert "«беда»" in error["text"] and "us_california_api.csv" in error["text"]


def test_a_build_that_is_killed_leaves_no_job_behind(slurm: None, copy: Copy, tmp_path: Path):
    process = build(copy, report_in_batches(tmp_path / "report"), tmp_path / "out", "--profile", "slurm")
    until = time.monotonic() + 60
    while not queue() and time.monotonic() < until:
        time.sleep(0.2)
    assert queue()
    process.kill()
    process.communicate()
    while queue() and time.monotonic() < until:
        time.sleep(0.2)
    assert not queue()
