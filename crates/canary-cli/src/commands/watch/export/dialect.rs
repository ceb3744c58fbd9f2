//! A target of another format: each publication that counts, with the signatures beside it, when it was
//! first seen, and the keys.

use std::collections::BTreeMap;

use canary_format::time::Timestamp;
use canary_monitor::export::Holding;
use canary_monitor::form::Dialect;
use canary_monitor::store::configured::ConfiguredStore;
use canary_report::command::quoted;
use serde_json::json;

use super::super::store_failure;
use super::AsOf;
use crate::commands::dialects::files::{SEEN, SEEN_TYPE};
use crate::commands::report::folder::NewFolder;
use crate::error::Failure;

/// Ends of names that readers take for texts and for signatures.
const TEXTS: [&str; 5] = ["txt", "md", "html", "htm", "json"];
const SIGNATURES: [&str; 6] = ["sig", "asc", "minisig", "sshsig", "gpg", "sign"];

/// Writes it, and gives the dialect's name and the commands that check it again.
pub(super) async fn write(
    store: &ConfiguredStore,
    held: &Holding,
    form: &Dialect,
    folder: &str,
    as_of: AsOf,
    out: &mut NewFolder,
) -> Result<(&'static str, Vec<String>), Failure> {
    let AsOf { until, known_by } = as_of;
    let kind = held.kind();
    let mut options = format!(" --dialect {}", kind.map_or("plain", |kind| kind.name()));
    for (number, file) in form.keys().iter().enumerate() {
        let path = format!("{folder}/keys/{:02}", number + 1);
        out.put(&path, &file.bytes)?;
        options += &match &file.person {
            Some(person) => format!(" --trust-key {}", quoted(&format!("{person}={path}"))),
            None => format!(" --allowed-signers {}", quoted(&path)),
        };
    }
    if form.trust().threshold > 1 {
        options += &format!(" --quorum {}", form.trust().threshold);
    }
    if form.trust().namespace != "file" {
        options += &format!(" --namespace {}", quoted(&form.trust().namespace));
    }
    if let Some(cadence) = form.cadence() {
        options += &format!(" --cadence {}", quoted(cadence));
    }
    let place = format!("{folder}/published");
    let mut seen = BTreeMap::new();
    let mut last = None;
    let texts = held.texts(store, known_by).await.map_err(|error| store_failure(&error))?;
    for (number, text) in (1..).zip(&texts) {
        let name = format!("{number:04}.{}", end(&held.target.url, &TEXTS));
        out.put(&format!("{place}/{name}"), &text.text)?;
        // A clock that was ahead once saw nothing later than now.
        let first_seen = Timestamp::from_unix(text.at).min(until);
        seen.insert(name.clone(), first_seen);
        let mut signatures = String::new();
        for (count, (url, bytes)) in (1..).zip(form.signatures().iter().zip(&text.beside)) {
            let beside = format!("{name}.{count}.{}", end(url, &SIGNATURES));
            out.put(&format!("{place}/{beside}"), bytes)?;
            seen.insert(beside.clone(), first_seen);
            signatures += &format!(" --signature {}", quoted(&format!("{place}/{beside}")));
        }
        if text.served_last {
            last = Some((name, signatures));
        }
    }
    let Some((name, signatures)) = last else {
        return Ok((kind.map_or("other", |kind| kind.name()), Vec::new()));
    };
    let said = json!({"seen": SEEN_TYPE, "files": seen});
    let bytes = serde_json::to_vec_pretty(&said).expect("it has string keys");
    out.put(&format!("{place}/{SEEN}"), &bytes)?;
    let commands = vec![
        format!("canary history {}{options} --at {until}", quoted(&place)),
        format!(
            "canary verify {}{signatures}{options} --at {until}",
            quoted(&format!("{place}/{name}"))
        ),
    ];
    Ok((kind.map_or("other", |kind| kind.name()), commands))
}

/// The end of a URL's path where it is one of these, or the first of them.
fn end<'a>(url: &str, known: &[&'a str]) -> &'a str {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let end = path.rsplit_once('.').map_or("", |(_, end)| end).to_lowercase();
    known.iter().find(|one| **one == end).or(known.first()).copied().unwrap_or("txt")
}
