//! The issue: the payload that people sign (`format.md` §2).

mod counter;
mod evidence;
mod fact;
mod log;
mod publisher;
mod scope;
mod scope_words;

use std::collections::BTreeSet;

use serde::Serialize;

pub use self::counter::{Counter, CounterValue};
pub use self::evidence::NotBefore;
pub use self::fact::{Fact, LAYERS, Promise, ROLES, Retiring, Scope, Tense};
pub use self::log::{Heartbeat, LogKeys};
pub use self::publisher::{Entity, Localised, Publisher, Service};
pub use self::scope::{ScopeChange, compare_scopes};
pub use self::scope_words::{
    SCOPE_IN_CHINESE, SCOPE_IN_ENGLISH, ScopeWords, TENSE_IN_CHINESE, TENSE_IN_ENGLISH, TenseWords,
    is_simplified_chinese,
};
use crate::checkpoint::is_origin;
use crate::digest::Digest;
use crate::envelope::MAX_PAYLOAD;
use crate::json::{At, parse};
use crate::refusal::{Refusal, Rule};
use crate::roster::Roster;
use crate::time::Timestamp;

/// The value of `type`.
pub const ISSUE_TYPE: &str = "warrant-canary/issue/v1";

/// The greatest `expires − as_of`, in seconds: 400 days.
pub const MAX_LIFE: i64 = 400 * 86_400;

const MAX_SAFE: i64 = (1 << 53) - 1;

/// One issue, parsed: every rule of §2 holds. Its signatures are another matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Issue {
    /// Always [`ISSUE_TYPE`].
    #[serde(rename = "type")]
    pub issue_type: &'static str,
    /// The log's origin line.
    pub origin: String,
    /// The number of this issue, from 1.
    pub number: u64,
    /// The digest of the previous issue's payload; absent exactly when `number` is 1.
    pub previous: Option<Digest>,
    /// The instant that the facts are affirmed for.
    pub as_of: Timestamp,
    /// When the next issue is due.
    pub next_due: Timestamp,
    /// When this issue lapses.
    pub expires: Timestamp,
    /// Who speaks.
    pub publisher: Publisher,
    /// What has not happened.
    pub facts: Vec<Fact>,
    /// Pledges about the future; they never affect a verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promises: Option<Vec<Promise>>,
    /// Transparency numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counters: Option<Vec<Counter>>,
    /// Facts that will no longer be affirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retiring: Option<Vec<Retiring>>,
    /// Who may sign this issue and the next.
    pub roster: Roster,
    /// The keys of the log and of the heartbeat.
    pub log: LogKeys,
    /// Evidence that this payload did not exist before some instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Vec<NotBefore>>,
}

/// What a new issue says; [`Issue::compose`] makes it an [`Issue`] by checking every rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueContent {
    /// As in [`Issue`].
    pub origin: String,
    /// As in [`Issue`].
    pub number: u64,
    /// As in [`Issue`].
    pub previous: Option<Digest>,
    /// As in [`Issue`].
    pub as_of: Timestamp,
    /// As in [`Issue`].
    pub next_due: Timestamp,
    /// As in [`Issue`].
    pub expires: Timestamp,
    /// As in [`Issue`].
    pub publisher: Publisher,
    /// As in [`Issue`].
    pub facts: Vec<Fact>,
    /// As in [`Issue`].
    pub promises: Option<Vec<Promise>>,
    /// As in [`Issue`].
    pub counters: Option<Vec<Counter>>,
    /// As in [`Issue`].
    pub retiring: Option<Vec<Retiring>>,
    /// As in [`Issue`].
    pub roster: Roster,
    /// As in [`Issue`].
    pub log: LogKeys,
    /// As in [`Issue`].
    pub not_before: Option<Vec<NotBefore>>,
}

impl Issue {
    /// Reads a payload of at most 40,960 bytes.
    ///
    /// # Errors
    ///
    /// The first rule of §2 that is broken, and where.
    pub fn parse(payload: &[u8]) -> Result<Self, Refusal> {
        if payload.len() > MAX_PAYLOAD {
            let what = "the payload";
            return Err(Refusal::TooLarge { what, limit: MAX_PAYLOAD });
        }
        let json = parse(payload, "payload")?;
        let issue = Self::read(At::root(&json, "payload"))?;
        issue.check_keys()?;
        Ok(issue)
    }

