/** Under which a script stands beside its lock while that is read; the lock alone says what is installed. */
export const SCRIPT_FILE = "script.py";
export const EMPTY_SCRIPT = "# /// script\n# dependencies = []\n# ///\n";
