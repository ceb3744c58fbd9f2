//! What a `[[target]]` says of a canary of another format: dialect, keys, quorum, cadence.

use std::sync::Arc;

use canary_dialects::dates::Cadence;
use canary_dialects::reading::Kind;
use canary_dialects::sshsig::SshKey;
use canary_dialects::trust::{Key, MAX_KEY_FILE, Trust};
use toml::Spanned;
use url::Url;

use super::reader::Reader;
use crate::form::{Dialect, Form, KeyFile};

/// Each of these makes a target one of another format.
const FIELDS: [&str; 7] =
    ["dialect", "keys", "allowed_signers", "quorum", "namespace", "cadence", "signatures"];
/// Detached signatures of one text.
const MAX_SIGNATURES: usize = 16;

/// Reads the format of a target.
pub(super) fn form(reader: &mut Reader<'_, '_>, url: Option<&Spanned<String>>) -> Form {
    if !FIELDS.iter().any(|field| reader.has(field)) {
        return Form::Native;
    }
    for field in ["pin", "mirrors", "witnesses"] {
        if reader.has(field) {
            let message = format!("`{field}` is for native canaries, not for other formats");
            reader.source.mistake(reader.span(), message);
        }
    }
    let names = Kind::ALL.map(Kind::name).join(", ");
    let kind = reader.parsed("dialect", &format!("one of {names}"), Kind::named);
    let mut trust = Trust::default();
    let mut files = Vec::new();
    let before = reader.source.mistakes.len();
    for (person, paths) in reader.lists("keys") {
        for path in paths {
            let Some(bytes) = reader.source.named_file(&path, MAX_KEY_FILE, "a key") else {
                continue;
            };
            match Key::read(&bytes) {
                Ok(keys) => {
                    trust.add(&person, keys);
                    files.push(KeyFile { person: Some(person.clone()), bytes });
                }
                Err(error) => reader.source.mistake(path.span(), error.to_string()),
            }
        }
    }
    if let Some(path) = reader.string("allowed_signers")
        && let Some(bytes) = reader.source.named_file(&path, MAX_KEY_FILE, "a key")
    {
        match SshKey::allowed_signers(&String::from_utf8_lossy(&bytes)) {
            Ok(all) => {
                for (person, key) in all {
                    trust.add(&person, vec![Key::Ssh(Box::new(key))]);
                }
                files.push(KeyFile { person: None, bytes });
            }
            Err(error) => reader.source.mistake(path.span(), error.to_string()),
        }
    }
    // What is wrong with a key's file is said: how many keys there would be is not known.
    let keys_are_read = reader.source.mistakes.len() == before;
    if let Some(quorum) = reader.integer("quorum", 1..=1_000) {
        trust.threshold = usize::try_from(quorum).unwrap_or(1);
        let persons = trust.persons.len();
        if trust.threshold > persons && keys_are_read {
            let message = format!("`quorum` is {quorum}, and keys of {persons} persons are named");
            reader.source.mistake(reader.span_of("quorum"), message);
        }
    }
    if let Some(namespace) = reader.string("namespace") {
        trust.namespace = namespace.into_inner();
    }
    let wanted = "a cadence such as quarterly, 14d or 3m+7d";
    let cadence =
        reader.parsed("cadence", wanted, |text| Some((Cadence::parse(text)?, text.to_owned())));
    let (cadence, written) = cadence.unzip();
    trust.cadence = cadence;
    if kind.is_some_and(Kind::is_signed) && trust.persons.is_empty() && keys_are_read {
        let message = "`keys` or `allowed_signers` is missing: without them no signature counts";
        reader.source.mistake(reader.span_of("dialect"), message);
    }
    let signatures = signatures(reader, url);
    Form::Dialect(Arc::new(Dialect::new(kind, trust, written, signatures, files)))
}

/// The URLs of detached signatures: absolute, or as the text's URL would have them.
fn signatures(reader: &mut Reader<'_, '_>, url: Option<&Spanned<String>>) -> Vec<String> {
    let base = url.and_then(|url| Url::parse(url.get_ref()).ok());
    let given = reader.strings("signatures").unwrap_or_default();
    if let Some(more) = given.get(MAX_SIGNATURES) {
        let message = format!("at most {MAX_SIGNATURES} signatures");
        reader.source.mistake(more.span(), message);
    }
    let mut signatures = Vec::new();
    for one in given {
        let joined = match &base {
            Some(base) => base.join(one.get_ref()).ok(),
            None => Url::parse(one.get_ref()).ok(),
        };
        match joined.as_ref().and_then(|url| text_url(url.as_str())) {
            Some(url) => signatures.push(url),
            None => {
                let message = format!("not an http or https URL: {:?}", one.get_ref());
                reader.source.mistake(one.span(), message);
            }
        }
    }
    signatures
}

/// The URL of a text, in its one form.
pub(super) fn text_url(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (matches!(url.scheme(), "http" | "https") && plain).then(|| url.to_string())
}
