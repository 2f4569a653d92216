"""kubectl lepton completion: what the tab key brings in the real bash, zsh and fish, and in kubectl's own way of asking plugins."""
import os
import re
import shutil
import subprocess
import unittest

import plugin
from harness import existing
from terminal import Terminal

# bash does what its completion function would do at the end of the line "$@".
BASH = r"""
source "$SCRIPT"
compopt() { echo "(compopt $*)"; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_kubectl_lepton
printf '%s\n' "${COMPREPLY[@]}"
"""


class Completion(plugin.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shared = plugin.World("--run-delay", "10m")
        cls.addClassCleanup(cls.shared.close)
        cls.shared.start("--poll-interval", "200ms")
        cls.shared.apply(existing("nightly", tasks=["hellaswag", "winogrande"]))
        cls.shared.job("hellaswag", "nightly")
        cls.place = ["--manifests", str(cls.shared.manifests), "--state-dir", str(cls.shared.state)]

    def script(self, shell):
        done = subprocess.run([plugin.BIN, "completion", shell], capture_output=True, text=True, timeout=30, check=True)
        path = self.shared.folder / f"completion.{shell}"
        path.write_text(done.stdout)
        return path

    def environment(self, shell):
        return self.shared.environment(SCRIPT=str(self.script(shell)), PATH=f"{plugin.BIN.parent}:{os.environ['PATH']}", HOME=str(self.shared.folder),
                                       TERM="xterm", PS1="$ ")

    def bash(self, *words):
        done = subprocess.run(["bash", "--norc", "-c", BASH, "bash", *words], env=self.environment("bash"), capture_output=True, text=True, timeout=30,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split("\n")[:-1]

    def test_bash(self):
        self.assertEqual(self.bash("kubectl-lepton", "sus"), ["suspend"])
        self.assertEqual(self.bash("kubectl-lepton", *self.place, "status", ""), ["nightly"])
        self.assertEqual(self.bash("kubectl-lepton", "logs", "nightly", *self.place, "--task", ""), ["hellaswag", "winogrande"])
        self.assertEqual(self.bash("kubectl-lepton", "workspace", "check", *self.place, ""), ["default"])
        # bash parts "--dry-run=s" at its "=".
        self.assertEqual(self.bash("kubectl-lepton", "run", "--dry-run", "=", "s"), ["server"])
        self.assertEqual(self.bash("kubectl-lepton", "run", "--dry-run", "="), ["client", "server"])
        self.assertIn("(compopt -o default)", self.bash("kubectl-lepton", "run", "-f", ""))
        self.assertIn("(compopt -o dirnames)", self.bash("kubectl-lepton", "--manifests", ""))

    def in_a_shell(self, shell, words, prompt, line, expected):
        if not shutil.which(shell):
            self.skipTest(f"no {shell}")
        terminal = Terminal([shutil.which(shell), *words], self.environment(shell), 120, 40, strict=False)
        self.addCleanup(terminal.close)
        terminal.until("the prompt is there", lambda _: prompt in terminal.raw)
        for text, shown in zip(line, expected):
            before = len(terminal.raw)
            terminal.type(text + "\t")
            terminal.until(f"{text!r} becomes {shown!r}", lambda _, n=before, s=shown: re.search(s, terminal.raw[n:]), 15)

    def test_zsh(self):
        start = self.shared.folder / ".zshrc"
        start.write_text("autoload -Uz compinit && compinit -u -D; source $SCRIPT; PROMPT='ready> '\n")
        self.in_a_shell("zsh", ["-i"], "ready> ", ["kubectl-lepton sus", "\x15kubectl-lepton stat", " " + " ".join(self.place) + " night"],
                        ["pend", "us", "ly"])

    def test_fish(self):
        self.in_a_shell("fish", ["--no-config", "--init-command", "source $SCRIPT; function fish_prompt; echo 'ready> '; end; set -g fish_greeting"], "ready> ",
                        ["kubectl-lepton sus", "\x15kubectl-lepton stat", " " + " ".join(self.place) + " night"], ["pend", "us", "ly"])

    def test_the_program_that_kubectl_asks(self):
        helper = self.script("kubectl").rename(self.shared.folder / "kubectl_complete-lepton")
        helper.chmod(0o755)
        done = subprocess.run([helper, "status", *self.place, "n"], env=self.environment("bash"), capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "nightly\tRunning\n:4\n", ""))


if __name__ == "__main__":
    unittest.main(verbosity=2)
