//! `canary watch` on canaries of other formats.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod build;
#[path = "monitor/live.rs"]
mod live;
mod monitor;
mod server;
#[path = "monitor/texts.rs"]
mod texts;

use live::DAY;
use monitor::{Operator, Pages, codes, have, now};
use serde_json::Value;
use texts::{FACTS, Signed, text};

#[test]
fn a_signed_text_with_its_signature_beside_it_is_watched() {
    if !have("ssh-keygen", "openssh-client") {
        return;
    }
    let signed = Signed::new();
    signed.configure("[defaults]\nmissing_after = \"0s\"\nconfirm_checks = 1\n", "");
    let Signed { operator, pages, .. } = &signed;
    let publish = |words: &str| signed.publish(words);
    let today = now();
    let old = text(today.plus(-20 * DAY), today.plus(10 * DAY), &FACTS);
    publish(&old);
    let line = operator.once().remove("signed").unwrap();
    assert_eq!((line["state"].as_str(), line["severity"].as_str()), (Some("LIVE"), Some("alive")));
    assert_eq!(line["issue"], 1);

    // One fact is gone, and it is signed: told at the first look.
    publish(&text(today.plus(-DAY), today.plus(29 * DAY), &FACTS[..1]));
    let line = operator.once().remove("signed").unwrap();
    assert_eq!((line["state"].as_str(), line["issue"].as_u64()), (Some("LIVE"), Some(2)));
    assert_eq!(codes(&line), ["FACT_ABSENT"]);

    // The older text with its own good signature.
    publish(&old);
    let line = operator.once().remove("signed").unwrap();
    assert_eq!(codes(&line), ["FACT_ABSENT", "ROLLBACK"]);

    // Words that nobody signed, under a signature of others.
    pages.set("/canary.txt", text(today, today.plus(30 * DAY), &FACTS));
    let line = operator.once().remove("signed").unwrap();
    assert_eq!(line["state"], "UNVERIFIED");
    assert!(codes(&line).contains(&"BAD_SIGNATURE"), "{line}");

    // The signature is not there any more.
    pages.remove("/canary.txt.sig");
    let line = operator.once().remove("signed").unwrap();
    assert!(codes(&line).contains(&"MISSING"), "{line}");
    assert!(line["open"].to_string().contains("canary.txt.sig"));
}

#[test]
fn an_upload_under_way_is_no_forged_signature() {
    if !have("ssh-keygen", "openssh-client") {
        return;
    }
    let signed = Signed::new();
    signed.configure("", "");
    let Signed { operator, pages, .. } = &signed;
    let today = now();
    let (old, new) = (
        text(today.plus(-20 * DAY), today.plus(10 * DAY), &FACTS),
        text(today.plus(-DAY), today.plus(29 * DAY), &FACTS),
    );
    signed.publish(&old);
    assert_eq!(codes(&operator.once()["signed"]), Vec::<&str>::new());
    pages.set("/canary.txt", new.clone());
    assert_eq!(codes(&operator.once()["signed"]), Vec::<&str>::new(), "it waits to be confirmed");
    signed.publish(&new);
    let line = operator.once().remove("signed").unwrap();
    assert_eq!((codes(&line).len(), line["issue"].as_u64()), (0, Some(2)));
}

#[test]
fn a_page_without_signatures_is_watched_for_dates_and_wording() {
    let pages = Pages::default();
    let server = pages.serve();
    let config = |more: &str| {
        format!(
            "[defaults]\n{more}[[target]]\nname = \"page\"\nurl = \"{0}page.html\"\ndialect = \"plain\"\n\
             [[target]]\nname = \"daily\"\nurl = \"{0}daily.txt\"\ncadence = \"daily+1d\"\n",
            server.url()
        )
    };
    let operator = Operator::new(&config(""));
    let today = now();
    let page = |facts: &[&str], frame: u32| {
        let words = text(today.plus(-2 * DAY), today.plus(5 * DAY), facts).replace('\n', "<br>\n");
        format!("<html><body data-frame=\"{frame}\"><p>{words}</p></body></html>")
    };
    pages.set("/page.html", page(&FACTS, 1));
    // The words promise another month; the user says daily.
    pages.set("/daily.txt", text(today.plus(-10 * DAY), today.plus(20 * DAY), &FACTS));
    let lines = operator.once();
    assert_eq!(codes(&lines["page"]), ["UNSIGNED"]);
    assert_eq!(lines["page"]["state"], "LIVE");
    assert_eq!(lines["daily"]["state"], "LAPSED");
    assert_eq!(codes(&lines["daily"]), ["LAPSED", "UNSIGNED"]);

    // Another frame around the same words is the same canary.
    pages.set("/page.html", page(&FACTS, 2));
    let lines = operator.once();
    assert_eq!(
        (codes(&lines["page"]), &lines["page"]["issue"]),
        (vec!["UNSIGNED"], &Value::from(1))
    );

    // A page that says none of it may be an error page: it waits.
    pages.set("/page.html", "<html><body>Please try again later.</body></html>");
    assert_eq!(codes(&operator.once()["page"]), ["UNSIGNED"]);
    operator.configure(&config("confirm_checks = 1\nmissing_after = \"0s\"\n"));
    let lines = operator.once();
    assert_eq!(codes(&lines["page"]), ["MALFORMED", "UNSIGNED"]);
    // That it was away makes nothing older of the page.
    pages.set("/page.html", page(&FACTS, 3));
    operator.once();
    let lines = operator.once();
    assert_eq!(
        (codes(&lines["page"]), &lines["page"]["state"]),
        (vec!["UNSIGNED"], &"LIVE".into())
    );
}

#[test]
fn a_dialect_once_recognised_stays() {
    if !have("ssh-keygen", "openssh-client") {
        return;
    }
    let signed = Signed::new();
    let Signed { operator, pages, server } = &signed;
    operator.configure(&format!(
        "[defaults]\nconfirm_checks = 1\nmissing_after = \"0s\"\n\
         [[target]]\nname = \"it\"\nurl = \"{0}canary.txt\"\nkeys = {{ alice = \"key.pub\" }}\n",
        server.url()
    ));
    let today = now();
    let words = text(today.plus(-DAY), today.plus(29 * DAY), &FACTS);
    let signature = String::from_utf8(signed.signature(&words)).unwrap();
    pages.set("/canary.txt", format!("{words}{signature}"));
    let line = operator.once().remove("it").unwrap();
    assert_eq!((line["state"].as_str(), codes(&line).len()), (Some("LIVE"), 0), "{line}");
    // Without a signature it is not taken for a page that has none.
    pages.set("/canary.txt", words);
    let line = operator.once().remove("it").unwrap();
    assert_eq!((line["state"].as_str(), &line["severity"]), (Some("UNVERIFIED"), &"alarm".into()));
    assert!(!codes(&line).contains(&"UNSIGNED"), "{line}");
}
