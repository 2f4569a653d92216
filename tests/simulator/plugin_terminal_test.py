"""kubectl lepton on a terminal: what a person sees of `run --wait` (Must show 1)."""
import re

import at_once
import plugin
from harness import TASKS, nim
from terminal import Terminal

BAR = re.compile(r"^  (\w+) +([█░]{20}|[#-]{20})  (.*)$")


def bars(rows):
    """Task -> how much of its bar is full."""
    return {m[1]: sum(c in "█#" for c in m[2]) for m in map(BAR.match, rows) if m}


class OnATerminal(plugin.Case):
    def terminal(self, world, *words, columns=110, rows=30, **environment):
        terminal = Terminal(world.words(*words), world.environment(TERM="xterm-256color", **environment), columns, rows)
        self.addCleanup(terminal.close)
        return terminal

    def test_bars_advance_to_the_end_and_the_summary_stays(self):
        world = self.world("--ready-delay", "1500ms", "--start-delay", "700ms", "--run-delay", "1500ms")
        terminal = self.terminal(world, "run", "-f", world.file(nim()), "--wait")
        seen = {task: [] for task in TASKS}
        phases = []

        def look(rows):
            for task, full in bars(rows).items():
                if not seen[task] or seen[task][-1] != full:
                    seen[task].append(full)
            heads = [row for row in rows if re.match(r"run  \w+", row)]
            self.assertLessEqual(len(heads), 1, "one heading, or something of the last drawing stayed:\n" + "\n".join(rows))
            if heads and (not phases or phases[-1] != heads[0].split()[1]):
                phases.append(heads[0].split()[1])
            return any(row.startswith("run Succeeded: 3 of 3 tasks succeeded after ") for row in rows)

        terminal.until("all is over", look, 60)
        self.assertEqual(terminal.end(), 0)
        for task, steps in seen.items():
            self.assertEqual(steps, sorted(steps), task)
            self.assertGreaterEqual(len(steps), 4, f"{task}: {steps}")
            self.assertEqual(steps[-1], 20, task)
        self.assertEqual([p for p in phases if p not in ("waiting", "Pending")], ["Deploying", "Running", "Succeeded"])
        rows = terminal.rows()
        self.assertTrue(rows[0].startswith("invocation.lepton.dev/run created in "), rows[0])
        self.assertEqual(bars(rows), {task: 20 for task in TASKS}, "the last drawing stays")
        self.assertTrue(any(row.startswith("  results: /shared/") for row in rows), rows)
        self.assertTrue(terminal.screen.cursor_shown, "the cursor is given back")
        self.assertGreater(terminal.screen.colours, 0)
        print("\n".join(rows))

    def test_elapsed_time_goes_on_while_nothing_changes(self):
        world = self.world("--ready-delay", "10m")
        terminal = self.terminal(world, "run", "-f", world.file(nim(tasks=["hellaswag"])), "--wait")

        def elapsed(rows):
            found = [re.search(r"hellaswag .* endpoint \w+ +(\d+)s", row) for row in rows]
            return next((int(m[1]) for m in found if m), None)

        first = terminal.until("a time is shown", lambda rows: elapsed(rows))
        terminal.until("it goes on", lambda rows: (elapsed(rows) or 0) >= first + 2)

    def test_another_size_of_the_window_leaves_nothing_behind(self):
        world = self.world("--ready-delay", "500ms", "--run-delay", "10m")
        terminal = self.terminal(world, "run", "-f", world.file(nim()), "--wait")
        terminal.until("all run", lambda rows: sum(" running " in row + " " for row in rows) == 3)

        def whole(columns):
            def look(rows):
                drawn = rows[1:]
                heads = [row for row in drawn if row.startswith("run  Running")]
                tasks = [row for row in drawn if row.lstrip().split(" ")[0] in TASKS]
                return len(heads) == 1 and len(tasks) == 3 and len(drawn) == 4 and all(len(row) < columns for row in drawn)
            return look

        for columns, rows in [(60, 30), (30, 30), (14, 20), (120, 30), (45, 12)]:
            # Just after a drawing: one that is on its way for the old size while the window changes is beyond any program.
            before = len(terminal.raw)
            terminal.until("the time went on", lambda _, n=before: len(terminal.raw) > n, 10)
            before = len(terminal.raw)
            terminal.resize(columns, rows)
            terminal.until(f"it is drawn for {columns} columns", lambda _, n=before: len(terminal.raw) > n, 10)
            if columns > 14:
                # What stood above is the shell's, and was broken by the window; what is drawn is whole.
                terminal.until(f"all is well in {columns} columns", lambda shown, c=columns: whole(c)(self.last_drawing(shown)), 10)
        terminal.resize(100, 5)
        terminal.until("there is room for little", lambda rows: any("more: " in row and "running" in row for row in rows), 10)
        terminal.resize(100, 30)
        terminal.until("all is shown again", lambda rows: sum(bars(rows).values()) > 0 and len(bars(rows)) == 3, 10)
        terminal.type("\x03")
        self.assertEqual(terminal.end(), 130)

    @staticmethod
    def last_drawing(rows):
        start = max((i for i, row in enumerate(rows) if row.startswith("run  ")), default=0)
        above = [row for row in rows[:start] if row.startswith("run  ") or BAR.match(row)]
        return above + ["(what was there before)"] + rows[start:] if not above else above + rows

    def test_ctrl_c_leaves_the_invocation_running_and_says_so(self):
        world = self.world("--ready-delay", "500ms", "--run-delay", "10m")
        terminal = self.terminal(world, "run", "-f", world.file(nim()), "--wait")
        terminal.until("all run", lambda rows: sum(" running " in row + " " for row in rows) == 3)
        terminal.type("\x03")
        self.assertEqual(terminal.end(), 130)
        text = " ".join("\n".join(terminal.rows()).split())
        self.assertIn(f"run goes on in the directory {world.manifests}.", text.replace("\n", " "))
        self.assertIn("`kubectl lepton status run --watch", text)
        self.assertIn("`kubectl lepton delete run", text)
        self.assertTrue(terminal.screen.cursor_shown, "the cursor is given back")
        looks = len(world.simulator.requests("GET", "/jobs"))
        world.until("the operator looks again", lambda: len(world.simulator.requests("GET", "/jobs")) > looks + 2)
        self.assertEqual(sorted(t["phase"] for t in world.status()["tasks"]), ["Running"] * 3)
        self.assertEqual(world.simulator.requests("DELETE"), [])

    def test_no_colours_where_none_are_wanted_and_plain_letters_where_no_others_are_known(self):
        world = self.world("--ready-delay", "300ms", "--run-delay", "300ms")
        terminal = self.terminal(world, "run", "-f", world.file(nim(tasks=["hellaswag"])), "--wait", NO_COLOR="1", LANG="C")
        self.assertEqual(terminal.end(60), 0)
        self.assertEqual(terminal.screen.colours, 0)
        self.assertTrue(terminal.raw.isascii(), terminal.raw)
        self.assertEqual(bars(terminal.rows()), {"hellaswag": 20})

    def test_a_dumb_terminal_gets_lines(self):
        world = self.world("--ready-delay", "300ms", "--run-delay", "300ms")
        words = world.words("run", "-f", world.file(nim(tasks=["hellaswag"])), "--wait")
        terminal = Terminal(words, world.environment(TERM="dumb"), 200, 40)
        self.addCleanup(terminal.close)
        self.assertEqual(terminal.end(60), 0)
        self.assertNotIn("\x1b", terminal.raw)
        self.assertIn("run: task succeeded", terminal.raw)

    def test_an_operator_that_is_away_is_told_and_found_again(self):
        world = self.world("--ready-delay", "300ms", "--run-delay", "2s")
        world.operator.stop()
        terminal = self.terminal(world, "run", "-f", world.file(nim(tasks=["hellaswag"])), "--wait")
        terminal.until("it says so", lambda rows: any("no lepton-operator works with" in row for row in rows), 15)
        world.start("--poll-interval", "200ms")
        terminal.until("it goes on", lambda rows: any("run  Running" in row for row in rows) and not any("no lepton" in row for row in rows))
        self.assertEqual(terminal.end(60), 0)

    def test_what_a_check_finds_is_broken_between_words(self):
        world = self.world()
        manifest = world.file(nim(tasks=["hellaswag"], deployment={"nodeGroup": "h200-us"}))
        terminal = self.terminal(world, "workspace", "check", "-f", manifest, columns=80)
        self.assertEqual(terminal.end(), 1)
        rows = terminal.rows()
        at = next(i for i, row in enumerate(rows) if row.startswith("fault    node groups"))
        said = " ".join(row[29:] for row in rows[at:at + 5])
        self.assertIn('default/run: spec.deployment.nodeGroup: there is no node group "h200-us"; did you mean h200-eu?', said)
        self.assertRegex(rows[at + 1], r"^ {29}\S", "behind the part's name")

    def test_status_watch_is_drawn_in_its_place(self):
        world = self.world("--ready-delay", "500ms", "--run-delay", "1s")
        terminal = self.terminal(world, "status", "run", "--watch")
        self.assertEqual(terminal.end(), 3, "there is none yet")
        world.apply(nim(tasks=["hellaswag"]))
        world.until_phase("Deploying")
        terminal = self.terminal(world, "status", "run", "--watch")
        terminal.until("it runs", lambda rows: any(re.match(r"run +Running", row) for row in rows))
        terminal.until("it is over", lambda rows: any(re.match(r"run +Succeeded", row) for row in rows))
        self.assertEqual(sum(row.startswith("NAME ") for row in terminal.rows()), 1, "one table")
        world.remove()
        self.assertEqual(terminal.end(), 0, "it is gone")
        self.assertIn("run is gone", terminal.raw)


if __name__ == "__main__":
    at_once.main()
