//! OpenSSH signatures (`ssh-keygen -Y sign`), and the `allowed_signers` file that says whose count.

use ssh_key::{PublicKey, SshSig};

use crate::Timestamp;
use crate::reading::{Outcome, Published, Remark, Signed, Spans};
use crate::trust::{Key, KeyError, Trust};

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
/// The most bytes of one armoured signature.
const MAX_SIGNATURE: usize = 64 << 10;
/// The most signatures read from one text.
const MAX_SIGNATURES: usize = 64;
/// The largest RSA modulus in bytes (8,192 bits), with its sign byte.
const MAX_RSA: usize = 1025;

/// An OpenSSH public key, with the limits of its line in `allowed_signers`.
#[derive(Debug, Clone)]
pub struct SshKey {
    key: PublicKey,
    namespaces: Vec<String>,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl SshKey {
    /// Reads one line of the form `ssh-ed25519 AAAA… comment`.
    ///
    /// # Errors
    /// Where it is no OpenSSH public key, or its RSA modulus is larger than 8,192 bits.
    pub fn read(line: &str) -> Result<Self, KeyError> {
        let damaged = |why: String| KeyError::Damaged { form: "OpenSSH", why };
        let key = PublicKey::from_openssh(line).map_err(|e| damaged(e.to_string()))?;
        if key.key_data().rsa().is_some_and(|rsa| rsa.n.as_bytes().len() > MAX_RSA) {
            return Err(damaged("RSA key larger than 8192 bits".into()));
        }
        Ok(Self { key, namespaces: Vec::new(), after: None, before: None })
    }

    /// Reads an `allowed_signers` file (`ssh-keygen(1)`): the first principal of each line names the person.
    /// Lines of certificate authorities are left out, since nothing here is trusted through another key.
    ///
    /// # Errors
    /// Where a line is not of that form, or no line names a key.
    pub fn allowed_signers(text: &str) -> Result<Vec<(String, Self)>, KeyError> {
        let damaged =
            |why: &str| KeyError::Damaged { form: "allowed_signers", why: why.to_owned() };
        if text.len() > crate::trust::MAX_KEY_FILE {
            return Err(KeyError::TooLarge);
        }
        let mut all = Vec::new();
        for line in
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let (principals, rest) =
                line.split_once([' ', '\t']).ok_or_else(|| damaged("a line without a key"))?;
            let name =
                principals.trim_matches('"').split(',').next().unwrap_or(principals).to_owned();
            let (options, key) = options(rest.trim_start());
            let mut read = Self::read(key)?;
            let mut authority = false;
            for (option, value) in options {
                match option.to_ascii_lowercase().as_str() {
                    "cert-authority" => authority = true,
                    "namespaces" => read.namespaces = value.split(',').map(str::to_owned).collect(),
                    "valid-after" => {
                        read.after =
                            Some(stamp(value).ok_or_else(|| damaged("valid-after is not a time"))?)
                    }
                    "valid-before" => {
                        read.before = Some(
                            stamp(value).ok_or_else(|| damaged("valid-before is not a time"))?,
                        )
                    }
                    _ => return Err(damaged("an option that is not known")),
                }
            }
            if !authority {
                all.push((name, read));
            }
        }
        if all.is_empty() {
            // Nobody to believe is not the same as nobody asked for.
            return Err(damaged("it names no key"));
        }
        Ok(all)
    }
}

/// Options stand before the key type, apart by commas; values may be quoted and then hold commas and spaces.
fn options(text: &str) -> (Vec<(&str, &str)>, &str) {
    if ["ssh-", "ecdsa-", "sk-"].iter().any(|prefix| text.starts_with(prefix)) {
        return (Vec::new(), text);
    }
    let mut quoted = false;
    let end = text
        .find(|c: char| {
            quoted ^= c == '"';
            !quoted && c.is_whitespace()
        })
        .unwrap_or(text.len());
    let mut found = Vec::new();
    let mut start = 0;
    let head = &text[..end];
    for (at, c) in head.char_indices().chain([(head.len(), ',')]) {
        quoted ^= c == '"';
        if c == ',' && !quoted && start <= at {
            let (name, value) = head[start..at].split_once('=').unwrap_or((&head[start..at], ""));
            found.push((name, value.trim_matches('"')));
            start = at + 1;
        }
    }
    (found, text[end..].trim_start())
}

/// `YYYYMMDD[HHMM[SS]][Z]`. Without `Z` it is local time to OpenSSH; here it is read as UTC, as everything is.
fn stamp(text: &str) -> Option<Timestamp> {
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || !matches!(digits.len(), 8 | 12 | 14) {
        return None;
    }
    let part =
        |from: usize, to: usize| digits.get(from..to).map_or(Some(0), |part| part.parse().ok());
    let date =
        chrono::NaiveDate::from_ymd_opt(digits[..4].parse().ok()?, part(4, 6)?, part(6, 8)?)?;
    let time = date.and_hms_opt(part(8, 10)?, part(10, 12)?, part(12, 14)?)?;
    Some(Timestamp::from_unix(time.and_utc().timestamp()))
}

/// Whether a text or a file beside it holds such a signature.
pub(crate) fn recognised(text: &str) -> bool {
    text.contains(BEGIN)
}

