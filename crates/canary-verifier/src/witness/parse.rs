//! The grammar of a `tlog-policy` file.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use canary_format::cosigner::Cosigner;
use canary_format::note::{KeyKind, VerifierKey};
use canary_format::refusal::{Refusal, Rule};

use super::{Group, LogKey, Member, PolicyLog, Witness, WitnessPolicy};

/// The greatest size of a policy file, in bytes.
pub const MAX_POLICY: usize = 262_144;

/// The most logs, the most witnesses and the most groups. The specification asks for 32 of each.
const MAX_LINES: usize = 128;

/// A policy as far as it was read.
#[derive(Default)]
struct Reader<'a> {
    quorum: Option<Option<Member>>,
    logs: Vec<PolicyLog>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    names: HashMap<&'a [u8], Member>,
    /// Names that are in a group already.
    grouped: HashSet<&'a [u8]>,
    log_keys: HashSet<Vec<u8>>,
    witness_keys: HashSet<Vec<u8>>,
}

impl WitnessPolicy {
    /// Reads a policy of at most [`MAX_POLICY`] bytes. Names are octets; only keys are text.
    ///
    /// # Errors
    ///
    /// The first rule of `tlog-policy` that is broken, with the line.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() > MAX_POLICY {
            return Err(Refusal::TooLarge { what: "the witness policy", limit: MAX_POLICY });
        }
        let mut reader = Reader::default();
        let mut count = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            count += 1;
            reader.line(line).map_err(|rule| refusal(count, rule))?;
        }
        let quorum = reader.quorum.ok_or_else(|| refusal(count, Rule::Form("a quorum line")))?;
        let Reader { logs, witnesses, groups, .. } = reader;
        Ok(Self { logs, witnesses, groups, quorum })
    }
}

