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
  local line
  local -a found
  while IFS= read -r line; do
    found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <(oken-runner complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then _describe oken-runner found; else _files; fi
}
if [[ \${zsh_eval_context[-1]} == loadautofunc ]]; then _oken_runner "$@"; else compdef _oken_runner oken-runner; fi
`,
  fish: `# fish completion for oken-runner
complete -c oken-runner -a '(oken-runner complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
};
