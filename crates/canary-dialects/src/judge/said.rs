//! Findings from what a dialect remarks while reading.

use canary_verifier::report::{Code, Finding, Severity};

use crate::canarytail::CODES;
use crate::reading::{Issue, Outcome, Remark};

/// Words of a correction, of a change of signers, of a change of plan.
const TOPICS: [(&str, &[&str]); 3] = [
    (
        "a correction",
        &["correct", "typograph", "typo", "erratum", "errata", "mistake", "updated version"],
    ),
    (
        "who signs",
        &[
            "signed by",
            "sign future",
            "joined",
            "no longer sign",
            "new signer",
            "signers",
            "last canary",
            "stepping down",
            "steps down",
        ],
    ),
    (
        "the schedule",
        &[
            "schedule",
            "delayed",
            "postpone",
            "ahead of time",
            "cadence",
            "published late",
            "published early",
        ],
    ),
];

/// One finding for a remark.
pub(crate) fn finding(remark: &Remark) -> Finding {
    use Severity::{Alarm, Alive, Attention};
    match remark {
        Remark::Malformed(what) => Finding::new(Code::Malformed, Alarm, what.clone()),
        Remark::Withdrawn(path) => Finding::new(
            Code::Missing,
            Alarm,
            format!("{path} held the newest issue and holds none now"),
        ),
        Remark::PutBack(path) => Finding::new(
            Code::Rollback,
            Alarm,
            format!("{path} held a newer issue and holds an older one again"),
        ),
        Remark::TooLarge(what) => Finding::new(Code::TooLarge, Alarm, what.clone()),
        Remark::WordsOutside => Finding::new(
            Code::WordsOutside,
            Alive,
            "words stand outside of what is signed; they are not looked at",
        ),
        Remark::SeveralSpans(count) => Finding::new(
            Code::SeveralSpans,
            Attention,
            format!("{count} texts are signed here one by one; each is an issue of its own"),
        ),
        Remark::UnknownSignatures(count) => Finding::new(
            Code::UnknownSigner,
            Attention,
            format!("{count} signatures of a version or algorithm that is not read; ignored"),
        ),
        Remark::FieldsUnbound => Finding::new(
            Code::FieldsUnbound,
            Attention,
            "each field is signed on its own: this format cannot show that they belong to one issue, and fields of several can be put together",
        ),
        Remark::FieldUnsigned(name) => Finding::new(
            Code::FieldUnsigned,
            Attention,
            format!("field {name} is signed by nobody"),
        )
        .fact(name),
        Remark::PanicKey(key) => Finding::new(
            Code::PanicKeySigned,
            Alarm,
            "the key that this canary names as its panic key has signed it",
        )
        .signer(key.clone()),
        Remark::OwnQuorum(have, need) => Finding::new(
            Code::QuorumShort,
            Alarm,
            format!("the canary itself asks for {need} signers; {have} have signed"),
        ),
        Remark::CodeAbsent(code) => {
            let words = CODES
                .iter()
                .find(|(known, _)| known == code)
                .map_or(code.as_str(), |(_, words)| *words);
            Finding::new(Code::FactAbsent, Alarm, format!("not affirmed: \"{words}\"")).fact(code)
        }
    }
}

/// The words under a heading for announcements, said once, with what they seem to be about.
pub(crate) fn announcement(number: u64, issue: &Issue) -> Option<Finding> {
    let words = issue.announcement.as_ref()?;
    let lower = words.to_lowercase();
    let topics: Vec<&str> = TOPICS
        .iter()
        .filter(|(_, marks)| marks.iter().any(|mark| lower.contains(mark)))
        .map(|(topic, _)| *topic)
        .collect();
    let about = if topics.is_empty() {
        String::new()
    } else {
        format!(" (speaks of {})", topics.join(" and "))
    };
    let mut quoted: String = words.chars().take(300).collect();
    if quoted.len() < words.len() {
        quoted.push('…');
    }
    Some(
        Finding::new(
            Code::Announcement,
            Severity::Attention,
            format!("announces{about}: \"{quoted}\""),
        )
        .issue(number),
    )
}

/// What accompanies an issue, and whether its signatures hold.
pub(crate) fn letters(number: u64, issue: &Issue, findings: &mut Vec<Finding>) {
    for letter in &issue.letters {
        let mut by: Vec<&str> = Vec::new();
        for signed in &letter.signatures {
            let who = signed.person.as_deref().unwrap_or(&signed.key);
            match signed.outcome {
                Outcome::Good => by.push(who),
                Outcome::Bad => findings.push(
                    Finding::new(
                        Code::BadSignature,
                        Severity::Alarm,
                        format!(
                            "the signature by key {} does not verify over {}, which accompanies this issue",
                            signed.key, letter.source
                        ),
                    )
                    .issue(number)
                    .signer(who),
                ),
                _ => {}
            }
        }
        let by = if by.is_empty() {
            "signed by nobody who counts".to_owned()
        } else {
            format!("signed by {}", by.join(", "))
        };
        findings.push(
            Finding::new(
                Code::Accompanied,
                Severity::Alive,
                format!("{} was published beside it, {by}", letter.source),
            )
            .issue(number),
        );
    }
}
