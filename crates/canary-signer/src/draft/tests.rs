use super::*;
use crate::fixture::{content, key, sign};

#[test]
fn a_draft_reads_back_and_becomes_an_envelope_with_a_quorum() {
    let mut draft = Draft::new(content(), None).unwrap();
    assert!(matches!(draft.to_envelope(), Err(EnvelopeError::QuorumShort(_))));
    draft.add(sign(&draft, 1)).unwrap();
    assert_eq!(draft.add(sign(&draft, 1)), Err(SignatureError::Repeated(keyid(1))));
    assert_eq!(draft.add(sign(&draft, 9)), Err(SignatureError::NotInRoster(keyid(9))));
    let waiting: Vec<_> = draft.standing()[0].waiting.iter().map(|s| s.name.clone()).collect();
    assert_eq!(waiting, ["Bo", "Chen"]);
    draft.add_bare(sign(&draft, 2).signature).unwrap();
    assert_eq!(Draft::parse(&draft.encode()).unwrap(), draft);
    let envelope = draft.to_envelope().unwrap();
    assert_eq!(envelope.payload(), draft.payload());
    assert_eq!(envelope.signatures().len(), 2);
}

#[test]
fn two_keys_of_one_person_are_no_quorum() {
    let mut draft = Draft::new(content(), None).unwrap();
    draft.add(sign(&draft, 2)).unwrap();
    draft.add(sign(&draft, 22)).unwrap();
    let Err(EnvelopeError::QuorumShort(count)) = draft.to_envelope() else {
        panic!("one person is no quorum of two");
    };
    assert_eq!((count.persons, count.threshold), (1, 2));
}

#[test]
fn a_new_roster_needs_both_quorums() {
    let mut first = Draft::new(content(), None).unwrap();
    first.add(sign(&first, 1)).unwrap();
    first.add(sign(&first, 2)).unwrap();
    let envelope = first.to_envelope().unwrap();
    let mut next = follower(&envelope);
    next.roster.signers[0].keys = vec![key(4).public()];
    let mut draft = Draft::new(next, Some(&envelope)).unwrap();
    draft.add(sign(&draft, 2)).unwrap();
    draft.add(sign(&draft, 4)).unwrap();
    assert!(draft.to_envelope().is_err(), "the old roster saw one person only");
    draft.add(sign(&draft, 1)).unwrap();
    assert_eq!(draft.to_envelope().unwrap().signatures().len(), 3);
}

#[test]
fn what_does_not_follow_the_previous_issue_is_refused() {
    let mut first = Draft::new(content(), None).unwrap();
    first.add(sign(&first, 1)).unwrap();
    first.add(sign(&first, 2)).unwrap();
    let envelope = first.to_envelope().unwrap();
    let next = follower(&envelope);
    assert!(Draft::new(next.clone(), None).is_err());
    assert!(Draft::new(content(), Some(&envelope)).is_err());
    let same = IssueContent { as_of: content().as_of, ..next.clone() };
    assert!(matches!(Draft::new(same, Some(&envelope)), Err(DraftError::AsOf)));
    let far = IssueContent { number: 3, ..next };
    assert!(matches!(Draft::new(far, Some(&envelope)), Err(DraftError::Previous)));
}

#[test]
fn a_damaged_draft_is_refused() {
    let mut draft = Draft::new(content(), None).unwrap();
    draft.add(sign(&draft, 1)).unwrap();
    let text = String::from_utf8(draft.encode()).unwrap();
    for (from, to) in [
        ("\"draft\": \"warrant-canary/draft/v1\"", "\"draft\": \"v2\""),
        ("\"payload\"", "\"remark\": \"\",\n  \"payload\""),
        ("\"payload\"", "\"draft\": \"warrant-canary/draft/v1\",\n  \"payload\""),
        ("keys.own", "keys.mine"),
        ("SHA256:", "SHA256:A"),
        ("\"signatures\"", "\"previous_payload\": \"{}\",\n  \"signatures\""),
        ("}\n", "} x\n"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        assert!(Draft::parse(changed.as_bytes()).is_err(), "{changed}");
    }
    assert!(Draft::parse(&text.as_bytes()[..text.len() / 2]).is_err());
    assert!(matches!(Draft::parse(&vec![b' '; 1 << 21]), Err(DraftError::TooLarge)));
}

#[test]
fn leaving_a_fact_out_before_anyone_signed_leaves_no_trace() {
    let draft = Draft::new(content(), None).unwrap();
    let without = draft.without(&["keys.own".to_owned()].into()).unwrap();
    let mut never_there = content();
    never_there.facts.remove(0);
    assert_eq!(without.encode(), Draft::new(never_there, None).unwrap().encode());
    assert_eq!(draft.without(&BTreeSet::new()).unwrap(), draft);
}

#[test]
fn what_the_first_signature_was_over_is_kept_until_published() {
    let mut draft = Draft::new(content(), None).unwrap();
    draft.add(sign(&draft, 1)).unwrap();
    let mut without = draft.without(&["keys.own".to_owned()].into()).unwrap();
    assert_eq!(without.first_signed(), Some(draft.issue()));
    assert!(without.signatures().is_empty());
    without.add(sign(&without, 2)).unwrap();
    without.add(sign(&without, 1)).unwrap();
    assert_eq!(Draft::parse(&without.encode()).unwrap(), without);
    let envelope = without.to_envelope().unwrap();
    assert!(!String::from_utf8_lossy(envelope.payload()).contains("keys.own"));
}

#[test]
fn copies_signed_apart_are_merged() {
    let base = Draft::new(content(), None).unwrap();
    let (mut one, mut other) = (base.clone(), base.clone());
    one.add(sign(&base, 1)).unwrap();
    other.add(sign(&base, 2)).unwrap();
    assert_eq!(one.merge(&other), Some(1));
    assert_eq!(one.merge(&other), Some(0));
    assert!(one.to_envelope().is_ok());
    let without = base.without(&["keys.own".to_owned()].into()).unwrap();
    assert_eq!(one.merge(&without), None);
}

fn keyid(seed: u8) -> Fingerprint {
    key(seed).public().fingerprint()
}

fn follower(envelope: &Envelope) -> IssueContent {
    let first = content();
    IssueContent {
        number: 2,
        previous: Some(envelope.digest()),
        as_of: first.next_due,
        next_due: first.next_due.plus(86_400),
        expires: first.next_due.plus(86_400),
        ..first
    }
}
