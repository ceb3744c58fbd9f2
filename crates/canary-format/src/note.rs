//! C2SP `signed-note`: text, signature lines and verifier keys (`format.md` §5).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::key::PublicKey;
use crate::refusal::{Refusal, Rule};

/// The kinds of key that sign notes here, by their C2SP signature type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// `0x01`: signs the note's text. The log's key.
    Note,
    /// `0x04`: timestamped checkpoint cosignature. The heartbeat's and witnesses' keys.
    Cosignature,
}

impl KeyKind {
    fn byte(self) -> u8 {
        match self {
            Self::Note => 0x01,
            Self::Cosignature => 0x04,
        }
    }
}

/// A C2SP verifier key: `<name>+<hex key id>+<base64 of type and key>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    key: PublicKey,
}

impl VerifierKey {
    /// A verifier key; `None` where the name is empty or holds `+` or white space.
    pub fn new(name: &str, kind: KeyKind, key: PublicKey) -> Option<Self> {
        let name = is_key_name(name).then(|| name.to_owned())?;
        Some(Self { name, kind, key })
    }

    /// Reads a verifier key of a known kind, whose key id is the one computed; `None` otherwise.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('+')?;
        let (id, key) = rest.split_once('+')?;
        let key = STANDARD.decode(key).ok()?;
        let (kind, key) = match key.split_first()? {
            (0x01, key) => (KeyKind::Note, key),
            (0x04, key) => (KeyKind::Cosignature, key),
            _ => return None,
        };
        let vkey = Self::new(name, kind, PublicKey(key.try_into().ok()?))?;
        (id == id_hex(vkey.id())).then_some(vkey)
    }

    /// The key's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key's kind.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The Ed25519 key.
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// The first four bytes of SHA-256 over name, line feed, kind and key.
    pub fn id(&self) -> [u8; 4] {
        let hash = Sha256::new()
            .chain_update(&self.name)
            .chain_update([b'\n', self.kind.byte()])
            .chain_update(self.key.0)
            .finalize();
        [hash[0], hash[1], hash[2], hash[3]]
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind.byte()], self.key.0.as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, id_hex(self.id()), STANDARD.encode(key))
    }
}

impl Serialize for VerifierKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A signed note as it was received: its text, and signature lines not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One signature line of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// The key's name.
    pub name: String,
    /// The key's id.
    pub id: [u8; 4],
    /// What follows the id: its form depends on the key's kind.
    pub signature: Vec<u8>,
}

impl Note {
    /// Reads a signed note; the caller bounds its size.
    ///
    /// # Errors
    ///
    /// The first rule of `signed-note` that is broken, with the line.
    pub fn parse(bytes: &[u8], name: &str) -> Result<Self, Refusal> {
        let refuse = |rule| Err(Refusal::malformed(name, rule));
        let Ok(note) = std::str::from_utf8(bytes) else {
            return refuse(Rule::Utf8);
        };
        if let Some(c) = note.chars().find(|c| *c < ' ' && *c != '\n') {
            return refuse(Rule::Character(c.into()));
        }
        let Some(end) = note.rfind("\n\n") else {
            return refuse(Rule::Form("an empty line before the signatures"));
        };
        let (text, lines) = (&note[..=end], &note[end + 2..]);
        let Some(lines) = lines.strip_suffix('\n') else {
            return refuse(Rule::Form("signature lines, each ended by a line feed"));
        };
        let first = text.matches('\n').count() + 2;
        let signatures = lines
            .split('\n')
            .enumerate()
            .map(|(number, line)| {
                NoteSignature::parse(line).ok_or_else(|| {
                    let place = format!("{name} line {}", first + number);
                    Refusal::malformed(place, Rule::Form("a signature line: — <name> <base64>"))
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// A note of this text, which ends in a line feed, without signatures yet.
    pub fn unsigned(text: String) -> Self {
        Self { text, signatures: Vec::new() }
    }

    /// The signed text, with its final line feed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, in order.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The lines that this key is said to have made: name and id match.
    pub fn lines_of<'a>(&'a self, key: &'a VerifierKey) -> impl Iterator<Item = &'a NoteSignature> {
        let id = key.id();
        self.signatures.iter().filter(move |line| line.name == key.name && line.id == id)
    }

    /// Adds a line, unless the very same one is there.
    pub fn push(&mut self, line: NoteSignature) {
        if !self.signatures.contains(&line) {
            self.signatures.push(line);
        }
    }

    /// Removes a line, wherever the very same one is.
    pub fn remove_line(&mut self, line: &NoteSignature) {
        self.signatures.retain(|other| other != line);
    }

    /// Removes every signature line.
    pub fn clear(&mut self) {
        self.signatures.clear();
    }

    /// Removes every line of this key, before it signs anew.
    pub fn remove(&mut self, key: &VerifierKey) {
        let id = key.id();
        self.signatures.retain(|line| line.name != key.name || line.id != id);
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl NoteSignature {
    /// A line by this key.
    pub fn new(key: &VerifierKey, signature: Vec<u8>) -> Self {
        Self { name: key.name.clone(), id: key.id(), signature }
    }

    /// Reads one line, without its line feed; `None` for any other form.
    pub fn parse(line: &str) -> Option<Self> {
        let (name, signature) = line.strip_prefix("— ")?.split_once(' ')?;
        let signature = STANDARD.decode(signature).ok()?;
        let (id, signature) = signature.split_first_chunk::<4>()?;
        (is_key_name(name) && !signature.is_empty()).then(|| Self {
            name: name.to_owned(),
            id: *id,
            signature: signature.to_vec(),
        })
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.id.as_slice(), &self.signature].concat();
        write!(f, "— {} {}", self.name, STANDARD.encode(bytes))
    }
}

/// A key's id as it is written in the key.
pub(crate) fn id_hex(id: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

pub(crate) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c == '+' || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Signature;

    const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const NOTE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    #[test]
    fn the_c2sp_example_verifies() {
        let key = VerifierKey::parse(VKEY).unwrap();
        assert_eq!(key.to_string(), VKEY);
        let note = Note::parse(NOTE.as_bytes(), "note").unwrap();
        assert_eq!(note.to_string(), NOTE);
        let line = note.lines_of(&key).next().unwrap();
        let signature = Signature(line.signature.clone().try_into().unwrap());
        assert!(key.key().verify(note.text().as_bytes(), &signature));
    }

    #[test]
    fn a_verifier_key_s_id_must_be_its_own() {
        assert_eq!(VerifierKey::parse(&VKEY.replace("530d903a", "530d903b")), None);
        assert_eq!(VerifierKey::parse(&VKEY.replace("530d903a", "530D903A")), None);
        assert_eq!(VerifierKey::parse(&VKEY.replace("foo", "bar")), None);
        assert_eq!(
            VerifierKey::parse("+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"),
            None
        );
        assert_eq!(VerifierKey::parse(&VKEY.replace("+Aek", "+Cek")), None);
    }

    #[test]
    fn what_is_not_a_note_is_refused() {
        for note in [
            "",
            "text\n",
            "text\n\n",
            &NOTE[..NOTE.len() - 1],
            &NOTE.replace("— ", "- "),
            &NOTE.replace("message", "mess\tage"),
            &NOTE.replace("/foo ", "/fo+o "),
            &NOTE.replace("yaQM=", "yaQM"),
        ] {
            assert!(Note::parse(note.as_bytes(), "note").is_err(), "{note}");
        }
    }
}