/// Checks the OpenSSH signatures of a publication.
pub(crate) fn spans(published: &Published<'_>, trust: &Trust) -> Spans {
    let mut reading = Spans::default();
    let mut signed = Vec::new();
    if published.beside.is_empty() {
        let Ok(text) = std::str::from_utf8(published.body) else {
            reading
                .remarks
                .push(Remark::Malformed("a text with a signature inside is UTF-8".into()));
            return reading;
        };
        let Some(start) = text.find(BEGIN) else {
            reading.remarks.push(Remark::Malformed("no OpenSSH signature in this text".into()));
            return reading;
        };
        let (before, armour) = text.split_at(start);
        let (found, outside) = signatures(armour, &mut reading.remarks);
        if outside {
            reading.remarks.push(Remark::WordsOutside);
        }
        // What was signed is what stands before the block, with or without the line end that parts the two.
        let shorter = before
            .strip_suffix('\n')
            .map(|cut| cut.strip_suffix('\r').unwrap_or(cut))
            .unwrap_or(before);
        for sig in &found {
            let whole = check(sig, before.as_bytes(), published.seen, trust);
            let one = if whole.outcome == Outcome::Bad {
                check(sig, shorter.as_bytes(), published.seen, trust)
            } else {
                whole
            };
            signed.push(one);
        }
        reading.texts.push((before.to_owned(), signed));
        return reading;
    }
    for (name, bytes) in published.beside {
        let Ok(text) = std::str::from_utf8(bytes) else {
            reading.remarks.push(Remark::Malformed(format!("{name} is not text")));
            continue;
        };
        let (found, outside) = signatures(text, &mut reading.remarks);
        if found.is_empty() {
            reading
                .remarks
                .push(Remark::Malformed(format!("no whole OpenSSH signature in {name}")));
        }
        if outside {
            reading.remarks.push(Remark::WordsOutside);
        }
        signed.extend(found.iter().map(|sig| check(sig, published.body, published.seen, trust)));
    }
    let text = String::from_utf8_lossy(published.body).into_owned();
    reading.texts.push((text, signed));
    reading
}

fn signatures(text: &str, remarks: &mut Vec<Remark>) -> (Vec<SshSig>, bool) {
    let (mut found, mut outside) = (Vec::new(), false);
    let mut rest = text;
    while let Some(start) = rest.find(BEGIN) {
        outside |= !rest[..start].trim().is_empty();
        rest = &rest[start..];
        let Some(length) = rest.find(END).map(|at| at + END.len()) else {
            remarks.push(Remark::Malformed("an OpenSSH signature that does not end".into()));
            return (found, outside);
        };
        if length > MAX_SIGNATURE || found.len() == MAX_SIGNATURES {
            remarks.push(Remark::TooLarge("OpenSSH signatures beyond what is read".into()));
            return (found, outside);
        }
        // The library takes one kind of line end only.
        match SshSig::from_pem(rest[..length].replace('\r', "") + "\n") {
            Ok(sig) => found.push(sig),
            Err(why) => remarks.push(Remark::Malformed(format!(
                "an OpenSSH signature that does not decode: {why}"
            ))),
        }
        rest = &rest[length..];
    }
    outside |= !rest.trim().is_empty();
    (found, outside)
}

fn check(sig: &SshSig, text: &[u8], seen: Option<Timestamp>, trust: &Trust) -> Signed {
    let print =
        PublicKey::from(sig.public_key().clone()).fingerprint(ssh_key::HashAlg::Sha256).to_string();
    let mut signed = Signed::unknown(print);
    for (person, key) in trust.keys() {
        let Key::Ssh(key) = key else { continue };
        if key.key.key_data() != sig.public_key() {
            continue;
        }
        signed.person = Some(person.name.clone());
        signed.key_begins = key.after;
        signed.key_expires = key.before;
        let purpose = sig.namespace() == trust.namespace
            && (key.namespaces.is_empty()
                || key.namespaces.iter().any(|pattern| fits(pattern, sig.namespace())));
        signed.outcome = if key.key.verify(sig.namespace(), text, sig).is_err() {
            Outcome::Bad
        } else if !purpose {
            Outcome::OtherPurpose
        } else if seen.zip(key.after).is_some_and(|(seen, after)| seen < after) {
            Outcome::KeyNotValid
        } else if seen.zip(key.before).is_some_and(|(seen, before)| before < seen) {
            Outcome::KeyExpired
        } else {
            Outcome::Good
        };
        if signed.outcome == Outcome::Good {
            break;
        }
    }
    signed
}

/// OpenSSH patterns: `*` stands for anything, `?` for one character. Linear: one star is remembered at a time.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(c) if *c == b'?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((after, from)) => {
                    star = Some((after, from + 1));
                    p = after;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_openssh() {
        for (pattern, text, expected) in [
            ("file", "file", true),
            ("file", "files", false),
            ("*", "", true),
            ("can*", "canary", true),
            ("c?nary", "canary", true),
            ("*@example.com", "a@example.com", true),
            ("a*b*c", "a-b-d", false),
            ("", "x", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn options_may_be_quoted() {
        let (found, rest) =
            options(r#"namespaces="file,git canary",valid-before="20260101Z" ssh-ed25519 AAAA c"#);
        assert_eq!(found, [("namespaces", "file,git canary"), ("valid-before", "20260101Z")]);
        assert_eq!(rest, "ssh-ed25519 AAAA c");
        assert_eq!(
            stamp("20260101").map(|t| t.to_string()).as_deref(),
            Some("2026-01-01T00:00:00Z")
        );
        assert_eq!(
            stamp("202601012359Z").map(|t| t.to_string()).as_deref(),
            Some("2026-01-01T23:59:00Z")
        );
        assert_eq!(stamp("20261301"), None);
    }
}
