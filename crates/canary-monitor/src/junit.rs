//! JUnit XML for CI jobs: a test case a target.

use std::fmt::Write as _;

use canary_verifier::report::Severity;

use crate::notice::inert;
use crate::status::Line;

/// The report. Alarms are failures, what cannot be concluded is an error, attention is a remark.
pub fn report(lines: &[Line]) -> String {
    let count = |severity| lines.iter().filter(|line| line.severity == severity).count();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        xml,
        "<testsuites><testsuite name=\"canary watch\" tests=\"{}\" failures=\"{}\" errors=\"{}\">",
        lines.len(),
        count(Severity::Alarm),
        count(Severity::Unknown)
    );
    for line in lines {
        let _ = write!(
            xml,
            "<testcase classname=\"{}\" name=\"{}\">",
            escape(&line.url),
            escape(&line.name)
        );
        let said = escape(&line.in_words());
        let state = line.state;
        let _ = match line.severity {
            Severity::Alarm => write!(xml, "<failure message=\"{state}\">{said}</failure>"),
            Severity::Unknown => write!(xml, "<error message=\"{state}\">{said}</error>"),
            Severity::Attention => write!(xml, "<system-out>{said}</system-out>"),
            Severity::Alive => Ok(()),
        };
        xml.push_str("</testcase>\n");
    }
    xml.push_str("</testsuite></testsuites>\n");
    xml
}

pub(crate) fn escape(text: &str) -> String {
    inert(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
