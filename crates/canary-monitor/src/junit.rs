//! JUnit XML for CI jobs: a test case a target.

use canary_markup::Markup;
use canary_verifier::report::Severity;

use crate::notice::inert;
use crate::status::Line;

/// The report. Alarms are failures, what cannot be concluded is an error, attention is a remark.
pub fn report(lines: &[Line]) -> String {
    let count = |severity| {
        let of_it = lines.iter().filter(|line| line.severity == severity);
        of_it.count().to_string()
    };
    let mut xml = Markup::default();
    xml.raw(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites><testsuite name=\"canary watch\"",
    )
    .attr("tests", &lines.len().to_string())
    .attr("failures", &count(Severity::Alarm))
    .attr("errors", &count(Severity::Unknown))
    .raw(">\n");
    for line in lines {
        let (said, state) = (inert(&line.in_words()), line.state.to_string());
        xml.raw("<testcase").attr("classname", &inert(&line.url)).attr("name", &inert(&line.name));
        xml.raw(">");
        match line.severity {
            Severity::Alarm => {
                xml.raw("<failure").attr("message", &state).raw(">").text(&said).raw("</failure>");
            }
            Severity::Unknown => {
                xml.raw("<error").attr("message", &state).raw(">").text(&said).raw("</error>");
            }
            Severity::Attention => {
                xml.raw("<system-out>").text(&said).raw("</system-out>");
            }
            Severity::Alive => {}
        }
        xml.raw("</testcase>\n");
    }
    xml.raw("</testsuite></testsuites>\n");
    xml.into_string()
}
