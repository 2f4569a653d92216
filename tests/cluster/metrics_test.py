"""The page of metrics of an operator in a cluster, after a life of an Invocation: clean to promtool, and as docs/metrics.md has it."""
import importlib.util
import re
import subprocess

from harness import ROOT, Case, main, nim, wait

spec = importlib.util.spec_from_file_location("observability_test", ROOT / "tests" / "alerts" / "observability_test.py")
observability = importlib.util.module_from_spec(spec)
spec.loader.exec_module(observability)

def not_always_there():
    """Names whose row on the page says when they have no series."""
    rows = (ROOT / "docs" / "metrics.md").read_text().splitlines()
    return {name for row in rows if row.startswith("| `") and "no series" in row for name in re.findall(r"`([a-z_]+)`", row.split("|")[1])}


def names(page):
    return set(re.findall(r"^([a-z_]+)(?:\{| )", page, re.MULTILINE))


class Metrics(Case):
    def test_the_page_is_clean_and_documented(self):
        promtool = observability.find_promtool()
        world = self.world("metrics", "--ready-delay=200ms", "--run-delay=500ms")
        world.add_workspace()
        operator = world.start("--leader-elect")
        wait("it leads", lambda: operator.metric("leader_election_master_status") == 1, 30, [operator])
        self.checked(promtool, operator)  # as it is before anything happened
        world.apply(nim(tasks=["gpqa_diamond", "hellaswag"]))
        world.until_phase("Succeeded")
        series = self.checked(promtool, operator)
        world.kubectl("delete", "inv", "run", "--timeout=60s")
        series |= self.checked(promtool, operator)

        self.assertGreater(len(series), 40)
        known = observability.documented()
        self.assertEqual(sorted(series - known), [], "exported, and not in docs/metrics.md")
        self.assertEqual(sorted(known - series - not_always_there()), [],
                         "in docs/metrics.md, and not exported; a row says so (\"no series …\") where that can be")

    def checked(self, promtool, operator):
        page = operator.page("metrics")
        done = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""), page)
        return names(page)


if __name__ == "__main__":
    main()