    /// Checks every rule of §2 on new content and gives the issue with the payload to sign.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, and where.
    pub fn compose(content: IssueContent) -> Result<(Self, Vec<u8>), Refusal> {
        let issue = Self::from(content);
        let payload = issue.encode();
        Ok((Self::parse(&payload)?, payload))
    }

    /// The JSON of this issue, its members in the order of the specification. Only new issues are
    /// written so: what was signed is never encoded again (§3).
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an issue has string keys and integers only")
    }

    /// The fact with this id.
    pub fn fact(&self, id: &str) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.id == id)
    }

    /// The instant from which this issue says that a fact will no longer be affirmed: the first, where it
    /// names several.
    pub fn retires(&self, id: &str) -> Option<Timestamp> {
        let retiring = self.retiring.iter().flatten().filter(|retiring| retiring.id == id);
        retiring.map(|retiring| retiring.after).min()
    }

    fn read(at: At<'_, '_>) -> Result<Self, Refusal> {
        let members = at.object(&[
            "type",
            "origin",
            "number",
            "previous",
            "as_of",
            "next_due",
            "expires",
            "publisher",
            "facts",
            "promises",
            "counters",
            "retiring",
            "roster",
            "log",
            "not_before",
        ])?;
        let issue_type = members.required("type")?;
        if issue_type.string()? != ISSUE_TYPE {
            return issue_type.refuse(Rule::Form("\"warrant-canary/issue/v1\""));
        }
        let origin = members.required("origin")?;
        if !is_origin(origin.string()?) {
            return origin
                .refuse(Rule::Form("1 to 200 bytes of printable ASCII without space or '+'"));
        }
        let number = members.required("number")?.integer(1, MAX_SAFE)?;
        let previous = members.required("previous")?;
        let digest = if previous.is_null() { None } else { Some(previous.digest()?) };
        if (number == 1) != digest.is_none() {
            return previous.refuse(Rule::Relation("previous is null exactly when number is 1"));
        }
        let as_of = members.required("as_of")?.timestamp()?;
        let due = members.required("next_due")?;
        let next_due = due.timestamp()?;
        if next_due <= as_of {
            return due.refuse(Rule::Relation("next_due is not later than as_of"));
        }
        let end = members.required("expires")?;
        let expires = end.timestamp()?;
        if expires < next_due {
            return end.refuse(Rule::Relation("expires is earlier than next_due"));
        }
        if expires.since(as_of) > MAX_LIFE {
            return end.refuse(Rule::Relation("expires is more than 400 days after as_of"));
        }
        let publisher = Publisher::read(members.required("publisher")?)?;
        let facts = members.required("facts")?;
        let list = facts.list(0, 64, |fact| Fact::read(fact, &publisher))?;
        let mut ids = BTreeSet::new();
        if let Some(twice) = list.iter().find(|fact| !ids.insert(&fact.id)) {
            return facts.refuse(Rule::Repeated(twice.id.clone()));
        }
        let promises = members.optional("promises");
        let counters = members.optional("counters");
        let retiring = members.optional("retiring");
        let not_before = members.optional("not_before");
        Ok(Self {
            issue_type: ISSUE_TYPE,
            origin: origin.string()?.to_owned(),
            number: number.unsigned_abs(),
            previous: digest,
            as_of,
            next_due,
            expires,
            promises: promises
                .map(|l| l.list(0, 32, |p| Promise::read(p, &publisher)))
                .transpose()?,
            counters: counters
                .map(|l| l.list(0, 32, |c| Counter::read(c, &publisher)))
                .transpose()?,
            retiring: retiring.map(|l| l.list(0, 64, Retiring::read)).transpose()?,
            roster: Roster::read(members.required("roster")?)?,
            log: LogKeys::read(members.required("log")?, origin.string()?)?,
            not_before: not_before.map(|l| l.list(0, 16, NotBefore::read)).transpose()?,
            publisher,
            facts: list,
        })
    }

    /// No public key occurs twice among people's and machines' keys.
    fn check_keys(&self) -> Result<(), Refusal> {
        let people = self.roster.signers.iter().flat_map(|signer| &signer.keys).copied();
        let heartbeat = self.log.heartbeat.iter().map(|heartbeat| heartbeat.key.key());
        let mut seen = BTreeSet::new();
        for key in people.chain([self.log.key.key()]).chain(heartbeat) {
            if !seen.insert(key) {
                let twice = Rule::Repeated(key.fingerprint().to_string());
                return Err(Refusal::malformed("payload keys", twice));
            }
        }
        Ok(())
    }
}

