//! Kinds of canaries that people publish: what is read of their time, and that nothing but a change is a change.

use canary_dialects::Timestamp;
use canary_dialects::dates::Due;
use canary_dialects::dialect::dialect;
use canary_dialects::judge::{Context, History, judge};
use canary_dialects::reading::{Issue, Kind, Published};
use canary_dialects::trust::Trust;
use canary_verifier::report::Code;

/// One issue: when it was seen (a day, or nothing), its words, the day it is read as of, and its deadline:
/// a day, `earliest~latest`, `?` where the words promise one and say no time, `-` where they say nothing.
type Said<'a> = (&'a str, &'a str, &'a str, &'a str);

fn read(issues: &[(&str, &str)]) -> History {
    let instant = |day: &str| Timestamp::parse(&format!("{day}T12:00:00Z"));
    let read: Vec<Issue> = issues
        .iter()
        .flat_map(|(seen, text)| {
            let published = Published {
                source: "page",
                body: text.as_bytes(),
                beside: &[],
                seen: instant(seen),
            };
            dialect(Kind::Plain).read(&published, &Trust::default()).issues
        })
        .collect();
    let now = Timestamp::parse("2026-11-22T00:00:00Z").expect("a literal");
    judge(&read, &[], &Trust::default(), &Context::default(), now)
}

fn deadline(due: &Due) -> String {
    let day = |at: &Timestamp| at.date().to_string();
    match due {
        Due::Stated { next_due, .. } => day(next_due),
        Due::Vague { earliest: Some(earliest), latest: Some(latest), .. } => {
            format!("{}~{}", day(earliest), day(latest))
        }
        Due::Vague { .. } => "?".into(),
        Due::Unstated => "-".into(),
    }
}

