"""Runs every test of this directory, several at a time: they mostly wait for deadlines and restarts.

Ends with a line "N passed, N failed".

`python run.py` for all, `python run.py test_web` for one file.
"""

from __future__ import annotations

import os
import sys
import time
import unittest
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 6


def main() -> int:
    directory = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, directory)
    loader = unittest.TestLoader()
    names = sys.argv[1:]
    suite = loader.loadTestsFromNames(names) if names else loader.discover(directory)
    # Files that could not be imported.
    failed = [str(error) for error in loader.errors]
    begin = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(run, flatten(suite)))
    for result in results:
        for test, trace in result.failures + result.errors:
            failed.append(f"{test}\n{trace}")
    count = sum(result.testsRun for result in results)
    version = sys.version.split()[0]
    print("\n\n".join([*failed, f"Python {version}: {count} tests in {time.monotonic() - begin:.1f} s"]))
    print(f"{count - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or not count else 0


def run(test: unittest.TestCase) -> unittest.TestResult:
    result = unittest.TestResult()
    test.run(result)
    return result


def flatten(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flatten(test)
        else:
            yield test


if __name__ == "__main__":
    sys.exit(main())
