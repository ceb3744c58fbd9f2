//! Dates in prose: kinds of sentences that canaries have, each with what it fixes or leaves open.

use canary_dialects::Timestamp;
use canary_dialects::dates::{Cadence, Due};
use canary_dialects::dialect::dialect;
use canary_dialects::judge::{Context, Judged, judge};
use canary_dialects::reading::{Kind, Published};
use canary_dialects::trust::Trust;

fn read(text: &str) -> Judged {
    with(text, Trust::default())
}

fn with(text: &str, trust: Trust) -> Judged {
    let published = Published { source: "page", body: text.as_bytes(), beside: &[], seen: None };
    let reading = dialect(Kind::Plain).read(&published, &trust);
    let now = Timestamp::parse("2030-01-01T00:00:00Z").expect("a literal");
    judge(&reading.issues, &[], &trust, &Context::default(), now).issues.remove(0)
}

/// The date of issue and the deadline, as days.
fn stated(text: &str) -> (String, String) {
    let one = read(text);
    match &one.due {
        Due::Stated { next_due, expires, .. } => {
            assert!(next_due <= expires);
            (one.issued.earliest.date().to_string(), next_due.date().to_string())
        }
        other => panic!("{text}: {other:?}, issued {:?}", one.issued),
    }
}

fn vague(text: &str) -> (Option<String>, Option<String>) {
    let one = read(text);
    match &one.due {
        Due::Vague { earliest, latest, .. } => {
            (earliest.map(|at| at.date().to_string()), latest.map(|at| at.date().to_string()))
        }
        other => panic!("{text}: {other:?}, issued {:?}", one.issued),
    }
}

#[test]
fn deadlines_that_words_fix() {
    for (text, issued, due) in [
        (
            "The date of issue of this canary is June 03, 2026.\nWe plan to publish the next of these canary statements in the first fourteen days of September 2026.",
            "2026-06-03",
            "2026-09-14",
        ),
        (
            "Date: May 1, 2024\nThe next canary will be published on or before June 03, 2024.",
            "2024-05-01",
            "2024-06-03",
        ),
        (
            "Today is 2024-07-01. I will update this canary within 30 days.",
            "2024-07-01",
            "2024-07-31",
        ),
        (
            "January 5th, 2015\n\nWe plan to publish the next canary statement within 4 weeks.",
            "2015-01-05",
            "2015-02-02",
        ),
        (
            "As of 26 November 2018 we have received no warrants. If this canary is not updated every 14 days, draw your own conclusions.",
            "2018-11-26",
            "2018-12-10",
        ),
        (
            "Issued: 2026-03-02\nThis statement is re-signed on February 1, May 1, August 1 and November 1 of each year.",
            "2026-03-02",
            "2026-05-01",
        ),
        ("Date: 2026-02-23\nExpires: 2026-05-23\n\nNo gag orders.", "2026-02-23", "2026-05-23"),
        ("Signed 2026-06-19 · next update on or before 2026-09-19", "2026-06-19", "2026-09-19"),
        (
            "**Last Updated:** 02.11.2024\\\nThis canary is updated every 90 days.",
            "2024-11-02",
            "2025-01-31",
        ),
        (
            "Published on the 5th of March 2024. Valid until 31 March 2024.",
            "2024-03-05",
            "2024-03-31",
        ),
        ("Statement of 1 April 2024: valid for 90 days.", "2024-04-01", "2024-06-30"),
        ("Issued 2026-05-14. Re-issued on the 1st of each month.", "2026-05-14", "2026-06-01"),
        (
            "Issued 2026-05-14. This statement is updated on the first day of every month.",
            "2026-05-14",
            "2026-06-01",
        ),
        (
            "Issued 2026-05-14 (a Thursday). We re-sign this canary every Monday.",
            "2026-05-14",
            "2026-05-18",
        ),
        (
            "Canary of Wednesday, October 03. 2018 - 09:35 CET\nA new canary will be issued by the end of Q1 2019.",
            "2018-10-03",
            "2019-03-31",
        ),
        (
            "Dated: 14 Jun 2024. The next statement is due in the last two weeks of September 2024.",
            "2024-06-14",
            "2024-09-30",
        ),
        (
            "This notice was last updated on 2024-02-10 and will be renewed before 2024-03-10.",
            "2024-02-10",
            "2024-03-09",
        ),
        ("发布日期：2026年3月1日\n下次更新：2026年6月1日", "2026-03-01", "2026-06-01"),
        (
            "Date: 10/30/2018\nWe plan to publish the next of these canary statements in the first two weeks of April 2019.",
            "2018-10-30",
            "2019-04-14",
        ),
        (
            "Updated 2024-01-15. This page is updated at least once every three months.",
            "2024-01-15",
            "2024-04-15",
        ),
        (
            "Issued: 2025-11-03T00:00:00Z\nExpires: 2026-11-03T00:00:00Z\nFrequency: monthly",
            "2025-11-03",
            "2026-11-03",
        ),
        (
            "Date: 2024-12-20\nThis canary will be renewed in January 2025.",
            "2024-12-20",
            "2025-01-31",
        ),
        ("Updated March 3, 2024. The next update is on June 3.", "2024-03-03", "2024-06-03"),
        (
            "Issued on 5 March 2024; the next canary appears in the first week of the next quarter. Next canary: 2024-04-07",
            "2024-03-05",
            "2024-04-07",
        ),
        (
            "Signed on 2024-03-05.\nIf this message is older than 60 days, assume that the canary has ended. It is renewed every 60 days.",
            "2024-03-05",
            "2024-05-04",
        ),
    ] {
        assert_eq!(stated(text), (issued.to_owned(), due.to_owned()), "{text}");
    }
}

