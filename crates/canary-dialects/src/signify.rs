//! signify and minisign: Ed25519 under keys that carry a number, detached or standing in the text itself.
//!
//! The two share the form of keys and of the first two lines of a signature; minisign adds a comment that is
//! signed too, and by default signs a BLAKE2b digest of the text instead of the text.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blake2::{Blake2b512, Digest};
use ed25519_dalek::{Signature, VerifyingKey};

use crate::Timestamp;
use crate::reading::{Kind, Outcome, Published, Remark, Signed, Spans};
use crate::trust::{Key, KeyError, Trust};

const UNTRUSTED: &str = "untrusted comment:";
const TRUSTED: &str = "trusted comment: ";
/// The most signatures read from one text.
const MAX_SIGNATURES: usize = 64;

/// A public key with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedKey {
    number: [u8; 8],
    key: VerifyingKey,
}

impl NumberedKey {
    /// Reads the file that `signify -G` or `minisign -G` writes, or its base64 line alone.
    ///
    /// # Errors
    /// Where the line is not 42 bytes in base64, of algorithm `Ed`.
    pub fn read(text: &str) -> Result<Self, KeyError> {
        let damaged =
            |why: &str| KeyError::Damaged { form: "signify or minisign", why: why.to_owned() };
        let line = text
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with(UNTRUSTED))
            .ok_or_else(|| damaged("no key line"))?;
        let bytes = STANDARD.decode(line).map_err(|_| damaged("not base64"))?;
        let bytes: &[u8; 42] = bytes.as_slice().try_into().map_err(|_| damaged("not 42 bytes"))?;
        if &bytes[..2] != b"Ed" {
            return Err(damaged("another algorithm than Ed25519"));
        }
        let number = bytes[2..10].try_into().expect("eight of 42 bytes");
        let key =
            VerifyingKey::from_bytes(bytes[10..].try_into().expect("the last 32 of 42 bytes"))
                .map_err(|_| damaged("not a point of the curve"))?;
        Ok(Self { number, key })
    }
}

/// The lines of one signature, where they stand in the text.
struct Lines {
    at: Range<usize>,
    hashed: bool,
    number: [u8; 8],
    signature: Signature,
    comment: Option<(String, Signature)>,
}

/// Whether a text or a file beside it holds such a signature, and of which of the two kinds the first one is.
pub(crate) fn recognised(text: &str) -> Option<Kind> {
    let first = lines(text).ok()?.into_iter().next()?;
    Some(if first.comment.is_some() { Kind::Minisign } else { Kind::Signify })
}

/// Checks the signatures of a publication as signify or minisign.
pub(crate) fn spans(kind: Kind, published: &Published<'_>, trust: &Trust) -> Spans {
    let mut reading = Spans::default();
    if published.beside.is_empty() {
        embedded(kind, published, trust, &mut reading);
        return reading;
    }
    let mut signed = Vec::new();
    for (name, bytes) in published.beside {
        match std::str::from_utf8(bytes).map_err(|_| "not text").and_then(lines) {
            Ok(found) => {
                let end = found.iter().map(|lines| lines.at.len()).sum::<usize>();
                if bytes.len() > end
                    && bytes[found.last().map_or(0, |last| last.at.end)..]
                        .iter()
                        .any(|b| !b.is_ascii_whitespace())
                {
                    reading.remarks.push(Remark::WordsOutside);
                }
                signed.extend(found.iter().map(|lines| check(kind, lines, published.body, trust)));
            }
            Err(why) => reading.remarks.push(Remark::Malformed(format!("{name}: {why}"))),
        }
    }
    let text = String::from_utf8_lossy(published.body).into_owned();
    reading.texts.push((text, signed));
    reading
}

