//! What people read: the page, feeds, calendar, badge and text, from the signed bytes alone
//! (`format.md` §6).
//!
//! Pure and deterministic: no clock, no network, no environment. The same series gives the same
//! bytes on any machine. Nothing here says whether a canary is live: dates are shown, and the
//! reader's own browser, command or calendar compares them with its clock.

mod badge;
mod calendar;
mod feeds;
mod history;
mod hosting;
mod index;
mod lean;
mod parts;
mod past;
mod plain;
mod stored;
mod timeline;
mod words;

#[cfg(test)]
mod tests;

use canary_format::envelope::Envelope;
use canary_format::issue::Issue;
use canary_format::pin::Pin;
use canary_format::roster::Signer;

pub use self::calendar::calendar;
pub use self::history::History;
pub use self::parts::verifier_html;

/// An issue that was verified, with its envelope. The caller verifies: this module only shows.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The issue.
    pub issue: &'a Issue,
    /// The envelope that carries it.
    pub envelope: &'a Envelope,
}

/// A whole series, ready to be shown.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// The lives of all facts, up to the newest issue.
    pub history: &'a History,
    /// The newest issue.
    pub newest: Shown<'a>,
    /// Every envelope from issue 1 on, where [`History::is_carried`]; else none. A copy goes into the
    /// page, so that it can be checked where it is opened as a file.
    pub carried: &'a [Envelope],
    /// The signed checkpoint that covers them, for the same copy.
    pub checkpoint: &'a str,
}

impl Series<'_> {
    /// The pin of issue 1, under the URL that its publisher names.
    fn first_pin(&self) -> Pin {
        let url = self.newest.issue.publisher.canonical_url.clone();
        let History { first, first_digest, .. } = self.history;
        Pin { url, number: first.number, digest: *first_digest }
    }
}

impl Shown<'_> {
    /// The persons who signed. In a verified envelope every signature by a key of the roster holds.
    fn signers(&self) -> Vec<&Signer> {
        let signed = |signer: &&Signer| {
            let keys: Vec<_> = signer.keys.iter().map(|key| key.fingerprint()).collect();
            self.envelope.signatures().iter().any(|signature| keys.contains(&signature.keyid))
        };
        self.issue.roster.signers.iter().filter(signed).collect()
    }

    /// The pin of this issue, under the URL that its publisher names.
    fn pin(&self, url: &str) -> Pin {
        Pin { url: url.to_owned(), number: self.issue.number, digest: self.envelope.digest() }
    }
}

/// The command that checks a series from a pin on, quoted for a POSIX shell: a URL may hold a quote.
fn command(pin: &Pin) -> String {
    format!("canary verify '{}'", pin.to_string().replace('\'', r"'\''"))
}

/// The page, where it stands below the site's prefix.
pub const INDEX: &str = "index.html";

/// Where every file that [`render`] gives stands.
pub(crate) const FOR_PEOPLE: [&str; 13] = [
    INDEX,
    "verifier.html",
    "canary.txt",
    "feed.atom",
    "feed.json",
    "canary.ics",
    "badge.svg",
    "_headers",
    "hosting/nginx.conf",
    "hosting/Caddyfile",
    "hosting/apache.conf",
    "hosting/robots.txt",
    "hosting/README.txt",
];

/// The page alone: what a new heartbeat changes, for it carries a copy of the checkpoint.
pub fn render_index(series: &Series<'_>) -> Vec<u8> {
    index::render(series).into_bytes()
}

/// The files for people, as path below the site's prefix and bytes.
pub fn render(series: &Series<'_>) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![
        (INDEX, index::render(series)),
        ("verifier.html", verifier_html()),
        ("canary.txt", plain::render(series)),
        ("feed.atom", feeds::atom(series)),
        ("feed.json", feeds::json(series)),
        ("canary.ics", calendar(series.newest.issue)),
        ("badge.svg", badge::render(series)),
    ];
    files.extend(hosting::render(series));
    files.into_iter().map(|(path, text)| (path.to_owned(), text.into_bytes())).collect()
}
