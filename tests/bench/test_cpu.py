"""CPU of processes and of what they have started, ended or not."""

import subprocess
import sys

from bench.cpu import cpu_seconds

BUSY = "import time\nwhile time.process_time() < 0.3: pass"
PARENT = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {BUSY!r}], check=True)
print("ended", flush=True)
sys.stdin.read()
"""


def test_what_a_child_used_that_has_ended_is_counted() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ended\n"
        before = cpu_seconds({"parent": parent.pid})["parent"]
        parent.communicate("")
    assert before >= 0.25  # /proc counts whole ticks: the last one of each process is cut off