/// `signify -S -e` puts the signature first and the text after it; others put it last.
fn embedded(kind: Kind, published: &Published<'_>, trust: &Trust, reading: &mut Spans) {
    let text = match std::str::from_utf8(published.body) {
        Ok(text) => text,
        Err(_) => {
            return reading
                .remarks
                .push(Remark::Malformed("a text with a signature inside is UTF-8".into()));
        }
    };
    let found = match lines(text) {
        Ok(found) => found,
        Err(why) => return reading.remarks.push(Remark::Malformed(why.to_owned())),
    };
    let (start, end) = (found[0].at.start, found[found.len() - 1].at.end);
    let (before, after) = (&text[..start], &text[end..]);
    let signed_over = |part: &str| {
        found.iter().map(|lines| check(kind, lines, part.as_bytes(), trust)).collect::<Vec<_>>()
    };
    let holds = |signed: &[Signed]| signed.iter().any(|one| one.outcome == Outcome::Good);
    let (mut chosen, mut other) =
        if before.trim().is_empty() { (after, before) } else { (before, after) };
    let mut signed = signed_over(chosen);
    if !holds(&signed) && !other.trim().is_empty() {
        let second = signed_over(other);
        if holds(&second) {
            (chosen, other, signed) = (other, chosen, second);
        }
    }
    if !other.trim().is_empty() {
        reading.remarks.push(Remark::WordsOutside);
    }
    reading.texts.push((chosen.to_owned(), signed));
}

fn check(kind: Kind, lines: &Lines, text: &[u8], trust: &Trust) -> Signed {
    let number =
        crate::bytes::hex(&lines.number.iter().rev().copied().collect::<Vec<_>>()).to_uppercase();
    let mut signed = Signed {
        made_at: lines.comment.as_ref().and_then(|(comment, _)| stamp(comment)),
        ..Signed::unknown(number)
    };
    for (person, key) in trust.keys() {
        let Key::Numbered(key) = key else { continue };
        if key.number != lines.number {
            continue;
        }
        signed.person = Some(person.name.clone());
        let text_holds = if lines.hashed {
            key.key.verify_strict(&Blake2b512::digest(text), &lines.signature).is_ok()
        } else {
            key.key.verify_strict(text, &lines.signature).is_ok()
        };
        let comment_holds = match (&lines.comment, kind) {
            (Some((comment, global)), _) => {
                let covered = [&lines.signature.to_bytes()[..], comment.as_bytes()].concat();
                key.key.verify_strict(&covered, global).is_ok()
            }
            (None, Kind::Minisign) => false,
            (None, _) => true,
        };
        signed.outcome = if text_holds && comment_holds { Outcome::Good } else { Outcome::Bad };
        if signed.outcome == Outcome::Good {
            break;
        }
    }
    signed
}

/// The instant in a trusted comment as minisign writes it, `timestamp:1700000000`.
fn stamp(comment: &str) -> Option<Timestamp> {
    let rest = comment.split_whitespace().find_map(|word| word.strip_prefix("timestamp:"))?;
    rest.parse().ok().map(Timestamp::from_unix)
}

fn lines(text: &str) -> Result<Vec<Lines>, &'static str> {
    let mut found = Vec::new();
    let mut rest = Numbered { text, at: 0 };
    while let Some((start, line)) = rest.next() {
        if !line.starts_with(UNTRUSTED) {
            continue;
        }
        let mut ahead = Numbered { text, at: rest.at };
        let Some((_, body)) = ahead.next() else { break };
        let Some((hashed, number, signature)) = body_of(body) else { continue };
        rest.at = ahead.at;
        let mut comment = None;
        if let Some((_, words)) = ahead.next().filter(|(_, line)| line.starts_with(TRUSTED)) {
            let global = ahead
                .next()
                .and_then(|(_, line)| STANDARD.decode(line.trim_end()).ok())
                .and_then(|bytes| Signature::from_slice(&bytes).ok())
                .ok_or("a trusted comment without its signature")?;
            comment = Some((words[TRUSTED.len()..].to_owned(), global));
            rest.at = ahead.at;
        }
        if hashed && comment.is_none() {
            return Err("a minisign signature without its trusted comment");
        }
        found.push(Lines { at: start..rest.at, hashed, number, signature, comment });
        if found.len() == MAX_SIGNATURES {
            break;
        }
    }
    if found.is_empty() { Err("no signify or minisign signature in this text") } else { Ok(found) }
}

fn body_of(line: &str) -> Option<(bool, [u8; 8], Signature)> {
    // 74 bytes are 100 characters of base64.
    let bytes = STANDARD.decode(line.trim_end()).ok().filter(|bytes| bytes.len() == 74)?;
    let hashed = match &bytes[..2] {
        b"Ed" => false,
        b"ED" => true,
        _ => return None,
    };
    Some((hashed, bytes[2..10].try_into().ok()?, Signature::from_slice(&bytes[10..]).ok()?))
}

/// Lines with the place where each begins; line ends are left off.
struct Numbered<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Numbered<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
        self.at = start + length;
        Some((start, rest[..length].trim_end_matches(['\n', '\r'])))
    }
}
