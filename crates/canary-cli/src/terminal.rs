//! A person at a real terminal. What asks a person for something goes through here, and nothing
//! here reads a pipe: a signature needs someone at the keys.

use std::io::{self, IsTerminal, Write};

use canary_signer::ceremony::{Choice, Person};
use canary_signer::private_key::Passphrase;
use console::{Key, Term};

use crate::error::{Failure, Kind};
use crate::output::inert;

/// How many other keys are pressed before the question ends.
const MAX_OTHER_KEYS: usize = 20;

/// Standard input and standard error, both a terminal.
pub(crate) struct Terminal {
    term: Term,
}

impl Terminal {
    /// The terminal that the command was started from.
    pub(crate) fn open(purpose: &str) -> Result<Self, Failure> {
        if io::stdin().is_terminal() && io::stderr().is_terminal() {
            return Ok(Self { term: Term::stderr() });
        }
        let cause = format!("{purpose} needs a person at a terminal");
        Err(Failure::new(Kind::Usage, cause).hint("run it by hand, without a pipe or redirection"))
    }

    /// Asks for a passphrase without showing it.
    pub(crate) fn passphrase(&self, prompt: &str) -> io::Result<Passphrase> {
        discard_typed_ahead()?;
        rpassword::prompt_password(inert(prompt)).map(Passphrase::new)
    }

    /// Asks for a line; an empty answer is the one in brackets.
    pub(crate) fn ask(&mut self, question: &str, default: &str) -> Result<String, Failure> {
        let shown = if default.is_empty() { String::new() } else { format!(" [{default}]") };
        let line = self.read_line(&format!("{question}{shown}: ")).map_err(gone)?;
        let answer = line.trim();
        Ok(if answer.is_empty() { default } else { answer }.to_owned())
    }

    fn read_line(&mut self, question: &str) -> io::Result<String> {
        self.show(question)?;
        // A terminal hands out lines of bounded length.
        let mut line = String::new();
        match io::stdin().read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line),
        }
    }
}

impl Person for Terminal {
    fn show(&mut self, text: &str) -> io::Result<()> {
        io::stderr().lock().write_all(inert(text).as_bytes())
    }

    fn choose(&mut self) -> io::Result<Choice> {
        discard_typed_ahead()?;
        self.show("  a: affirm   l: leave out   q: stop   > ")?;
        for _ in 0..MAX_OTHER_KEYS {
            let (choice, word) = match self.term.read_key()? {
                Key::Char('a' | 'A') => (Choice::Affirm, "affirm"),
                Key::Char('l' | 'L') => (Choice::LeaveOut, "leave out"),
                Key::Char('q' | 'Q') | Key::Escape => (Choice::Stop, "stop"),
                _ => continue,
            };
            self.show(&format!("{word}\n"))?;
            return Ok(choice);
        }
        self.show("\n")?;
        Ok(Choice::Stop)
    }

    fn line(&mut self, question: &str) -> io::Result<String> {
        discard_typed_ahead()?;
        self.read_line(question)
    }
}

/// Only what is typed after a question was shown answers it: what came before it was typed for
/// something else, or by nobody.
#[cfg(unix)]
fn discard_typed_ahead() -> io::Result<()> {
    use nix::sys::termios::{FlushArg, tcflush};
    Ok(tcflush(io::stdin(), FlushArg::TCIFLUSH)?)
}

/// Elsewhere no safe interface discards what was typed.
#[cfg(not(unix))]
fn discard_typed_ahead() -> io::Result<()> {
    Ok(())
}

/// The terminal went away.
pub(crate) fn gone(error: io::Error) -> Failure {
    Failure::from_error(Kind::Io, &error).hint("nothing was written: run it again")
}
