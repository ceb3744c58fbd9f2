//! Findings as they are gathered, and their order in the report.

use canary_format::refusal::Refusal;

use crate::report::{Code, Finding, Severity};

/// The findings so far.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn add(
        &mut self,
        code: Code,
        severity: Severity,
        message: impl Into<String>,
    ) -> &mut Finding {
        self.push(Finding::new(code, severity, message));
        self.0.last_mut().expect("one was just added")
    }

    pub(super) fn push(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    pub(super) fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.0.extend(findings);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn keep_only(&mut self, code: Code) {
        self.0.retain(|finding| finding.code == code);
    }

    /// Adds words to the findings of these codes.
    pub(super) fn say_more(&mut self, codes: &[Code], words: &str) {
        for finding in self.0.iter_mut().filter(|finding| codes.contains(&finding.code)) {
            finding.message.push_str("; ");
            finding.message.push_str(words);
        }
    }

    /// Worst first, then by issue and id (`verdicts.md` §4), each once.
    pub(super) fn in_order(mut self) -> Vec<Finding> {
        self.0.sort_by(|a, b| {
            let key = |f: &Finding| {
                (std::cmp::Reverse(f.severity), f.issue, f.fact.clone(), f.code, f.url.clone())
            };
            key(a).cmp(&key(b))
        });
        self.0.dedup();
        self.0
    }
}

/// Bytes that break a rule of the format, or exceed a size of it.
pub(super) fn refused(refusal: &Refusal) -> Finding {
    let code = if refusal.is_limit() { Code::TooLarge } else { Code::Malformed };
    Finding::new(code, Severity::Alarm, refusal.to_string())
}
