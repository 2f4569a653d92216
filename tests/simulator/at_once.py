"""unittest.main() for tests that mostly wait for processes: several of them at a time.

    if __name__ == "__main__":
        at_once.main()

Tests share nothing but what setUpClass makes: those of a class with one run one after the other. Names on the command line choose some, as
for unittest; LEPTON_OPERATOR_AT_ONCE=1 is one at a time.
"""
import concurrent.futures
import os
import sys
import threading
import time
import unittest

MANY = 6  # ctest runs several such files beside each other


class Told(unittest.TestResult):
    """Says each test's end when it comes; whatever is said meanwhile stands between such lines."""

    lock = threading.Lock()

    def startTest(self, test):
        super().startTest(test)
        self.begun = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        bad = [each for each in self.failures + self.errors if getattr(each[0], "test_case", each[0]) is test]
        skipped = "".join(f"skipped ({why})" for each, why in self.skipped if each is test)
        word = "FAILED" if bad else skipped or "ok"
        with self.lock:
            print(f"{test.id()} ... {word} after {time.monotonic() - self.begun:.1f} s", flush=True)


def flat(suite):
    for each in suite:
        if isinstance(each, unittest.TestSuite):
            yield from flat(each)
        else:
            yield each


def has_a_fixture(kind):
    return kind.setUpClass.__func__ is not unittest.TestCase.setUpClass.__func__


def run(tests, many):
    """TestSuites, each of which runs by itself: their results."""
    with concurrent.futures.ThreadPoolExecutor(many) as pool:
        def go(suite):
            result = Told()
            suite.run(result)
            return result
        return list(pool.map(go, tests))


def apart(tests):
    """As few of them together as their fixtures allow; what is together, and so takes longest, first."""
    suites = {}
    for test in tests:
        suites.setdefault(type(test) if has_a_fixture(type(test)) else test, unittest.TestSuite()).addTest(test)
    return sorted(suites.values(), key=lambda suite: -suite.countTestCases())


def main(many=MANY, alone=None):
    """`alone` says of a test whether it runs when no other one does. Where it is given, fixtures of classes are there already, for all."""
    module, loader = sys.modules["__main__"], unittest.defaultTestLoader
    names = [word for word in sys.argv[1:] if not word.startswith("-")]
    tests = list(flat(loader.loadTestsFromNames(names, module) if names else loader.loadTestsFromModule(module)))
    many = int(os.environ.get("LEPTON_OPERATOR_AT_ONCE", many))
    begun = time.monotonic()
    if alone is None:
        results = run(apart(tests), many)
    else:
        single = [unittest.TestSuite([test]) for test in tests if not alone(test)]
        results = run(single, many) + run([unittest.TestSuite([test]) for test in tests if alone(test)], 1)
    bad = [each for result in results for each in result.failures + result.errors]
    for test, trace in bad:
        print(f"{'=' * 70}\nFAILED: {test}\n{trace}", flush=True)
    ran = sum(result.testsRun for result in results)
    print(f"{'=' * 70}\n{ran} tests in {time.monotonic() - begun:.1f} s, {len(bad)} failed", flush=True)
    if ran == 0:
        print("there was nothing to run")
    sys.exit(1 if bad or ran == 0 else 0)