#[test]
fn deadlines_that_words_leave_open() {
    for (text, earliest, latest) in [
        (
            "Statement: August 16, 2016. This canary is updated approximately once per quarter.",
            "2016-11-16",
            "2016-12-31",
        ),
        (
            "Last updated (UTC): 2026-01-28\nThis document is updated quarterly.",
            "2026-04-28",
            "2026-06-30",
        ),
        ("Updated 2024-01-15. We publish this statement monthly.", "2024-02-15", "2024-02-29"),
        ("Issued 2024-03-05. The next canary is due on 04/05/2024.", "2024-04-05", "2024-05-04"),
        (
            "Date: 2024-03-05. We expect to publish the next canary about every 3 months.",
            "2024-06-05",
            "2024-07-05",
        ),
        (
            "Date: 2024-03-05. The next canary will be published in mid-June 2024.",
            "2024-06-15",
            "2024-06-20",
        ),
        (
            "Issued: 2026-04-28\nThis canary is re-signed on February 1, May 1, August 1 and November 1.",
            "2026-05-01",
            "2026-08-01",
        ),
    ] {
        assert_eq!(vague(text), (Some(earliest.to_owned()), Some(latest.to_owned())), "{text}");
    }
    assert_eq!(vague("Date: 2024-03-05. This canary is updated regularly."), (None, None));
}

#[test]
fn other_dates_are_not_deadlines() {
    for text in [
        "As of 2024-03-05 we have received no order. We keep logs for 30 days.",
        "Date: 2024-03-05\nBetween January 1, 2024 and February 29, 2024 we received 0 subpoenas.",
        "Date: 2024-03-05\nOur company was founded in June 2013.",
        "Date: 2024-03-05\nOur signing key expires on 2027-01-01.",
        "Date: 2024-03-05\nWe have not received any letter in the past 90 days.",
    ] {
        let one = read(text);
        assert_eq!(one.due, Due::Unstated, "{text}");
        assert_eq!(one.issued.earliest.to_string(), "2024-03-05T00:00:00Z", "{text}");
    }
}

#[test]
fn the_user_can_state_the_cadence() {
    let cadence = Cadence::parse("quarterly+7d").expect("a cadence");
    let one = with(
        "Statement: August 16, 2016. Updated approximately once per quarter.",
        Trust { cadence: Some(cadence), ..Trust::default() },
    );
    let Due::Stated { next_due, expires, .. } = one.due else { panic!("{:?}", one.due) };
    assert_eq!(
        (next_due.to_string(), expires.to_string()),
        ("2016-11-16T23:59:59Z".into(), "2016-11-23T23:59:59Z".into())
    );
    for (text, good) in [
        ("14d", true),
        ("4w+12h", true),
        ("yearly", true),
        ("", false),
        ("d", false),
        ("99999d", false),
        ("3x", false),
        ("é", false),
    ] {
        assert_eq!(Cadence::parse(text).is_some(), good, "{text}");
    }
}

#[test]
fn proof_of_freshness_is_not_read() {
    let one = read(
        "Date: 2024-03-05\nNext update: 2024-06-05\n\nProof of freshness\n------------------\n\nTue, 12 Mar 2024 06:49:12 +0000\nThe deal expires on 2025-01-01, no order was received\n",
    );
    assert_eq!(one.issued.earliest.date().to_string(), "2024-03-05");
    assert!(
        matches!(one.due, Due::Stated { next_due, .. } if next_due.date().to_string() == "2024-06-05")
    );
    assert!(one.issue.statements.iter().all(|statement| !statement.text.contains("deal")));
}
