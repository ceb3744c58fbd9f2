//! The pack: files by path. The same inputs give the same bytes.

use std::collections::BTreeMap;

use canary_format::digest::Digest;
use canary_format::time::Date;
use canary_verifier::evidence::{Obtained, Site, Source};
use serde::Serialize;

use super::{Exhibit, Tia};
use crate::document::Document;
use crate::site;
use crate::stack::Entry;
use crate::words::{LIMITS_ZH, Language};

/// The files of an evidence pack, by path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// Paths with `/` between folders, and the bytes.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Pack {
    /// The manifest's path: lines of `sha256sum`, one for every other file.
    pub const MANIFEST: &str = "MANIFEST.sha256";
}

pub(super) fn of(
    tia: &Tia,
    exhibits: &[Exhibit<'_>],
    entries: &[Entry],
    days: (Option<Date>, Option<Date>),
) -> Pack {
    let mut files = BTreeMap::new();
    for (exhibit, entry) in exhibits.iter().zip(entries) {
        let folder = format!("suppliers/{}", entry.id);
        for (path, bytes) in raw(exhibit) {
            files.insert(format!("{folder}/{path}"), bytes);
        }
        if let Some(watch) = exhibit.watch_file {
            files.insert(format!("{folder}/watch.json"), watch.to_vec());
        }
        let profile = format!("profiles/{}.toml", exhibit.supplier.profile.id);
        files.insert(profile, exhibit.profile_file.as_bytes().to_vec());
    }
    files.insert("suppliers.toml".to_owned(), stack(tia, entries).into_bytes());
    files.insert("evidence.json".to_owned(), json(tia));
    files.insert("coverage.json".to_owned(), json(&tia.coverage));
    files.insert("edpb.json".to_owned(), json(&tia.edpb));
    for language in Language::ALL {
        let tag = language.file_tag();
        let mut page = |name: &str, document: &Document| {
            files.insert(format!("{name}.{tag}.html"), document.to_html().into_bytes());
        };
        let evidence = tia.document(language);
        page("evidence", &evidence);
        page("coverage", &tia.coverage.document(language));
        page("edpb", &tia.edpb.document(language));
        files.insert(format!("evidence.{tag}.pdf"), evidence.to_pdf());
    }
    files.insert("README.txt".to_owned(), readme(tia, days).into_bytes());
    let manifest: String = files
        .iter()
        .map(|(path, bytes)| {
            let digest = Digest::of(bytes).to_string();
            let hex = digest.strip_prefix("sha256:").unwrap_or(&digest);
            format!("{hex}  {path}\n")
        })
        .collect();
    files.insert(Pack::MANIFEST.to_owned(), manifest.into_bytes());
    Pack { files }
}

/// The JSON of a report as a file: what `--json` prints.
fn json(report: &impl Serialize) -> Vec<u8> {
    let text = serde_json::to_string_pretty(report).expect("reports have string keys");
    format!("{text}\n").into_bytes()
}

fn raw(exhibit: &Exhibit<'_>) -> BTreeMap<String, Vec<u8>> {
    let one = |name: &str, bytes: &Obtained<Vec<u8>>| match bytes {
        Obtained::Got(bytes) => BTreeMap::from([(name.to_owned(), bytes.clone())]),
        _ => BTreeMap::new(),
    };
    match exhibit.evidence.map(|evidence| &evidence.source) {
        Some(Source::Site(Site { checkpoint: Obtained::Got(checkpoint), leaves })) => {
            let leaves: &[Vec<u8>] = match leaves {
                Obtained::Got(leaves) => leaves,
                _ => &[],
            };
            let files = site::files(checkpoint, leaves).into_iter();
            files.map(|(path, bytes)| (format!("site/{path}"), bytes)).collect()
        }
        Some(Source::Proof(bytes)) => one("latest.tlog-proof", bytes),
        Some(Source::Envelope(bytes)) => {
            let other = matches!(exhibit.supplier.canary, crate::supplier::Canary::Other(_));
            one(if other { "other" } else { "latest.json" }, bytes)
        }
        _ => BTreeMap::new(),
    }
}

/// The stack again, with every path within the pack.
fn stack(tia: &Tia, entries: &[Entry]) -> String {
    #[derive(Serialize)]
    struct Written<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        customer: Option<&'a str>,
        supplier: &'a [Entry],
    }
    let written = Written { customer: tia.customer.as_deref(), supplier: entries };
    toml::to_string(&written).expect("a stack that was read has TOML's types only")
}

fn readme(tia: &Tia, (from, to): (Option<Date>, Option<Date>)) -> String {
    let mut text = String::from(
        "Evidence from warrant canaries\n\
         ==============================\n\n\
         evidence.en.html, evidence.zh.html   the whole, to read and print (also as PDF)\n\
         evidence.json                        the same for machines\n\
         coverage.*, edpb.*                   the two reports on their own\n\
         suppliers.toml, profiles/            what was asked, and who answers for what\n\
         suppliers/<id>/                      the raw bytes as received, laid out as a site\n\
         MANIFEST.sha256                      the SHA-256 of every other file\n\n\
         To check it all again, in this folder and without any network:\n\n\
         \x20   sha256sum -c MANIFEST.sha256\n",
    );
    for command in tia.commands() {
        text += &format!("    {command}\n");
    }
    let day = |name: &str, date: Option<Date>| {
        date.map(|date| format!(" --{name} {date}")).unwrap_or_default()
    };
    let at = tia.at;
    text += &format!(
        "\nand the reports again from these bytes:\n\n    \
         canary report --stack suppliers.toml --kind edpb{}{} --at {at} --json\n    \
         canary report --stack suppliers.toml --kind coverage{} --at {at} --json\n",
        day("from", from),
        day("to", to),
        day("to", to),
    );
    text += &format!("\nLimits\n------\n\n{}\n\n{LIMITS_ZH}\n", tia.limits);
    text
}
