//! The command line as a script uses it: exit codes, JSON, and errors in one line that says what to do.