fn refusal(line: usize, rule: Rule) -> Refusal {
    Refusal::malformed(format!("witness policy line {line}"), rule)
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: &'a [u8]) -> Result<(), Rule> {
        let Some((b'\n', line)) = line.split_last() else {
            return Err(Rule::Form("a line feed at the end of the line"));
        };
        if let Some(byte) = line.iter().find(|byte| matches!(byte, 0..=8 | 10..=31 | 127)) {
            return Err(Rule::Character(u32::from(*byte)));
        }
        let items = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|item| !item.is_empty());
        let items: Vec<&[u8]> = items.collect();
        match items[..] {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", vkey] => self.log(vkey, None),
            [b"log", vkey, url] => self.log(vkey, Some(url)),
            [b"witness", name, vkey] => self.witness(name, vkey, None),
            [b"witness", name, vkey, url] => self.witness(name, vkey, Some(url)),
            [b"group", name, threshold, ref members @ ..] => self.group(name, threshold, members),
            [b"quorum", name] => self.quorum(name),
            _ => Err(Rule::Form("log, witness, group or quorum, and what belongs to it")),
        }
    }

    fn log(&mut self, vkey: &[u8], url: Option<&[u8]>) -> Result<(), Rule> {
        let vkey = utf8(vkey)?;
        let (key, bytes) = match (VerifierKey::parse(vkey), Cosigner::parse(vkey)) {
            (Some(key), _) if key.kind() == KeyKind::Note => {
                let bytes = key.key().0.to_vec();
                (LogKey::Note(key), bytes)
            }
            (_, Some(key)) => {
                let bytes = key.key_bytes();
                (LogKey::Cosigner(key), bytes)
            }
            _ => return Err(Rule::Form("a log's verifier key of type 0x01, 0x04 or 0x06")),
        };
        once(&mut self.log_keys, bytes, vkey)?;
        self.logs.push(PolicyLog { key, url: url.and_then(text) });
        at_most(self.logs.len(), "logs")
    }

    fn witness(&mut self, name: &'a [u8], vkey: &[u8], url: Option<&[u8]>) -> Result<(), Rule> {
        let vkey = utf8(vkey)?;
        let key = Cosigner::parse(vkey)
            .ok_or(Rule::Form("a witness's verifier key of type 0x04 or 0x06"))?;
        once(&mut self.witness_keys, key.key_bytes(), vkey)?;
        self.define(name, Member::Witness(self.witnesses.len()))?;
        self.witnesses.push(Witness { key, url: url.and_then(text) });
        at_most(self.witnesses.len(), "witnesses")
    }

    fn group(&mut self, name: &'a [u8], threshold: &[u8], names: &[&'a [u8]]) -> Result<(), Rule> {
        let mut members = Vec::new();
        for name in names {
            members.push(self.defined(name)?);
            once(&mut self.grouped, *name, &String::from_utf8_lossy(name))?;
        }
        let threshold = match threshold {
            b"any" => Some(1),
            b"all" => Some(members.len()),
            digits => decimal(digits),
        };
        let threshold = threshold
            .filter(|threshold| (1..=members.len()).contains(threshold))
            .ok_or(Rule::Form("any, all or a number from 1 to that of the members"))?;
        self.define(name, Member::Group(self.groups.len()))?;
        self.groups.push(Group { threshold, members });
        at_most(self.groups.len(), "groups")
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), Rule> {
        let member = match name {
            b"none" => None,
            name => Some(self.defined(name)?),
        };
        match self.quorum.replace(member) {
            None => Ok(()),
            Some(_) => Err(Rule::Repeated("quorum".to_owned())),
        }
    }

    fn define(&mut self, name: &'a [u8], member: Member) -> Result<(), Rule> {
        let shown = String::from_utf8_lossy(name).into_owned();
        if name == b"none" || self.names.insert(name, member).is_some() {
            return Err(Rule::Repeated(shown));
        }
        Ok(())
    }

    fn defined(&self, name: &[u8]) -> Result<Member, Rule> {
        let member = self.names.get(name).copied();
        member.ok_or(Rule::Form("the name of a witness or group on an earlier line"))
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Rule> {
    std::str::from_utf8(bytes).map_err(|_| Rule::Utf8)
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

fn once<T: Eq + Hash>(seen: &mut HashSet<T>, value: T, shown: &str) -> Result<(), Rule> {
    match seen.insert(value) {
        true => Ok(()),
        false => Err(Rule::Repeated(shown.to_owned())),
    }
}

fn at_most(found: usize, unit: &'static str) -> Result<(), Rule> {
    match found > MAX_LINES {
        true => Err(Rule::Count { min: 0, max: MAX_LINES, found, unit }),
        false => Ok(()),
    }
}

/// Decimal digits without sign or leading zero.
fn decimal(digits: &[u8]) -> Option<usize> {
    let canonical = !digits.starts_with(b"0") && digits.iter().all(u8::is_ascii_digit);
    canonical.then(|| std::str::from_utf8(digits).ok()?.parse().ok())?
}

#[cfg(test)]
mod tests {
    use canary_format::key::PublicKey;
    use canary_format::time::Timestamp;

    use super::*;
    use crate::witness::Quorum;

    fn vkey(n: u8, kind: KeyKind) -> String {
        VerifierKey::new(&format!("w{n}.example"), kind, PublicKey([n; 32])).unwrap().to_string()
    }

    fn witness(name: &str, n: u8) -> String {
        format!("witness {name} {}\n", vkey(n, KeyKind::Cosignature))
    }

    /// The specification's example: two of X, any of Y, both groups.
    fn example() -> String {
        let mut text = format!("log {}\n\n", vkey(100, KeyKind::Note));
        for (n, name) in ["X1", "X2", "X3"].into_iter().enumerate() {
            text += &witness(name, n as u8);
        }
        text += "group X-witnesses 2 X1 X2 X3\n# the others\n";
        for (n, name) in ["Y1", "Y2", "Y3"].into_iter().enumerate() {
            text += &witness(name, 3 + n as u8);
        }
        text + "group Y-witnesses any Y1 Y2 Y3\n\tgroup\tX-and-Y all  X-witnesses Y-witnesses \nquorum X-and-Y\n"
    }

    fn parse(text: &str) -> Result<WitnessPolicy, Refusal> {
        WitnessPolicy::parse(text.as_bytes())
    }

    #[test]
    fn the_example_of_the_specification_is_judged_as_it_says() {
        let policy = parse(&example()).unwrap();
        assert_eq!((policy.logs().len(), policy.witnesses().len()), (1, 6));
        for subset in 0..64_u32 {
            let at =
                |n: u32| (subset >> n & 1 == 1).then(|| Timestamp::from_unix(1_000 + i64::from(n)));
            let met = (subset & 7).count_ones() >= 2 && subset >> 3 != 0;
            let quorum = policy.quorum_at(&(0..6).map(at).collect::<Vec<_>>());
            assert_eq!(quorum.is_met(), met, "{subset:b}");
        }
    }

    #[test]
    fn the_quorum_s_instant_is_one_that_enough_vouch_for() {
        let policy = parse(&example()).unwrap();
        let at = |seconds: i64| Some(Timestamp::from_unix(seconds));
        // X1 alone cannot move the time: X's second newest counts, then the older of X and Y.
        let cosigned = [at(9_999_999), at(20), at(10), None, at(30), None];
        assert_eq!(policy.quorum_at(&cosigned), Quorum::Met(Timestamp::from_unix(20)));
    }

    #[test]
    fn no_quorum_and_single_witnesses_are_policies() {
        let none = parse("quorum none\n").unwrap();
        assert_eq!(none.quorum_at(&[]), Quorum::NotAsked);
        let one = parse(&(witness("none-of-that", 1) + "quorum none-of-that\n")).unwrap();
        assert_eq!(one.quorum_at(&[None]), Quorum::Short);
        let at = Timestamp::from_unix(7);
        assert_eq!(one.quorum_at(&[Some(at)]), Quorum::Met(at));
    }

    #[test]
    fn names_are_octets_and_urls_are_optional() {
        let mut text = b"witness \xff\xfe ".to_vec();
        text.extend_from_slice(vkey(1, KeyKind::Cosignature).as_bytes());
        text.extend_from_slice(b" https://w.example/\nquorum \xff\xfe\n");
        let policy = WitnessPolicy::parse(&text).unwrap();
        assert_eq!(policy.witnesses()[0].url.as_deref(), Some("https://w.example/"));
        let kelvin = format!("witness K {}\nquorum \u{212a}\n", vkey(1, KeyKind::Cosignature));
        assert!(parse(&kelvin).is_err());
    }

    #[test]
    fn what_the_specification_forbids_is_refused_with_its_line() {
        let (a, b) = (witness("a", 1), witness("b", 2));
        let log = |n| format!("log {}\n", vkey(n, KeyKind::Note));
        let renamed = VerifierKey::new("other", KeyKind::Cosignature, PublicKey([1; 32])).unwrap();
        for (text, line) in [
            (String::new(), 0),
            (a.clone(), 1),
            ("quorum none".into(), 1),
            ("quorum none\r\n".into(), 1),
            ("quorum none\nquorum none\n".into(), 2),
            ("quorum a\n".to_owned() + &a, 1),
            (format!("{a}{a}quorum a\n"), 2),
            (format!("{a}witness z {renamed}\nquorum a\n"), 2),
            (format!("{}{}quorum none\n", log(1), log(1)), 2),
            (format!("log {}\nquorum none\n", &log(1)[4..20]), 1),
            (format!("witness a {}\nquorum a\n", vkey(1, KeyKind::Note)), 1),
            (witness("none", 1) + "quorum none\n", 1),
            (format!("{a}{b}group g 0 a b\nquorum g\n"), 3),
            (format!("{a}{b}group g 3 a b\nquorum g\n"), 3),
            (format!("{a}{b}group g 01 a b\nquorum g\n"), 3),
            (format!("{a}{b}group g +1 a b\nquorum g\n"), 3),
            (format!("{a}{b}group g all\nquorum g\n"), 3),
            (format!("{a}{b}group g any a a\nquorum g\n"), 3),
            (format!("{a}{b}group g any a none\nquorum g\n"), 3),
            (format!("{a}{b}group g any a\ngroup h any a b\nquorum h\n"), 4),
            (format!("{a}{b}group a any b\nquorum a\n"), 3),
            (format!("{a}group g any g\nquorum g\n"), 2),
            (format!("{a}quorum a b\n"), 2),
            ("trust none\nquorum none\n".into(), 1),
            ("Quorum none\n".into(), 1),
        ] {
            let refusal = parse(&text).unwrap_err().to_string();
            assert!(
                refusal.starts_with(&format!("witness policy line {line}:")),
                "{refusal}: {text}"
            );
        }
    }

    #[test]
    fn size_and_counts_are_limited() {
        assert!(matches!(
            WitnessPolicy::parse(&vec![b'#'; MAX_POLICY + 1]),
            Err(Refusal::TooLarge { .. })
        ));
        let many = |count: u8| {
            let lines: String = (0..count).map(|n| witness(&format!("n{n}"), n)).collect();
            lines + "quorum none\n"
        };
        assert!(parse(&many(128)).is_ok());
        assert!(parse(&many(129)).is_err());
    }
}
