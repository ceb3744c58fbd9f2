//! The one output policy: results go to stdout; progress, prompts and prose about the run go to
//! stderr. With `--json` stdout holds one JSON document and nothing else. Colour is used only on a
//! terminal, never where `NO_COLOR` is set, and never as the only carrier of meaning. Text from
//! outside is made inert before it reaches a terminal.

use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;

use crate::error::Failure;

/// Prints a result. A reader that went away is no failure of ours.
pub(crate) fn result(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

/// Prints one JSON document.
pub(crate) fn json(document: &impl Serialize) {
    let text = serde_json::to_string_pretty(document).expect("documents have string keys");
    result(&format!("{text}\n"));
}

/// Prints a line about the run.
pub(crate) fn progress(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints why the command failed and what to do next.
pub(crate) fn failure(failure: &Failure) -> ExitCode {
    progress(&format!("canary: {}", inert(failure.cause())));
    if let Some(hint) = failure.next_step() {
        progress(&format!("  next: {hint}"));
    }
    ExitCode::from(failure.exit_status())
}

/// Prints help and version to stdout, and what was wrong with the command line to stderr.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(64) } else { ExitCode::SUCCESS }
}

/// Text without control characters: what comes from outside cannot move the cursor, and reordering
/// or hidden characters show.
pub(crate) fn inert(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' => "\n".to_owned(),
        c if c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
        {
            c.escape_unicode().to_string()
        }
        c => c.to_string(),
    };
    text.chars().map(shown).collect()
}
