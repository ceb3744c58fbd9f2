use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::fixture::{content, fact, key, sign};

/// A person who was asked what to answer beforehand, and keeps all that was shown.
struct Scripted {
    choices: VecDeque<Choice>,
    line: &'static str,
    shown: String,
}

impl Person for Scripted {
    fn show(&mut self, text: &str) -> io::Result<()> {
        self.shown.push_str(text);
        Ok(())
    }

    fn choose(&mut self) -> io::Result<Choice> {
        self.choices.pop_front().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn line(&mut self, _: &str) -> io::Result<String> {
        Ok(self.line.to_owned())
    }
}

fn person(choices: &[Choice]) -> Scripted {
    Scripted { choices: choices.iter().copied().collect(), line: "sign 1", shown: String::new() }
}

fn now() -> Timestamp {
    content().as_of.plus(60)
}

fn keyid(seed: u8) -> Fingerprint {
    key(seed).public().fingerprint()
}

fn held(draft: &Draft, seed: u8, person: &mut Scripted) -> Outcome {
    hold(draft, keyid(seed), &Past::default(), now(), person).unwrap()
}

fn affirmed(outcome: Outcome) -> Draft {
    match outcome {
        Outcome::Affirmed(draft) => *draft,
        Outcome::Stopped => panic!("the person affirmed"),
    }
}

use Choice::{Affirm, LeaveOut, Stop};

#[test]
fn every_fact_is_shown_in_every_language_with_its_scope() {
    let draft = Draft::new(content(), None).unwrap();
    let mut person = person(&[Affirm, Affirm]);
    assert_eq!(affirmed(held(&draft, 1, &mut person)), draft);
    for fact in &draft.issue().facts {
        for (_, text) in fact.text.iter() {
            assert!(person.shown.contains(text));
        }
    }
    for words in [
        "Ada, officer, DE",
        "2026-03-31T09:00:00Z",
        "all our entities",
        "CDN (paas)",
        "network control, data transfer",
        "网络控制, 数据传输",
        "We will contest it.",
        "2 persons of 3, from 2 jurisdictions",
        "affirms 2 facts",
        "Never, up to the date affirmed.",
        "截至确认之日，从未。",
    ] {
        assert!(person.shown.contains(words), "{words}: {}", person.shown);
    }
}

#[test]
fn nothing_is_signed_unless_the_person_says_so_at_the_end() {
    let draft = Draft::new(content(), None).unwrap();
    for line in ["", "y", "yes", "sign", "sign 2", "SIGN 1"] {
        let mut person = Scripted { line, ..person(&[Affirm, Affirm]) };
        assert_eq!(held(&draft, 1, &mut person), Outcome::Stopped, "{line}");
    }
    assert_eq!(held(&draft, 1, &mut person(&[Affirm, Stop])), Outcome::Stopped);
    let gone = hold(&draft, keyid(1), &Past::default(), now(), &mut person(&[Affirm]));
    assert!(matches!(gone, Err(CeremonyError::Terminal(_))));
}

#[test]
fn keys_and_instants_that_do_not_fit_are_refused() {
    let mut draft = Draft::new(content(), None).unwrap();
    let check = |draft: &Draft, seed, now| super::check(draft, keyid(seed), now);
    assert!(matches!(check(&draft, 9, now()), Err(CeremonyError::NotInRoster(_))));
    // The log's key can sign no issue.
    assert!(matches!(check(&draft, 100, now()), Err(CeremonyError::NotInRoster(_))));
    let early = content().as_of.plus(-601);
    assert!(matches!(check(&draft, 1, early), Err(CeremonyError::Future(_))));
    let late = content().expires;
    assert!(matches!(check(&draft, 1, late), Err(CeremonyError::Expired(_))));
    draft.add(sign(&draft, 1)).unwrap();
    assert!(matches!(check(&draft, 1, now()), Err(CeremonyError::Signed(_))));
}

#[test]
fn the_second_signer_sees_what_changed_since_the_first_signature() {
    let mut draft = Draft::new(content(), None).unwrap();
    draft.add(sign(&draft, 1)).unwrap();
    let mut second = person(&[LeaveOut, Affirm]);
    let mut without = affirmed(held(&draft, 2, &mut second));
    assert!(second.shown.contains("Changes since the first signature:\n  none"));
    assert!(second.shown.contains("sign again: Ada"));
    without.add(sign(&without, 2)).unwrap();
    let mut first_again = person(&[Affirm]);
    assert_eq!(affirmed(held(&without, 1, &mut first_again)), without);
    let told = "over an earlier draft:\n  fact keys.own: not here any more";
    assert!(first_again.shown.contains(told), "{}", first_again.shown);
}

#[test]
fn words_in_another_language_are_not_those_of_the_issue_before() {
    let mut first = Draft::new(content(), None).unwrap();
    [1, 2].into_iter().for_each(|seed| first.add(sign(&first, seed)).unwrap());
    let mut after = content();
    (after.number, after.as_of) = (2, after.as_of.plus(86_400));
    after.previous = Some(first.to_envelope().unwrap().digest());
    after.publisher.languages.push("fr".into());
    after.promises = None;
    for (fact, words) in after.facts.iter_mut().zip(["Tout autre chose.", "Encore autre chose."]) {
        fact.text.0.push(("fr".into(), words.into()));
    }
    let draft = Draft::new(after, first.to_envelope().ok().as_ref()).unwrap();
    let past = Past::of(draft.issue(), [Ok::<_, ()>(first.issue().clone())]).unwrap();
    let mut person = Scripted { line: "sign 2", ..person(&[Affirm, Affirm]) };
    hold(&draft, keyid(1), &past, draft.issue().as_of, &mut person).unwrap();
    let shown = &person.shown;
    assert!(shown.contains("keys.own  (words added in fr since issue 1)"), "{shown}");
    assert!(shown.contains("  fact net.no-feed: words added in fr\n"), "{shown}");
    assert!(!shown.contains("(as in"), "{shown}");
}

#[test]
fn no_cause_is_named_or_asked_for() {
    let draft = Draft::new(content(), None).unwrap();
    let (mut all, mut one) = (person(&[Affirm, Affirm]), person(&[Affirm, LeaveOut]));
    held(&draft, 1, &mut all);
    held(&draft, 1, &mut one);
    let extra: Vec<&str> = one.shown.lines().filter(|line| !all.shown.contains(*line)).collect();
    assert_eq!(extra, ["Issue 1 affirms 1 fact:"]);
    for word in ["reason", "why", "order", "warrant", "gag", "compromise", "duress"] {
        assert!(!one.shown.to_lowercase().contains(word), "{word}");
    }
}

proptest! {
    /// Leaving some of n facts out gives the others and no other difference.
    #[test]
    fn leaving_facts_out_changes_nothing_else(
        choices in prop::collection::vec(prop::bool::ANY, 1..12),
        signed in prop::bool::ANY,
    ) {
        let mut content = content();
        content.facts = (0..choices.len())
            .map(|n| fact(&format!("fact.n{n}"), &format!("Sentence {n}."), "没有。"))
            .collect();
        content.retiring = None;
        let mut draft = Draft::new(content.clone(), None).unwrap();
        if signed {
            draft.add(sign(&draft, 1)).unwrap();
        }
        let answers: Vec<Choice> =
            choices.iter().map(|kept| if *kept { Affirm } else { LeaveOut }).collect();
        let after = affirmed(held(&draft, 2, &mut person(&answers)));
        let mut kept = choices.iter();
        content.facts.retain(|_| *kept.next().unwrap());
        // Every byte that will be signed is that of a draft which never held the others.
        let never_there = Draft::new(content, None).unwrap();
        prop_assert_eq!(after.payload(), never_there.payload());
        let all_kept = choices.iter().all(|kept| *kept);
        prop_assert_eq!(after.signatures().len(), usize::from(signed && all_kept));
        if !signed {
            prop_assert_eq!(after.encode(), never_there.encode());
        }
    }
}
