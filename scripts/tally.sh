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

# Prints the line; the exit status tells whether nothing failed.
tally_line() {
  printf '%d passed, %d failed' "$passed" "$failed"
  ((skipped == 0)) || printf ', %d skipped' "$skipped"
  printf '\n'
  ((failed == 0))
}
