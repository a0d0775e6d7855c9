# shellcheck shell=bash
# Reads the JUnit reports that `bun test` writes. Sourced after lib.sh.

# Prints the tests, failures and skipped tests of the files in a report, but for those named: counts_of REPORT [FILE...]
counts_of() {
  local report=$1
  shift
  file_suites "$report" | awk -F '\t' -v without="$*" '
    BEGIN { n = split(without, names, " "); for (i = 1; i <= n; i++) left[names[i]] = 1 }
    !($1 in left) { tests += $2; failures += $3; skipped += $4 }
    END { print tests + 0, failures + 0, skipped + 0 }'
}

# Prints those of the files in which a test failed, or which the report does not have, since their process ended or
# they could not be loaded: failed_files REPORT FILE...
failed_files() {
  local report=$1 file
  shift
  for file in "$@"; do
    file_suites "$report" | awk -F '\t' -v file="$file" '$1 == file && $3 == 0 { good = 1 } END { exit !good }' ||
      printf '%s\n' "$file"
  done
}

# Prints the name of each failed test in a report, after that of its file.
failed_tests() {
  awk '
    /<testcase / { test = attribute("file") " > " attribute("name") }
    /<failure/ && test != "" { print test; test = "" }
    function attribute(name) {
      if (!match($0, " " name "=\"[^\"]*\"")) return ""
      value = substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4)
      gsub(/&quot;/, "\"", value); gsub(/&lt;/, "<", value); gsub(/&gt;/, ">", value); gsub(/&amp;/, "\\&", value)
      return value
    }' "$1"
}

# Prints file, tests, failures and skipped of each file in a report. The suites within a file are nested in its own.
file_suites() {
  sed -n 's/^  <testsuite name="[^"]*" file="\([^"]*\)" tests="\([0-9]*\)" .* failures="\([0-9]*\)" skipped="\([0-9]*\)".*/\1\t\2\t\3\t\4/p' "$1"
}
