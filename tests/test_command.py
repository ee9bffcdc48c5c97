import signal
import subprocess
import sys

import pytest

BEGIN = "from dirac.command import behave_as_command; behave_as_command(); "


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BEGIN + code], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("from dirac.params import load_params; load_params()", "params.yaml is missing"),
        ("open('nowhere')", "No such file or directory: 'nowhere'"),
        (
            "import resource as r, torch; r.setrlimit(r.RLIMIT_FSIZE, (999, r.RLIM_INFINITY)); "
            "torch.zeros(999).share_memory_()",
            "/dev/shm, has no room",
        ),
    ],
)
def test_an_error_of_ours_is_one_sentence(code, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run(code)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_fault_keeps_its_traceback():
    assert "Traceback" in run("1 / 0").stderr


def test_sigterm_is_an_exit_in_good_order():
    code = "import os, signal\ntry: os.kill(os.getpid(), signal.SIGTERM)\nfinally: print('closed')"
    done = subprocess.run(
        [sys.executable, "-c", BEGIN.replace("; ", "\n") + code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 128 + signal.SIGTERM
    assert done.stdout == "closed\n"


def test_a_process_ends_with_the_one_that_it_works_for(tmp_path):
    """The pipe that the worker inherits closes when it ends."""
    (tmp_path / "boss.py").write_text(
        "import os, signal, time\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from multiprocessing import get_context\n"
        "from dirac.command import end_with_parent\n"
        "def work():\n"
        "    print('at work', flush=True)\n"
        "    time.sleep(600)\n"
        "if __name__ == '__main__':\n"
        "    pool = ProcessPoolExecutor(1, get_context('spawn'), end_with_parent)\n"
        "    pool.submit(work)\n"
        "    time.sleep(600)\n"
    )
    boss = subprocess.Popen([sys.executable, tmp_path / "boss.py"], stdout=subprocess.PIPE)
    assert boss.stdout is not None
    assert boss.stdout.readline() == b"at work\n"
    boss.kill()
    assert boss.communicate(timeout=60)[0] == b""
