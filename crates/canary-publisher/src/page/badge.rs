//! The badge: dates, never a verdict.

use canary_markup::Markup;

use super::Series;

/// An SVG that says when the newest issue was affirmed and when the next one is due.
pub(super) fn render(series: &Series<'_>) -> String {
    let issue = series.newest.issue;
    let (affirmed, due) = (issue.as_of.date().to_string(), issue.next_due.date().to_string());
    let label = format!("Warrant canary: affirmed {affirmed}, next due {due}");
    let mut out = Markup::default();
    out.raw("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"292\" height=\"20\" role=\"img\"");
    out.attr("aria-label", &label).raw("><title>").text(&label).raw("</title>");
    out.raw("<rect width=\"292\" height=\"20\" rx=\"3\" fill=\"#39424e\"/>");
    out.raw("<rect x=\"54\" width=\"238\" height=\"20\" rx=\"3\" fill=\"#e9edf2\"/>");
    out.raw("<g font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">");
    out.raw("<text x=\"8\" y=\"14\" fill=\"#fff\">canary</text>");
    out.raw("<text x=\"62\" y=\"14\" fill=\"#1b1d21\" textLength=\"222\">affirmed ");
    out.text(&affirmed).raw(" · due ").text(&due).raw("</text></g></svg>\n");
    out.into_string()
}
