//! The dialects behind one trait, and which of them a text is written in.

use crate::reading::{Kind, Published, Reading, Remark};
use crate::trust::Trust;
use crate::{canary_txt, canarytail, openpgp, plain, signed_json, signify, sshsig};

/// The most bytes of one published text.
pub const MAX_TEXT: usize = 16 << 20;

/// One dialect: bytes and the keys that the user named, turned into evidence. Pure: no clock, no network, no files.
pub trait Dialect: Sync {
    /// Which one it is.
    fn kind(&self) -> Kind;
    /// Whether a text is written in it, by marks that words alone do not have.
    fn recognises(&self, published: &Published<'_>) -> bool;
    /// Reads a text. Whatever is wrong with it is a remark, never an error: a broken canary is a finding.
    fn read(&self, published: &Published<'_>, trust: &Trust) -> Reading;
}

macro_rules! dialect {
    ($name:ident, $kind:expr, $doc:literal, $recognises:expr, $read:expr) => {
        #[doc = $doc]
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl Dialect for $name {
            fn kind(&self) -> Kind {
                $kind
            }

            fn recognises(&self, published: &Published<'_>) -> bool {
                let recognises: fn(&Published<'_>) -> bool = $recognises;
                recognises(published)
            }

            fn read(&self, published: &Published<'_>, trust: &Trust) -> Reading {
                let read: fn(&Published<'_>, &Trust) -> Reading = $read;
                if published.body.len() > MAX_TEXT {
                    let too_large =
                        Remark::TooLarge(format!("a text of more than {MAX_TEXT} bytes"));
                    return Reading { issues: Vec::new(), remarks: vec![too_large] };
                }
                read(published, trust)
            }
        }
    };
}

dialect!(
    OpenPgp,
    Kind::OpenPgp,
    "OpenPGP.",
    |published| {
        if published.beside.is_empty() {
            utf8(published).is_some_and(openpgp::recognised)
        } else {
            published.beside.iter().any(|(_, bytes)| openpgp::recognised_beside(bytes))
        }
    },
    |published, trust| openpgp::spans(published, trust).read(Kind::OpenPgp, published)
);
dialect!(
    Signify,
    Kind::Signify,
    "OpenBSD signify.",
    |published| numbered(published) == Some(Kind::Signify),
    |published, trust| signify::spans(Kind::Signify, published, trust)
        .read(Kind::Signify, published)
);
dialect!(
    Minisign,
    Kind::Minisign,
    "minisign.",
    |published| numbered(published) == Some(Kind::Minisign),
    |published, trust| signify::spans(Kind::Minisign, published, trust)
        .read(Kind::Minisign, published)
);
dialect!(
    SshSig,
    Kind::SshSig,
    "OpenSSH signatures.",
    |published| { texts(published).any(sshsig::recognised) },
    |published, trust| sshsig::spans(published, trust).read(Kind::SshSig, published)
);
dialect!(
    CanaryTail,
    Kind::CanaryTail,
    "CanaryTail.",
    |published| json(published).is_some_and(|value| canarytail::recognised(&value)),
    canarytail::read
);
dialect!(
    SignedJson,
    Kind::SignedJson,
    "JSON signed with Ed25519.",
    |published| {
        json(published)
            .is_some_and(|value| !canarytail::recognised(&value) && signed_json::recognised(&value))
    },
    signed_json::read
);
dialect!(
    CanaryTxt,
    Kind::CanaryTxt,
    "The `canary.txt` draft.",
    |published| {
        published.beside.is_empty() && utf8(published).is_some_and(canary_txt::recognised)
    },
    canary_txt::read
);
dialect!(
    Plain,
    Kind::Plain,
    "A page without signatures.",
    |published| published.beside.is_empty(),
    plain::read
);

/// Every dialect, the signed ones first.
pub const DIALECTS: [&dyn Dialect; 8] =
    [&OpenPgp, &Signify, &Minisign, &SshSig, &CanaryTail, &SignedJson, &CanaryTxt, &Plain];

/// The dialect of a kind.
pub fn dialect(kind: Kind) -> &'static dyn Dialect {
    DIALECTS
        .into_iter()
        .find(|one| one.kind() == kind)
        .expect("every kind has its dialect in the list")
}

/// Why no dialect is chosen for a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unrecognised {
    /// It bears the marks of several signed dialects: which of them counts is for the user to say.
    #[error("signed in several dialects: {}", .0.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", "))]
    Several(Vec<Kind>),
    /// Files stand beside it that are signatures of no known kind.
    #[error("the files beside it are signatures of no known kind")]
    Unknown,
}

/// The dialect of a text, where its marks leave no choice. Choosing between two signed dialects, or between a
/// signed and an unsigned reading, would change what is trusted, so it is never done.
///
/// # Errors
/// Where the user has to say.
pub fn recognise(published: &Published<'_>) -> Result<Kind, Unrecognised> {
    let found: Vec<Kind> = DIALECTS
        .iter()
        .filter(|one| one.kind().is_signed() && one.recognises(published))
        .map(|one| one.kind())
        .collect();
    match found[..] {
        [] if !published.beside.is_empty() => Err(Unrecognised::Unknown),
        [] if CanaryTxt.recognises(published) => Ok(Kind::CanaryTxt),
        [] => Ok(Kind::Plain),
        [one] => Ok(one),
        _ => Err(Unrecognised::Several(found)),
    }
}

fn utf8<'a>(published: &Published<'a>) -> Option<&'a str> {
    std::str::from_utf8(published.body).ok()
}

fn texts<'a>(published: &Published<'a>) -> impl Iterator<Item = &'a str> {
    let own = published.beside.is_empty().then(|| utf8(published)).flatten();
    own.into_iter()
        .chain(published.beside.iter().filter_map(|(_, bytes)| std::str::from_utf8(bytes).ok()))
}

fn numbered(published: &Published<'_>) -> Option<Kind> {
    texts(published).find_map(signify::recognised)
}

fn json(published: &Published<'_>) -> Option<serde_json::Value> {
    let starts = published.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    (published.beside.is_empty() && starts).then(|| crate::json::parse(published.body).ok())?
}
