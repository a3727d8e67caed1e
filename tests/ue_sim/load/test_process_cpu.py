"""CPU of a process and of those that it has begun."""

import os
import subprocess
import sys
import time

from ue_sim.load.process_cpu import family_cpu_seconds


def test_cpu_of_children_counts_while_they_run_and_after() -> None:
    before = family_cpu_seconds(os.getpid())
    program = "import time\nwhile time.process_time() < 0.2: pass\nprint(flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert family_cpu_seconds(child.pid) >= 0.15
        assert family_cpu_seconds(os.getpid()) - before >= 0.15
        child.communicate(b"\n")
    assert family_cpu_seconds(os.getpid()) - before >= 0.15
    assert family_cpu_seconds(child.pid) == 0.0


def test_own_cpu_is_about_what_the_clock_of_the_process_says() -> None:
    before, since = family_cpu_seconds(os.getpid()), time.process_time()
    while time.process_time() - since < 0.2:
        pass
    assert 0.1 < family_cpu_seconds(os.getpid()) - before < 0.4
