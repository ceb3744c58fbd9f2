//! The calendar: when the next issue is due and when the newest one expires (RFC 5545).

use canary_format::issue::Issue;
use canary_format::time::Timestamp;

/// The longest line, in bytes, before it is folded.
const LINE: usize = 75;

/// The calendar of an issue: when the next one is due and when this one expires.
///
/// Two events, with an alarm before each. Their ids stay the same for one issue.
pub fn calendar(issue: &Issue) -> String {
    let next = issue.number + 1;
    let name = &issue.publisher.name;
    let mut out = Vec::new();
    for line in ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//canary//warrant canary//EN"] {
        fold(line, &mut out);
    }
    fold(&format!("X-WR-CALNAME:{}", escape(&format!("Warrant canary: {name}"))), &mut out);
    // A quarter of the interval, at most three days: nobody is reminded before the issue it follows.
    let warning = (issue.next_due.since(issue.as_of) / 4).min(3 * 86_400);
    let due = format!("{name}: issue {next} of the warrant canary is due");
    let end = format!("{name}: issue {} of the warrant canary expires", issue.number);
    for (kind, at, summary) in [("due", issue.next_due, due), ("expires", issue.expires, end)] {
        fold("BEGIN:VEVENT", &mut out);
        let uid = format!("UID:{kind}-{}@{}", issue.number, issue.origin.replace('/', "."));
        fold(&uid, &mut out);
        fold(&format!("DTSTAMP:{}", basic(issue.as_of)), &mut out);
        fold(&format!("DTSTART:{}", basic(at)), &mut out);
        fold(&format!("SUMMARY:{}", escape(&summary)), &mut out);
        fold(&format!("URL:{}", issue.publisher.canonical_url), &mut out);
        fold("TRANSP:TRANSPARENT", &mut out);
        fold("BEGIN:VALARM", &mut out);
        fold("ACTION:DISPLAY", &mut out);
        fold(&format!("TRIGGER:-PT{}M", warning / 60), &mut out);
        fold(&format!("DESCRIPTION:{}", escape(&summary)), &mut out);
        fold("END:VALARM", &mut out);
        fold("END:VEVENT", &mut out);
    }
    fold("END:VCALENDAR", &mut out);
    out.concat()
}

/// `20260401T090000Z`.
fn basic(at: Timestamp) -> String {
    at.to_string().replace(['-', ':'], "")
}

fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            _ => out.push(c),
        }
    }
    out
}

/// Adds one content line, folded at characters so that no part exceeds [`LINE`] bytes.
fn fold(line: &str, out: &mut Vec<String>) {
    let mut part = String::new();
    for c in line.chars() {
        if part.len() + c.len_utf8() > LINE {
            out.push(std::mem::replace(&mut part, " ".into()) + "\r\n");
        }
        part.push(c);
    }
    out.push(part + "\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_folded_within_75_bytes_and_unfold_to_themselves() {
        let line = format!("SUMMARY:{}", "声明ab".repeat(40));
        let mut out = Vec::new();
        fold(&line, &mut out);
        assert!(out.len() > 3 && out.iter().all(|part| part.len() <= LINE + 2));
        assert_eq!(out.concat().replace("\r\n ", "").trim_end(), line);
        assert_eq!(escape("a,b;c\\d\ne"), "a\\,b\\;c\\\\d\\ne");
    }
}
