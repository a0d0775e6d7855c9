export const HELP = `Oken Runner: runs AI agents on this host.

Usage: oken-runner <command>

  serve            serve the API on 127.0.0.1:8000
  serve --help     every setting, as variable and flag
  --version        print the version
  --help           print this
`;
