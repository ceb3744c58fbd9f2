//! `README.txt` of an export.

use std::fmt::Write as _;

use canary_format::time::Timestamp;

use super::Listed;

const WHAT: &str = "  bodies/          every distinct body that was served, named by its SHA-256
  sightings.json   where each was served, when first and last, and how often it was noted
  timeline.json    issues, findings, reach, and the times in which nobody looked
  watch.json       the watcher's own record, as `canary report` reads it
  site/            the site as it was served last, laid out for any verifier; where that was an older copy,
                   the newest that it is a copy of
  published/       for other formats: each publication that counts, and when it was first seen; the command
                   `canary verify` is for the one that was served last, which may be an older one again
  keys/            the keys that the watcher's user named for other formats, and the witness policy
  twice/           every body of a number under which several were served, side by side
  forks/           the same where the payloads differ, and the site beside a witness's or an older
                   checkpoint of another tree, as `canary verify-fork` reads it
";

pub(super) fn text(listed: &[Listed], until: Timestamp) -> String {
    let mut text = format!(
        "What a watcher was served, as of {until}. One folder for each target:\n\n{WHAT}\n\
         Run the commands below in this folder: they need no network. What they say is what anyone's\n\
         verifier says. Acknowledgements and what was seen before are the reader's own.\n"
    );
    for one in listed {
        let name = crate::output::line(&one.name);
        let _ = write!(text, "\n{name}\n  {}\n", one.url);
        if let (Some(state), Some(severity)) = (one.state, one.severity) {
            let _ = writeln!(text, "  {state} ({severity})");
        }
        for command in &one.recheck {
            let _ = writeln!(text, "    {command}");
        }
    }
    text
}
