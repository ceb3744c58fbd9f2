//! Feeds: one entry an issue, in words that are the same for every issue but for its number and dates.

use canary_markup::Markup;
use serde_json::json;

use super::Series;
use super::history::Listed;

/// The newest issues only, so that a feed costs the same in every year.
fn listed<'a>(series: &'a Series<'_>) -> impl Iterator<Item = &'a Listed> {
    series.history.recent.iter().rev()
}

fn words(issue: &Listed) -> String {
    format!(
        "Issue {}, affirmed {}. Next due {}. Expires {}.",
        issue.number, issue.as_of, issue.next_due, issue.expires
    )
}

/// The address under which the series is known for ever: what it is called by in feeds. It is found at
/// its publisher's URL, which an issue may change.
fn name(series: &Series<'_>) -> String {
    format!("https://{}/", series.newest.issue.origin)
}

fn address(issue: &Listed, url: &str) -> String {
    format!("{url}{}", canary_format::layout::issue_path(issue.number))
}

/// An Atom feed (RFC 4287).
pub(super) fn atom(series: &Series<'_>) -> String {
    let newest = series.newest.issue;
    let (url, name) = (&newest.publisher.canonical_url, name(series));
    let mut out = Markup::default();
    out.raw("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    out.raw("<feed xmlns=\"http://www.w3.org/2005/Atom\">\n<title>");
    out.text(&newest.publisher.name).raw(": warrant canary</title>\n<id>").text(&name);
    out.raw("</id>\n<updated>").text(&newest.as_of.to_string()).raw("</updated>\n<author><name>");
    out.text(&newest.publisher.name).raw("</name></author>\n<link rel=\"self\"");
    out.attr("href", &format!("{url}feed.atom")).raw("/>\n<link").attr("href", url).raw("/>\n");
    for issue in listed(series) {
        let address = address(issue, url);
        out.raw("<entry><title>Issue ").text(&issue.number.to_string());
        out.raw("</title><id>").text(&self::address(issue, &name)).raw("</id><updated>");
        out.text(&issue.as_of.to_string()).raw("</updated><link").attr("href", &address);
        out.raw(" type=\"application/json\"/><summary>").text(&words(issue));
        out.raw("</summary></entry>\n");
    }
    out.raw("</feed>\n");
    out.into_string()
}

/// A JSON Feed, version 1.1.
pub(super) fn json(series: &Series<'_>) -> String {
    let newest = series.newest.issue;
    let (url, name) = (&newest.publisher.canonical_url, name(series));
    let items: Vec<_> = listed(series)
        .map(|issue| {
            let address = address(issue, url);
            json!({
                "id": self::address(issue, &name),
                "url": address,
                "title": format!("Issue {}", issue.number),
                "content_text": words(issue),
                "date_published": issue.as_of.to_string(),
            })
        })
        .collect();
    let feed = json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": format!("{}: warrant canary", newest.publisher.name),
        "home_page_url": url,
        "feed_url": format!("{url}feed.json"),
        "language": "en",
        "items": items,
    });
    format!("{feed:#}\n")
}
