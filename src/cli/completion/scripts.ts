export const SHELLS = ["bash", "zsh", "fish"] as const;

/**
 * What a shell reads. The words of a line so far are passed on as they are, and never run; where the program knows
 * nothing, the shell completes files.
 */
export const SCRIPTS: Record<(typeof SHELLS)[number], string> = {
  bash: `# bash completion for oken-runner
_oken_runner() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <(oken-runner complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _oken_runner oken-runner
`,
  zsh: `#compdef oken-runner
_oken_runner() {
  local value meaning
  local -a found
  while IFS=$'\t' read -r value meaning; do
    found+=("\${value//:/\\:}\${meaning:+:$meaning}")
  done < <(oken-runner complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then _describe oken-runner found; else _files; fi
}
compdef _oken_runner oken-runner
# Read from fpath, this file is the body of the function that completes.
if [[ \${funcstack[1]} == _oken-runner ]]; then _oken_runner "$@"; fi
`,
  fish: `# fish completion for oken-runner
function __oken_runner
    set -l word (commandline --current-token)
    set -l found (oken-runner complete -- (commandline --tokenize --cut-at-cursor --current-process)[2..] "$word" 2>/dev/null)
    if set -q found[1]
        printf '%s\n' $found
    else
        __fish_complete_path "$word"
    end
end
complete --command oken-runner --no-files --arguments '(__oken_runner)'
`,
};
