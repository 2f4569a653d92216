"""What processes cost, read from /proc, so that nothing that is measured has to help: CPU seconds, resident memory, its peak."""
import os
import pathlib
import platform
import statistics
import threading
import time

TICK = os.sysconf("SC_CLK_TCK")
MIB = 1 << 20


class Measured:
    """A process by its id; once it ended, what it had used last."""

    def __init__(self, pid):
        self.pid = pid
        self.folder = pathlib.Path("/proc") / str(pid)

    def cpu(self):
        """Seconds, user and system, of all its threads."""
        fields = (self.folder / "stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def _status(self, name):
        line = next(line for line in (self.folder / "status").read_text().splitlines() if line.startswith(name + ":"))
        return int(line.split()[1]) * 1024 / MIB

    def rss(self):
        """MiB."""
        return self._status("VmRSS")

    def peak(self):
        """MiB, since the start or the latest forget_peak()."""
        return self._status("VmHWM")

    def forget_peak(self):
        (self.folder / "clear_refs").write_text("5")


class Account:
    """CPU of several processes from its making on; lap() tells what was used since the last one."""

    def __init__(self, **processes):
        self.processes = processes
        self.begin = time.monotonic()
        self.before = {name: p.cpu() for name, p in processes.items()}
        self.own = time.process_time()

    def lap(self):
        now = {name: p.cpu() for name, p in self.processes.items()}
        used = {name: round(now[name] - self.before[name], 2) for name in now}
        used["driver"] = round(time.process_time() - self.own, 2)
        seconds = time.monotonic() - self.begin
        self.before, self.own, self.begin = now, time.process_time(), time.monotonic()
        return {"seconds": round(seconds, 2), "cpu_seconds": used}


class Sampler:
    """Resident memory, looked at every 50 ms on a thread of its own."""

    def __init__(self, process):
        self.process, self.samples, self._ending = process, [], threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._ending.wait(0.05):
            try:
                self.samples.append(self.process.rss())
            except OSError:
                return

    def stop(self):
        """{steady, most}: the median and the greatest."""
        self._ending.set()
        self._thread.join()
        return {"median_mib": round(statistics.median(self.samples), 1), "most_mib": round(max(self.samples), 1)}


def percentiles(values):
    ordered = sorted(values)
    if not ordered:
        return None
    return {f"p{p}": round(ordered[min(len(ordered) - 1, len(ordered) * p // 100)], 2) for p in (50, 95, 99)}


def machine():
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    memory = int(pathlib.Path("/proc/meminfo").read_text().split()[1]) // 1024
    return {"cpu": model, "cores": os.cpu_count(), "memory_mib": memory, "kernel": platform.release(), "load_average": [round(x, 1) for x in os.getloadavg()]}
