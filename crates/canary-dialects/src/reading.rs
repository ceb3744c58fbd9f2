//! What a dialect makes of one published text: evidence, not yet a verdict.

use canary_format::digest::Digest;

use crate::Timestamp;
use crate::dates::Dates;
use crate::prose::{Statement, Tone};
use crate::trust::Trust;

/// The dialects read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// OpenPGP, cleartext-signed or with detached signatures.
    OpenPgp,
    /// OpenBSD signify.
    Signify,
    /// minisign.
    Minisign,
    /// OpenSSH signatures.
    SshSig,
    /// CanaryTail JSON.
    CanaryTail,
    /// JSON signed with Ed25519 over its members in sorted order.
    SignedJson,
    /// The `canary.txt` draft, not signed.
    CanaryTxt,
    /// A page of words, not signed.
    Plain,
}

impl Kind {
    /// Every dialect, in the order in which they are listed for people.
    pub const ALL: [Self; 8] = [
        Self::OpenPgp,
        Self::Signify,
        Self::Minisign,
        Self::SshSig,
        Self::CanaryTail,
        Self::SignedJson,
        Self::CanaryTxt,
        Self::Plain,
    ];

    /// The name that a user gives it.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenPgp => "openpgp",
            Self::Signify => "signify",
            Self::Minisign => "minisign",
            Self::SshSig => "sshsig",
            Self::CanaryTail => "canarytail",
            Self::SignedJson => "json",
            Self::CanaryTxt => "canary.txt",
            Self::Plain => "plain",
        }
    }

    /// The dialect of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether texts of this dialect carry signatures at all.
    pub fn is_signed(self) -> bool {
        !matches!(self, Self::CanaryTxt | Self::Plain)
    }
}

/// One text as it was published: bytes, the signatures that stand in files beside it, and when it was seen.
#[derive(Debug, Clone, Copy)]
pub struct Published<'a> {
    /// Where it comes from: a path or URL, for people to find it again.
    pub source: &'a str,
    /// The bytes.
    pub body: &'a [u8],
    /// Detached signatures: name and bytes.
    pub beside: &'a [(&'a str, &'a [u8])],
    /// When it was seen or committed, where that is known.
    pub seen: Option<Timestamp>,
}

/// What came out of reading one published text.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The issues found: one for each distinct text. Several signatures over one text are one issue.
    pub issues: Vec<Issue>,
    /// What is to be said of the publication as a whole.
    pub remarks: Vec<Remark>,
}

/// Texts and the signatures over each, before their words are read.
#[derive(Debug, Default)]
pub(crate) struct Spans {
    pub(crate) texts: Vec<(String, Vec<Signed>)>,
    pub(crate) remarks: Vec<Remark>,
}

impl Spans {
    /// Reads the words of each text.
    pub(crate) fn read(self, kind: Kind, published: &Published<'_>) -> Reading {
        let issue = |(text, signed)| Issue::from_text(kind, published, text, signed);
        Reading { issues: self.texts.into_iter().map(issue).collect(), remarks: self.remarks }
    }
}

/// Checks signatures only: the outcomes that [`crate::dialect::Dialect::read`] gives too, without reading
/// words. Empty for a dialect that signs nothing.
pub fn check(kind: Kind, published: &Published<'_>, trust: &Trust) -> Vec<Signed> {
    let spans = match kind {
        Kind::OpenPgp => crate::openpgp::spans(published, trust),
        Kind::Signify | Kind::Minisign => crate::signify::spans(kind, published, trust),
        Kind::SshSig => crate::sshsig::spans(published, trust),
        Kind::SignedJson => return crate::signed_json::check(published, trust),
        Kind::CanaryTail | Kind::CanaryTxt | Kind::Plain => {
            let issues = crate::dialect::dialect(kind).read(published, trust).issues;
            return issues.into_iter().flat_map(|issue| issue.signatures).collect();
        }
    };
    spans.texts.into_iter().flat_map(|(_, signed)| signed).collect()
}

/// One text that stands as an issue.
#[derive(Debug, Clone)]
pub struct Issue {
    /// The dialect it was read as.
    pub kind: Kind,
    /// Where it comes from.
    pub source: String,
    /// The digest of the text that counts; of the whole document where fields are signed one by one.
    pub digest: Digest,
    /// The words that count: the signed span, escapes undone, or the whole text where nothing is signed.
    pub text: String,
    /// The signatures over it, each judged against the keys that the user named.
    pub signatures: Vec<Signed>,
    /// Statements, in order.
    pub statements: Vec<Statement>,
    /// Text under a heading for announcements, where it says more than "none".
    pub announcement: Option<String>,
    /// What it says of its own time.
    pub dates: Dates,
    /// When it was seen or committed.
    pub seen: Option<Timestamp>,
    /// What is to be said of this issue, whatever the time.
    pub remarks: Vec<Remark>,
    /// Fields signed one by one: name, value as signed. Empty where the text is signed as a whole.
    pub fields: Vec<(String, String)>,
    /// Texts that were published beside it and are no issues: letters, translations.
    pub letters: Vec<Letter>,
}

