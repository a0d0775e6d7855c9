"""Runs the unittest modules of a folder and ends with a line "N passed, N failed, N skipped".

unittest's own closing lines count no successes, and releases differ on whether a skipped test was run.
"""

import sys
import unittest


class CountingResult(unittest.TextTestResult):
    passed = 0

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        self.passed += 1


suite = unittest.defaultTestLoader.discover(sys.argv[1], top_level_dir=sys.argv[1])
result = unittest.TextTestRunner(stream=sys.stdout, resultclass=CountingResult).run(suite)
failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
passed = result.passed + len(result.expectedFailures)
print(f"{passed} passed, {failed} failed, {len(result.skipped)} skipped")
sys.exit(not result.wasSuccessful())
