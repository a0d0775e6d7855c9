# shellcheck shell=bash
# Counts tests, and prints the last line of every script that runs tests. Sourced after lib.sh.

passed=0
failed=0
skipped=0

# Adds counts: tally PASSED FAILED SKIPPED
tally() {
  passed=$((passed + $1))
  failed=$((failed + $2))
  skipped=$((skipped + $3))
}

# Adds the counts of a run: tally_run NAME STATUS LAST_LINE. A run that failed without a failed test, or that
# printed no counts, counts as one failure.
tally_run() {
  if [[ $3 =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
    say "$1: $3"
    tally "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[4]:-0}"
    if (($2 == 0 || BASH_REMATCH[2] > 0)); then return; fi
  fi
  say "$1: status $2 without a failed test, counted as one failure; its last line: $3"
  tally 0 1 0
}

# Prints a line for each test that failed and then passed; the end of the run repeats them. Each is a fault of the test
# or of the product, and is looked for: flaky LINES
flaky() {
  local test
  while IFS= read -r test; do printf 'FLAKY %s\n' "$test"; done <<<"$1"
}

# Prints the line. The exit status is 0 when nothing failed.
tally_line() {
  printf '%d passed, %d failed' "$passed" "$failed"
  ((skipped == 0)) || printf ', %d skipped' "$skipped"
  printf '\n'
  ((failed == 0))
}