/// The days and deadlines are read as expected, there are so many facts, and they stay the same from issue to issue.
fn steady(kind: &str, facts: usize, issues: &[Said<'_>]) {
    let history = read(&issues.iter().map(|(seen, text, ..)| (*seen, *text)).collect::<Vec<_>>());
    let got: Vec<_> = history
        .issues
        .iter()
        .map(|one| (one.issued.earliest.date().to_string(), deadline(&one.due)))
        .collect();
    let expected: Vec<_> = issues
        .iter()
        .map(|(_, _, issued, due)| ((*issued).to_owned(), (*due).to_owned()))
        .collect();
    assert_eq!(got, expected, "{kind}");
    let about_facts = [Code::FactAbsent, Code::FactAdded, Code::FactReworded, Code::FactReaffirmed];
    for one in &history.issues {
        let changed: Vec<_> =
            one.findings.iter().filter(|found| about_facts.contains(&found.code)).collect();
        assert!(changed.is_empty(), "{kind}: {changed:#?}");
    }
    let texts: Vec<_> = history.facts.iter().map(|fact| fact.text.as_str()).collect();
    assert_eq!(texts.len(), facts, "{kind}: {texts:#?}");
}

/// The fact codes of the second of two issues.
fn change(one: &str, other: &str) -> Vec<Code> {
    let history = read(&[("2024-03-01", one), ("2024-04-01", other)]);
    let codes = history.issues[1].findings.iter().map(|finding| finding.code);
    codes
        .filter(|code| {
            matches!(
                code,
                Code::FactAbsent | Code::FactAdded | Code::FactReworded | Code::FactReaffirmed
            )
        })
        .collect()
}

#[test]
fn a_vpn_provider_counts_zeros() {
    let text = |date: &str, next: &str| {
        format!(
            "# Finch VPN warrant canary\n\nThis page was last updated on {date}.\n\nAs of this date, Finch VPN has received:\n\n* 0 National Security Letters\n* 0 FISA court orders\n* 0 gag orders\n* 0 warrants from any government organisation\n\nThis page will be updated again by {next}.\n\n© 2019-2025 Finch Ltd. All rights reserved.\n"
        )
    };
    steady(
        "vpn",
        4,
        &[
            ("", &text("November 1, 2025", "December 1, 2025"), "2025-11-01", "2025-12-01"),
            ("", &text("December 1st, 2025", "January 2nd, 2026"), "2025-12-01", "2026-01-02"),
            ("", &text("2 January 2026", "1 February 2026"), "2026-01-02", "2026-02-01"),
        ],
    );
    let one = text("November 1, 2025", "December 1, 2025");
    let other = text("December 1, 2025", "January 1, 2026").replace("0 gag", "1 gag");
    assert_eq!(change(&one, &other), [Code::FactReworded]);
}

#[test]
fn lines_without_bullets_are_statements_of_their_own() {
    let plain = "Status: All good\nPeriod: {}\n\nDuring this period, the host has received:\n\nZero National Security Letters\nZero Foreign Intelligence Surveillance Court orders\nZero gag orders that prevent us from saying that we have received legal process\n\nNo warrants have ever been served to us or our staff.\n";
    let bullets = plain.replace("\nZero", "\n- Zero");
    steady(
        "lines",
        5,
        &[
            ("2016-12-22", &plain.replace("{}", "Dec 12 to Dec 18, 2016"), "2016-12-22", "-"),
            ("2016-12-27", &bullets.replace("{}", "Dec 19 to Dec 25, 2016"), "2016-12-27", "-"),
        ],
    );
    let dropped = plain.replace("Zero Foreign Intelligence Surveillance Court orders\n", "");
    assert_eq!(change(plain, &dropped), [Code::FactAbsent]);
    steady(
        "sentences on lines",
        3,
        &[(
            "2024-03-01",
            "Updated 2024-03-01\n\nWe have not received any gag orders\nWe have not placed backdoors\nWe have not handed over keys\n",
            "2024-03-01",
            "-",
        )],
    );
}

#[test]
fn headlines_without_a_heading_are_not_statements() {
    let text = |date: &str, news: &str| {
        format!(
            "As of {date}, Lark Storage Inc. has never received a National Security Letter, an order under the Foreign Intelligence Surveillance Act, or any other classified request. If we ever receive such a request, we would seek to let the public know it existed.\n\n{news}"
        )
    };
    let first = "- Thousands march as storm clears\n- Poll: most favour a new bridge\n- Team wins cup after 30 years\n- No deal reached in trade talks\n";
    let second = "- Markets fall for a third day\n- Minister will not stand again\n- What is the brood of 17 years?\n- River reaches record level\n";
    steady(
        "storage",
        1,
        &[
            ("2020-06-01", &text("06/01/2020", first), "2020-06-01", "-"),
            ("2020-09-02", &text("09/02/2020", second), "2020-09-02", "-"),
            ("2020-10-04", &text("10/03/2020", first), "2020-10-03", "-"),
        ],
    );
    // Under words that begin a list every item is one, whatever it says.
    steady(
        "items of a list",
        7,
        &[(
            "",
            "Date: 2026-02-26\nExpires: 2026-05-26\nBitcoin block: #938417\n\nThe operator of this site has not received any:\n- Warrants\n- Subpoenas\n- National Security Letters\n- Gag orders\n- Court orders\n- Other process that would forbid to speak of it\n\nfrom any government agency.\n\nThis canary is updated quarterly.\n",
            "2026-02-26",
            "2026-05-26",
        )],
    );
}

#[test]
fn strokes_are_read_as_the_text_or_the_time_of_publication_shows() {
    let text = |date: &str, next: &str| {
        format!(
            "Last updated: {date}\nNext update: {next}\n\nWe have never received a gag order.\n"
        )
    };
    steady(
        "one date fixes the order of the other",
        1,
        &[("", &text("02/03/2024", "02/28/2024"), "2024-02-03", "2024-02-28")],
    );
    steady(
        "and the other way round",
        1,
        &[("", &text("02/03/2024", "30/03/2024"), "2024-03-02", "2024-03-30")],
    );
    steady(
        "the time of publication does",
        1,
        &[("2024-03-04", &text("03/04/2024", "06/04/2024"), "2024-03-04", "2024-06-04")],
    );
    steady(
        "nothing does",
        1,
        &[("", &text("03/04/2024", "06/05/2024"), "2024-03-04", "2024-05-06~2024-06-05")],
    );
    steady("short years", 1, &[("", &text("11/15/24", "12/15/24"), "2024-11-15", "2024-12-15")]);
    steady("short years", 1, &[("", &text("15.11.24", "15.12.24"), "2024-11-15", "2024-12-15")]);
}

#[test]
fn lists_of_dates_below_the_words_for_them() {
    steady(
        "two updates ahead",
        2,
        &[(
            "",
            "As of 2024-07-20, we have not received any National Security Letters or FISA court orders. No searches or seizures of any kind have ever been performed on our assets.\n\nThe next two updates should be on or before:\n* 2024-10-18\n* 2025-01-16\n\nRecent news:\n* https://example.com/2024/7/20/did-it\n* https://example.com/2024/07/20/a-meeting\n",
            "2024-07-20",
            "2024-10-18",
        )],
    );
    steady(
        "days of the year",
        1,
        &[(
            "2019-02-01",
            "Wren positively confirms that the integrity of our system is sound: all our infrastructure is in our control, we have not been compromised.\n\nThis canary will be re-signed on the following dates:\n\n* February 1\n* May 1\n* August 1\n* November 1\n",
            "2019-02-01",
            "2019-05-01",
        )],
    );
}

#[test]
fn windows_of_each_month() {
    let text =
        |rule: &str| format!("Date: 2022-09-04\n\nI have not been served a warrant.\n\n{rule}\n");
    for (rule, due) in [
        ("This canary will be re-signed every month between the 1st and 5th.", "2022-10-05"),
        ("This canary will be re-signed between the 1st and the 7th of each month.", "2022-10-07"),
        ("We update this canary by the 15th of every month.", "2022-09-15"),
        ("We update this canary on the 2nd of each month.", "2022-10-02"),
        ("This statement is updated every month on the 10th.", "2022-09-10"),
        ("This canary is renewed on the first Thursday of every month.", "2022-10-06"),
        ("This canary is re-signed on the last Friday of each month.", "2022-09-30"),
        ("We re-issue this canary on the last day of each month.", "2022-09-30"),
        ("This canary is updated in the first week of each quarter.", "2022-10-07"),
        ("This canary is published by the 10th of January, April, July and October.", "2022-10-10"),
        ("Next time of signature: 2022-10-01 to 2022-10-15, inclusive.", "2022-10-15"),
        ("The next canary will be published between 1 and 14 October 2022.", "2022-10-14"),
        ("The next canary will be published between October 1 and October 14, 2022.", "2022-10-14"),
        ("Next update: 1–14 October 2022", "2022-10-14"),
        ("The next canary will be published in calendar week 41 of 2022.", "2022-10-16"),
        ("Next canary: 2022-W41", "2022-10-16"),
        ("Expect the next canary by the end of next month.", "2022-10-31"),
        ("We expect to publish the next canary by the end of the year 2022.", "2022-12-31"),
        ("This canary is valid for ninety (90) days.", "2022-12-03"),
        ("This canary is valid for three months from the date above.", "2022-12-04"),
        ("This statement expires 45 days after its date of issue.", "2022-10-19"),
        ("If this canary is more than 40 days old, do not rely on it.", "2022-10-14"),
        ("This page is updated at least every 35 days.", "2022-10-09"),
        ("A new statement is published no later than 31 days after this one.", "2022-10-05"),
        ("Valid until 2022-10-04 23:59 UTC.", "2022-10-04"),
        ("Valid through October 2022.", "2022-10-31"),
        ("Valid from 2022-09-04 to 2022-12-04.", "2022-12-04"),
        ("Validity: 4 September 2022 – 4 December 2022", "2022-12-04"),
    ] {
        steady(rule, 1, &[("", &text(rule), "2022-09-04", due)]);
    }
    for (rule, due) in [
        ("This canary is updated every few weeks.", "?"),
        ("We will update this canary from time to time.", "?"),
        ("This canary will be updated periodically.", "?"),
        ("This canary is updated roughly monthly.", "2022-10-04~2022-10-31"),
        // An issue a day or two before a listed day may be the one that is meant for it.
        ("It is renewed on the first Monday of every month.", "2022-09-05~2022-10-03"),
        ("We update this canary by the 5th of every month.", "2022-09-05~2022-10-05"),
        ("It will be updated on or about the 15th of every month.", "2022-09-15~2022-09-30"),
    ] {
        steady(rule, 1, &[("", &text(rule), "2022-09-04", due)]);
    }
}

#[test]
fn dates_of_issue_in_many_hands() {
    for (line, issued) in [
        ("Tue Mar  5 14:22:31 UTC 2024", "2024-03-05"),
        ("Tue Mar  5 23:30:00 PST 2024", "2024-03-06"),
        ("Tue, 05 Mar 2024 14:22:31 +0000", "2024-03-05"),
        ("Last updated: Tuesday, 5 March, 2024", "2024-03-05"),
        ("Updated March 5, 2024 at 2:30 PM EST", "2024-03-05"),
        ("This 5th day of March, 2024", "2024-03-05"),
        ("Dated this 5th day of March 2024", "2024-03-05"),
        ("Date: 2024/03/05", "2024-03-05"),
        ("Date: 5. März 2024", "2024-03-05"),
        ("Last updated: 05-Mar-2024", "2024-03-05"),
        ("Last reviewed: Mar. 5, 2024", "2024-03-05"),
        ("Signed on the fifth of March 2024", "2024-03-05"),
        ("Canary statement, March 5th 2024", "2024-03-05"),
        ("Updated: 2024-03-05T14:22:31+02:00", "2024-03-05"),
        ("Through March 5th, 2024, we have received no subpoena.", "2024-03-05"),
        ("For the week ending March 5, 2024", "2024-03-05"),
        ("**Date**: 2024-03-05", "2024-03-05"),
        ("Report date | 2024-03-05", "2024-03-05"),
    ] {
        let text = format!("{line}\n\nWe have never received a gag order.\n");
        let history = read(&[("", &text)]);
        let one = &history.issues[0];
        assert_eq!(one.issued.earliest.date().to_string(), issued, "{line}");
        assert_eq!(one.due, Due::Unstated, "{line}");
        assert!(!one.findings.iter().any(|finding| finding.code == Code::DateUndefined), "{line}");
    }
    // What is no date of this issue leaves it undefined.
    for line in [
        "© 2024 Finch Ltd.",
        "Founded in March 2024.",
        "In an incident of 5 March 2021 a server was seized.",
        "Canary no. 20240305-1",
    ] {
        let text = format!("{line}\n\nWe have never received a gag order.\n");
        let history = read(&[("2024-06-01", &text)]);
        let one = &history.issues[0];
        assert_eq!(one.issued.earliest.date().to_string(), "2024-06-01", "{line}");
    }
}

#[test]
fn proof_of_freshness_in_the_text_is_no_statement() {
    let text = |block: &str, headline: &str, date: &str| {
        format!(
            "Wren canary\n\nDate: {date}\n\n1. We have not received any secret court orders.\n2. We hold all of our keys.\n\nThe hash of Bitcoin block {block} is 00000000000000000001{block}abcdefabcdefabcdefabcdefabcdefabcdef.\n\nToday's headline in the Daily Post: \"{headline}\"\n\nWe plan to publish the next canary within 30 days.\n"
        )
    };
    steady(
        "freshness",
        2,
        &[
            (
                "",
                &text("826001", "No one was hurt as court orders release", "2024-03-01"),
                "2024-03-01",
                "2024-03-31",
            ),
            (
                "",
                &text("830444", "Police never received the letter", "2024-03-31"),
                "2024-03-31",
                "2024-04-30",
            ),
        ],
    );
}

#[test]
fn a_page_with_questions_and_a_footer() {
    let text = |date: &str| {
        format!(
            "<!DOCTYPE html><html><head><title>Canary | Wren Mail</title></head><body><nav><ul><li><a href=\"/\">Home</a></li><li><a href=\"/about\">About us</a></li><li><a href=\"/login\">Log in</a></li></ul></nav><main><h1>Warrant canary</h1><p>Last updated: <time datetime=\"x\">{date}</time></p><p>We&rsquo;ve not received any <b>National Security Letters</b>.</p><p>We have never been forced to hand over user&nbsp;data.</p><p>This canary is updated every 3&nbsp;months.</p><h2>What is a warrant canary?</h2><p>A warrant canary says that we have not received an order.</p><h2>How do I verify it?</h2><ol><li>Download the file.</li><li>Run gpg --verify.</li></ol></main><footer>&copy; 2015&ndash;2024 Wren Mail GmbH. No cookies.</footer></body></html>"
        )
    };
    steady(
        "page",
        2,
        &[
            ("", &text("1 March 2024"), "2024-03-01", "2024-06-01"),
            ("", &text("30 May 2024"), "2024-05-30", "2024-08-30"),
        ],
    );
}

#[test]
fn tables_have_a_fact_in_each_row() {
    let text = |date: &str, letters: &str| {
        format!(
            "# Transparency\n\nLast updated: {date}\n\n| Kind | Received |\n|------|------|\n| National Security Letters | {letters} |\n| Gag orders | 0 |\n| Search warrants | 2 |\n\nUpdated every month on the 1st.\n"
        )
    };
    steady(
        "table",
        3,
        &[
            ("", &text("2024-03-01", "0"), "2024-03-01", "2024-04-01"),
            ("", &text("2024-04-01", "0"), "2024-04-01", "2024-05-01"),
        ],
    );
    assert_eq!(change(&text("2024-03-01", "0"), &text("2024-04-01", "1")), [Code::FactReworded]);
}

#[test]
fn other_languages_are_read_where_their_words_are_plain() {
    steady(
        "German",
        2,
        &[(
            "",
            "Stand: 1. März 2024\n\n- Wir haben keine Durchsuchungsbeschlüsse erhalten.\n- Wir haben keine Hintertüren eingebaut.\n\nNächste Aktualisierung: 1. Juni 2024\n",
            "2024-03-01",
            "2024-06-01",
        )],
    );
    steady(
        "French",
        1,
        &[(
            "",
            "Date de publication : 1er mars 2024\n\nNous n'avons jamais reçu de mandat ni d'ordre de silence.\n\nProchaine mise à jour : 1er juin 2024\n",
            "2024-03-01",
            "2024-06-01",
        )],
    );
    steady(
        "Chinese",
        2,
        &[(
            "",
            "发布日期：2024年3月1日\n\n1. 我们没有收到任何搜查令。\n2. 我们从未植入后门。\n\n下次更新：2024年6月1日\n",
            "2024-03-01",
            "2024-06-01",
        )],
    );
}

#[test]
fn dates_and_cadences_of_languages_that_do_not_part_words() {
    for (kind, facts, text, issued, due) in [
        (
            "as of, and before",
            2,
            "截至2026年11月1日，本公司从未收到任何秘密命令。\n本公司从未交出任何加密密钥。\n下一次更新：2026年12月1日之前\n",
            "2026-11-01",
            "2026-12-01",
        ),
        (
            "in one sentence",
            1,
            "我们没有收到任何传票。\n\n本声明签署于2026年11月1日，有效期至2026年12月1日。\n",
            "2026-11-01",
            "2026-12-01",
        ),
        (
            "will be published",
            1,
            "我们从未植入后门。\n\n更新日期：2026年11月1日。我们将在2026年12月5日之前发布下一份声明。\n",
            "2026-11-01",
            "2026-12-05",
        ),
        (
            "every fourteen days",
            1,
            "日期：2026年11月8日\n\n我们没有收到任何命令。\n\n本声明每14天更新一次。\n",
            "2026-11-08",
            "2026-11-22",
        ),
        (
            "quarterly, and spaces within a date",
            1,
            "發布日期：2026 年 10 月 1 日\n\n我們沒有收到任何命令。\n\n本聲明每三个月更新。\n",
            "2026-10-01",
            "2027-01-01",
        ),
        (
            "Japanese",
            1,
            "2026年11月1日現在、当社はいかなる令状も受けていません。\n\n次回更新：2026年12月1日\n",
            "2026-11-01",
            "2026-12-01",
        ),
    ] {
        steady(kind, facts, &[("", text, issued, due)]);
    }
}

#[test]
fn what_goes_smoothly_is_no_promise() {
    let text = "Everything's going smoothly so far: no secret subpoenas, no gag orders.\n\nPublished 2026-07-02. Next report due: on or about January 15, 2027\n";
    steady("smooth", 1, &[("", text, "2026-07-02", "2027-01-15")]);
}

#[test]
fn what_is_counted_from_a_date_of_two_readings_is_open() {
    let text = |date: &str| {
        format!(
            "This canary was signed {date}. It is valid for 35 days.\n\nWe have not been served a warrant.\n"
        )
    };
    let open = text("11/02/2026");
    steady("open", 1, &[("", &open, "2026-02-11", "2026-03-18~2026-12-07")]);
    steady("seen close to one", 1, &[("2026-11-03", &open, "2026-11-02", "2026-12-07")]);
    // Read on 22 November 2026, the other reading lies ahead.
    steady("ahead", 1, &[("", &text("12/11/2026"), "2026-11-12", "2026-12-17")]);
}

#[test]
fn events_of_the_day_are_no_statements_and_bold_sentences_are() {
    let text = |date: &str, until: &str, events: &str| {
        format!(
            "Warrant canary\n\nStatement date: {date}\nValid until: {until}\n\nThis warrant canary is updated every 60 days. If this document has not been updated within 75 days of the statement date above, it should be considered expired.\n\n**As of the statement date, no one who works here has received any of the following:**\n\n1. Secret orders.\n2. Gag orders.\n\nTo prevent backdating, this statement includes current public events:\n\nCurrent international events:\n\n1. {events} talks called off\n2. {events} wins by a mile\n"
        )
    };
    let one = text("19 June 2026", "18 August 2026", "Harbour");
    steady(
        "events",
        3,
        &[
            ("", &one, "2026-06-19", "2026-08-18"),
            ("", &text("15 August 2026", "14 October 2026", "River"), "2026-08-15", "2026-10-14"),
        ],
    );
    assert_eq!(
        change(&one, &one.replace("no one who works here has", "people have")),
        [Code::FactReworded]
    );
}

#[test]
fn requests_to_the_reader_are_talk() {
    steady(
        "requests",
        1,
        &[(
            "2018-02-13",
            "Status: All good\nPeriod: February, 2018\n\nPlease note that the GPG key has been changed. Do not use the old key to contact us, as we have no means to decrypt.\nDon't trust this file: verify its signatures. Never send us your private key.\n",
            "2018-02-13",
            "-",
        )],
    );
}