impl From<IssueContent> for Issue {
    fn from(content: IssueContent) -> Self {
        Self {
            issue_type: ISSUE_TYPE,
            origin: content.origin,
            number: content.number,
            previous: content.previous,
            as_of: content.as_of,
            next_due: content.next_due,
            expires: content.expires,
            publisher: content.publisher,
            facts: content.facts,
            promises: content.promises,
            counters: content.counters,
            retiring: content.retiring,
            roster: content.roster,
            log: content.log,
            not_before: content.not_before,
        }
    }
}

impl At<'_, '_> {
    fn digest(&self) -> Result<Digest, Refusal> {
        Digest::parse(self.string()?)
            .map_or_else(|| self.refuse(Rule::Form("sha256: and 64 lowercase hex digits")), Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An issue with every member.
    pub(crate) const WHOLE: &str = r#"{"type":"warrant-canary/issue/v1","origin":"example.com/canary","number":2,"previous":"sha256:e969ab2a7a73a6cd8049f684aedd394ffc6ba0af835feeb5b0fd87606712e869","as_of":"2026-03-01T09:00:00Z","next_due":"2026-04-01T09:00:00Z","expires":"2026-04-08T09:00:00Z","publisher":{"name":"Example","languages":["en","zh-Hans"],"canonical_url":"https://example.com/.well-known/canary/","mirrors":["https://mirror.example/canary/"],"contact":"mailto:canary@example.com","services":[{"id":"cdn","name":"CDN","model":"paas"}],"entities":[{"id":"example","name":"Example GmbH","jurisdiction":"DE"}]},"facts":[{"id":"keys.own","text":{"en":"No key was given away.\nNone.","zh-Hans":"没有交出密钥。"},"tense":"since","since":"2020-01-01","scope":{"entities":["example"],"services":["cdn"],"roles":["processor"],"layers":["iam","data.storage"],"jurisdictions":["all"],"excludes":["the test network"]},"supersedes":"keys.all"}],"promises":[{"id":"commitment.contest","text":{"en":"We will contest it.","zh-Hans":"我们将提出异议。"}}],"counters":[{"id":"orders","text":{"en":"Orders","zh-Hans":"命令"},"from":"2025-01-01","to":"2025-12-31","value":{"exact":28}},{"id":"requests","text":{"en":"Requests","zh-Hans":"请求"},"from":"2025-01-01","to":"2025-12-31","value":{"band":[0,249]}}],"retiring":[{"id":"keys.own","after":"2026-05-01T00:00:00Z"}],"roster":{"threshold":2,"signers":[{"name":"Ada","role":"officer","jurisdiction":"DE","keys":["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIENiFXsSd2iOwjNBM9C0l8LaQ7/ybQyJIXfLS1M+Gjaa"]},{"name":"Bo","role":"officer","jurisdiction":"SE","keys":["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC7jU65T+Y6UWCskXFKyE2xHMHwtoytp1xYSoVKnhMC7"]}],"min_jurisdictions":2},"log":{"key":"canary.holdout.example/main+bc31a13e+AcrYYqctRraGC4NWshX4Irkj3DzoMjVNfWrF1DmQNb4V"},"not_before":[{"kind":"drand","chain":"52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971","round":1000,"signature":"b446"}]}"#;

    fn whole() -> String {
        WHOLE.replace(
            "\"origin\":\"example.com/canary\"",
            "\"origin\":\"canary.holdout.example/main\"",
        )
    }

    #[test]
    fn an_issue_with_every_member_is_encoded_as_it_was_read() {
        let issue = Issue::parse(whole().as_bytes()).unwrap();
        assert_eq!(String::from_utf8(issue.encode()).unwrap(), whole());
        assert_eq!(issue.retires("keys.own"), Timestamp::parse("2026-05-01T00:00:00Z"));
    }

    #[test]
    fn each_broken_rule_is_refused_with_its_place() {
        for (from, to, place) in [
            ("issue/v1", "issue/v2", "payload.type:"),
            ("\"number\":2", "\"number\":1", "payload.previous:"),
            ("\"number\":2", "\"number\":0", "payload.number:"),
            ("\"number\":2", "\"number\":2.0", "payload line 1"),
            ("e969ab", "E969AB", "payload.previous:"),
            ("04-01T09", "03-01T09", "payload.next_due:"),
            ("04-08T09", "03-31T09", "payload.expires:"),
            ("2026-04-08", "2027-04-08", "payload.expires:"),
            ("\"en\",\"zh-Hans\"]", "\"en\",\"en\"]", "payload.publisher.languages:"),
            ("\"en\",\"zh-Hans\"]", "\"en\"]", "payload.facts[0].text:"),
            ("\"en\",\"zh-Hans\"]", "\"en\",\"zh-Hans\",\"de\"]", "payload.facts[0].text:"),
            ("mailto:", "tel:", "payload.publisher.contact:"),
            ("canary/\",\"mirrors", "canary\",\"mirrors", "payload.publisher.canonical_url:"),
            ("paas", "faas", "payload.publisher.services[0].model:"),
            ("\"DE\"}]}", "\"de\"}]}", "payload.publisher.entities[0].jurisdiction:"),
            ("\"keys.own\",\"text", "\"keys..own\",\"text", "payload.facts[0].id:"),
            ("\"tense\":\"since\"", "\"tense\":\"never\"", "payload.facts[0].since:"),
            ("\"since\":\"2020-01-01\",", "", "payload.facts[0]:"),
            ("2020-01-01", "2020-02-30", "payload.facts[0].since:"),
            ("[\"example\"]", "[]", "payload.facts[0].scope.entities:"),
            ("[\"example\"]", "[\"other\"]", "payload.facts[0].scope.entities[0]:"),
            ("[\"cdn\"]", "[\"all\",\"cdn\"]", "payload.facts[0].scope.services:"),
            ("\"processor\"", "\"vendor\"", "payload.facts[0].scope.roles[0]:"),
            ("\"data.storage\"", "\"data\"", "payload.facts[0].scope.layers[1]:"),
            ("[\"the test network\"]", "[\"\"]", "payload.facts[0].scope.excludes[0]:"),
            ("given away.\\nNone", "given\\taway", "payload.facts[0].text.en:"),
            ("\"Example\"", "\"Exa\\nmple\"", "payload.publisher.name:"),
            ("\"Example\"", "\"\"", "payload.publisher.name:"),
            ("{\"exact\":28}", "{\"exact\":-1}", "payload.counters[0].value.exact:"),
            ("{\"exact\":28}", "{\"exact\":28,\"band\":[0,1]}", "payload.counters[0].value:"),
            ("[0,249]", "[249,249]", "payload.counters[1].value.band:"),
            ("\"threshold\":2", "\"threshold\":3", "payload.roster.threshold:"),
            (
                "\"min_jurisdictions\":2",
                "\"min_jurisdictions\":3",
                "payload.roster.min_jurisdictions:",
            ),
            ("\"Bo\"", "\"Ada\"", "payload.roster.signers:"),
            ("Gjaa\"", "Gjaa comment\"", "payload.roster.signers[0].keys[0]:"),
            ("bc31a13e", "bc31a13f", "payload.log.key:"),
            ("\"drand\"", "\"other\"", "payload.not_before[0].kind:"),
            ("\"b446\"", "\"b44\"", "payload.not_before[0].signature:"),
            ("\"log\":", "\"status\":\"ok\",\"log\":", "payload:"),
            ("\"log\":", "\"facts\":[],\"log\":", "payload line 1"),
            ("\"round\":1000", "\"round\":1000,\"reason\":\"\"", "payload.not_before[0]:"),
        ] {
            let changed = whole().replacen(from, to, 1);
            assert_ne!(changed, whole(), "{from}");
            match Issue::parse(changed.as_bytes()) {
                Err(refusal) => {
                    assert!(refusal.to_string().starts_with(place), "{from} → {to} gave {refusal}");
                }
                Ok(_) => panic!("{from} → {to} was read"),
            }
        }
    }

    #[test]
    fn no_key_occurs_twice() {
        let log = "rYYqctRraGC4NWshX4Irkj3DzoMjVNfWrF1DmQNb4V";
        let twice =
            whole().replace("IC7jU65T+Y6UWCskXFKyE2xHMHwtoytp1xYSoVKnhMC7", &format!("IM{log}"));
        let refusal = Issue::parse(twice.as_bytes()).unwrap_err();
        assert!(
            refusal.to_string().starts_with("payload keys: occurs twice: SHA256:"),
            "{refusal}"
        );
    }
}