/// A text that accompanies an issue. Its words are not read; its signatures are checked like those of the issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Where it comes from.
    pub source: String,
    /// The signatures over it.
    pub signatures: Vec<Signed>,
}

impl Issue {
    /// The earliest time that a valid signature claims for itself.
    pub fn signed_at(&self) -> Option<Timestamp> {
        self.signatures
            .iter()
            .filter(|signed| signed.outcome == Outcome::Good)
            .filter_map(|signed| signed.made_at)
            .min()
    }
}

/// One signature over an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The person whose key it is, or `None` for a key that the user did not name.
    pub person: Option<String>,
    /// The key: a fingerprint or key id, as the dialect's own tool prints it.
    pub key: String,
    /// When the signature says that it was made.
    pub made_at: Option<Timestamp>,
    /// When the signature says that it ends.
    pub ends_at: Option<Timestamp>,
    /// What the check gave.
    pub outcome: Outcome,
    /// The digest is one whose collisions are practical (SHA-1).
    pub weak_hash: bool,
    /// From when on the key counts, where the user's list says so.
    pub key_begins: Option<Timestamp>,
    /// When the key ended, by its own newest statement or the user's list.
    pub key_expires: Option<Timestamp>,
    /// When the key was revoked.
    pub key_revoked: Option<Timestamp>,
}

impl Signed {
    /// A signature that no named key is known to have made.
    pub(crate) fn unknown(key: String) -> Self {
        Self {
            person: None,
            key,
            made_at: None,
            ends_at: None,
            outcome: Outcome::UnknownKey,
            weak_hash: false,
            key_begins: None,
            key_expires: None,
            key_revoked: None,
        }
    }
}

/// What the check of one signature gave. Only `Good` counts for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Made by a named key, over these bytes, while that key was valid.
    Good,
    /// A named key's signature that does not verify.
    Bad,
    /// No named key could have made it.
    UnknownKey,
    /// Verifies, but the key had ended when the signature says it was made.
    KeyExpired,
    /// Verifies, but the key was revoked: before it was made, or in a way that ends all its signatures.
    KeyRevoked,
    /// Verifies, but says that it was made before the key existed, or the key may not sign.
    KeyNotValid,
    /// Verifies under another purpose (namespace) than the one asked for.
    OtherPurpose,
    /// Uses a digest under which anybody can forge (MD5, RIPEMD-160 and the like are refused).
    Refused,
}

/// A finding that reading alone gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// The bytes break a rule of the dialect: what, in words of the dialect.
    Malformed(String),
    /// A file that held the newest issue of a history holds none now: its path.
    Withdrawn(String),
    /// A file that held the newest issue of a history holds an older one again: its path.
    PutBack(String),
    /// A size is larger than is read.
    TooLarge(String),
    /// Words stand outside the signed span: they do not count.
    WordsOutside,
    /// Several signed texts stand in one publication.
    SeveralSpans(usize),
    /// Signatures of a version or algorithm that is not read.
    UnknownSignatures(usize),
    /// The format signs each field alone.
    FieldsUnbound,
    /// A field that nobody signed.
    FieldUnsigned(String),
    /// The key named as panic key has signed.
    PanicKey(String),
    /// The document's own count of signers is not reached: have, need.
    OwnQuorum(usize, usize),
    /// A code of the format's closed list is not there.
    CodeAbsent(String),
}

impl Issue {
    /// Words that nobody signed, as an issue; none where they hold neither a fact nor a date.
    pub(crate) fn unsigned(kind: Kind, published: &Published<'_>, text: String) -> Option<Self> {
        let issue = Self::from_text(kind, published, text, Vec::new());
        let says = issue.statements.iter().any(|statement| statement.tone != Tone::Talk)
            || issue.announcement.is_some()
            || issue.dates.says_anything();
        says.then_some(issue)
    }

    /// An issue whose words are read as prose.
    pub(crate) fn from_text(
        kind: Kind,
        published: &Published<'_>,
        text: String,
        signatures: Vec<Signed>,
    ) -> Self {
        let markup;
        let mut words = text.as_str();
        if crate::page::is_markup(words) {
            markup = crate::page::words(words);
            words = &markup;
        }
        let prose = crate::prose::read(words);
        let mut remarks = Vec::new();
        if prose.cut {
            remarks.push(Remark::TooLarge("more words than are read as statements".into()));
        }
        Self {
            kind,
            source: published.source.to_owned(),
            digest: Digest::of(text.as_bytes()),
            signatures,
            statements: prose.statements,
            announcement: prose.announcement,
            dates: prose.dates,
            seen: published.seen,
            remarks,
            fields: Vec::new(),
            letters: Vec::new(),
            text,
        }
    }
}
