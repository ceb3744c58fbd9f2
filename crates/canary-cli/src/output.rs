//! The one output policy: results go to stdout; progress, prompts and prose about the run go to
//! stderr. With `--json` stdout holds one JSON document and nothing else. Colour is used only on a
//! terminal, never where `NO_COLOR` is set, and never as the only carrier of meaning. Text from
//! outside is made inert before it reaches a terminal.

use std::io::{self, IsTerminal as _, Write};
use std::process::ExitCode;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use crate::error::{Failure, Kind};

static LOST: AtomicBool = AtomicBool::new(false);

/// Prints a result. A reader that went away is no failure of ours; a result that could not be written is.
pub(crate) fn result(text: &str) {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    if let Err(error) = written
        && error.kind() != io::ErrorKind::BrokenPipe
        && !LOST.swap(true, Ordering::Relaxed)
    {
        let lost = Failure::new(Kind::Io, format!("the result could not be written: {error}"));
        let _ = failure(&lost.hint("look at where standard output goes"));
    }
}

/// The exit status of a command that ended well, unless its result was lost on the way. An alarm stays one.
pub(crate) fn ended(status: ExitCode) -> ExitCode {
    match LOST.load(Ordering::Relaxed) && status != ExitCode::from(2) {
        true => ExitCode::from(Kind::Io.exit_status()),
        false => status,
    }
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
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let moves = c.is_control() && c != '\n';
        let hides = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        match moves || hides {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
    }
    shown
}

/// The same on one line.
pub(crate) fn line(text: &str) -> String {
    inert(text).replace('\n', "\\n")
}

/// A number of things, in words: `1 target`, `2 targets`.
pub(crate) fn count(number: impl TryInto<u64>, thing: &str) -> String {
    match number.try_into().unwrap_or(u64::MAX) {
        1 => format!("1 {thing}"),
        number => format!("{number} {thing}s"),
    }
}

/// Text in a colour, where standard output is a terminal that may have colours.
pub(crate) fn painted(text: &str, colour: Colour) -> String {
    static PLAIN: LazyLock<bool> = LazyLock::new(|| {
        std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb")
            || !io::stdout().is_terminal()
    });
    if *PLAIN {
        return text.to_owned();
    }
    let code = match colour {
        Colour::Green => 32,
        Colour::Yellow => 33,
        Colour::Red => 31,
        Colour::Magenta => 35,
    };
    format!("\x1b[1;{code}m{text}\x1b[0m")
}

/// The colours that results use; the same words stand without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    Green,
    Yellow,
    Red,
    Magenta,
}

/// Breaks text into lines of at most `width` characters, each but the first after an indent.
pub(crate) fn wrapped(text: &str, width: usize, indent: &str) -> String {
    let mut lines = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            lines.push('\n');
            lines.push_str(indent);
            column = indent.chars().count();
        } else if column > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += length;
    }
    lines
}
