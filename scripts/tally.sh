# shellcheck shell=bash
# Counts of tests, and the line that every script that runs tests ends with. Sourced, after lib.sh.

passed=0
failed=0
skipped=0

# tally PASSED FAILED SKIPPED
tally() {
  passed=$((passed + $1))
  failed=$((failed + $2))
  skipped=$((skipped + $3))
}

# Adds up what a run of tests ended with: tally_run NAME STATUS LAST_LINE. One that failed without naming a
# test, or printed no counts, counts as one failure.
tally_run() {
  if [[ $3 =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
    say "$1: $3"
    tally "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[4]:-0}"
    if (($2 == 0 || BASH_REMATCH[2] > 0)); then return; fi
  fi
  say "$1: status $2 without a failed test, counted as one failure; its last line: $3"
  tally 0 1 0
}

# Prints the line; the exit status tells whether nothing failed.
tally_line() {
  printf '%d passed, %d failed' "$passed" "$failed"
  ((skipped == 0)) || printf ', %d skipped' "$skipped"
  printf '\n'
  ((failed == 0))
}
