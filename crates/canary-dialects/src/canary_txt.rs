//! The `canary.txt` draft: `Name: value` fields and a `Statement:` that runs over lines. It is not signed by itself;
//! where it stands inside a signed text, that dialect reads it.

use crate::plain;
use crate::prose::{Statement, Tone};
use crate::reading::{Issue, Kind, Published, Reading, Remark};
use crate::trust::Trust;

/// The fields of the draft that tell it from any other page.
const REQUIRED: [&str; 3] = ["canonical-url", "issued", "expires"];

/// Whether a text has the draft's required fields.
pub(crate) fn recognised(text: &str) -> bool {
    let mut end = text.len().min(64 << 10);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    REQUIRED.iter().all(|name| {
        text[..end]
            .lines()
            .any(|line| field(line).is_some_and(|(found, _)| found.eq_ignore_ascii_case(name)))
    })
}

/// Reads a publication as `canary.txt`.
pub(crate) fn read(published: &Published<'_>, _trust: &Trust) -> Reading {
    let text = String::from_utf8_lossy(published.body).into_owned();
    let missing: Vec<&str> = REQUIRED
        .into_iter()
        .filter(|name| {
            !text.lines().any(|line| {
                field(line).is_some_and(|(found, value)| {
                    found.eq_ignore_ascii_case(name) && !value.is_empty()
                })
            })
        })
        .collect();
    let mut remarks = Vec::new();
    let mut issue = Issue::unsigned(Kind::CanaryTxt, published, text);
    match &mut issue {
        Some(issue) => fields(issue),
        None => remarks.push(plain::says_nothing()),
    }
    if !missing.is_empty() {
        remarks.push(Remark::Malformed(format!(
            "required fields are missing: {}",
            missing.join(", ")
        )));
    }
    Reading { issues: issue.into_iter().collect(), remarks }
}

/// Takes fields that are no statements out of what prose made of them.
fn fields(issue: &mut Issue) {
    const PLAIN: [&str; 12] = [
        "canonical-url",
        "issued",
        "expires",
        "organization",
        "contact",
        "verification",
        "frequency",
        "previous-canary",
        "blockchain-proof",
        "encryption",
        "policy",
        "preferred-languages",
    ];
    issue.statements.retain(|statement| {
        !field(&statement.text)
            .is_some_and(|(name, _)| PLAIN.iter().any(|plain| name.eq_ignore_ascii_case(plain)))
    });
    for statement in &mut issue.statements {
        // A field of the draft that is not among the plain ones states something: "Personnel-Statement: …".
        if let Some((name, value)) =
            field(&statement.text).filter(|(name, value)| name.contains('-') && !value.is_empty())
        {
            *statement = Statement::named(name, value, Tone::Fact);
        }
    }
}

fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let form = !name.is_empty()
        && name.len() <= 40
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    form.then(|| (name, value.trim()))
}
