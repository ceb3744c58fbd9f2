//! `[defaults]`, `[[target]]` and `[[list]]`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use canary_format::pin::Pin;
use canary_format::text::is_url_prefix;
use canary_verifier::target::Prefix;
use canary_verifier::witness::MAX_POLICY;
use toml::Spanned;

use super::dialect::{form, text_url};
use super::mistake::Mistake;
use super::reader::Reader;
use super::sections::{Written, interval, place};
use crate::form::Form;
use crate::policy::{Policy, Witnesses};
use crate::target::{Target, TargetId};

/// What targets have that do not say otherwise.
#[derive(Debug, Clone, Default)]
pub(super) struct Defaults {
    policy: Policy,
    labels: BTreeMap<String, String>,
}

impl Defaults {
    pub(super) fn read(&mut self, reader: &mut Reader<'_, '_>) {
        self.policy = policy(reader, &self.policy);
        self.labels = reader.labels("labels");
    }

    /// The policy and labels of a table that starts from these.
    pub(super) fn read_over(
        &self,
        reader: &mut Reader<'_, '_>,
    ) -> (Policy, BTreeMap<String, String>) {
        (policy(reader, &self.policy), labels(reader, self))
    }
}

/// A file with a target a line.
pub(super) struct TargetList {
    pub(super) path: PathBuf,
    pub(super) policy: Arc<Policy>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) place: Mistake,
}

impl TargetList {
    pub(super) fn read(mut reader: Reader<'_, '_>, defaults: &Defaults) -> Option<Self> {
        let path = reader.required("path");
        let policy = Arc::new(policy(&mut reader, &defaults.policy));
        let labels = labels(&mut reader, defaults);
        let list = path.map(|path| Self {
            place: place(reader.source, &path),
            path: reader.source.path(path.get_ref()),
            policy,
            labels,
        });
        reader.end();
        list
    }
}

fn labels(reader: &mut Reader<'_, '_>, defaults: &Defaults) -> BTreeMap<String, String> {
    let mut labels = defaults.labels.clone();
    labels.extend(reader.labels("labels"));
    labels
}

fn policy(reader: &mut Reader<'_, '_>, from: &Policy) -> Policy {
    let count = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok());
    let names = |names: Vec<Spanned<String>>| names.into_iter().map(Spanned::into_inner).collect();
    Policy {
        interval: interval(reader).unwrap_or(from.interval),
        confirm_checks: count(reader.integer("confirm_checks", 1..=100))
            .unwrap_or(from.confirm_checks),
        unreachable_after: reader
            .duration("unreachable_after", "0s", "31d")
            .unwrap_or(from.unreachable_after),
        missing_after: reader.duration("missing_after", "0s", "31d").unwrap_or(from.missing_after),
        resolve_checks: count(reader.integer("resolve_checks", 1..=100))
            .unwrap_or(from.resolve_checks),
        remind_alarm: reader.duration("remind_alarm", "1m", "400d").unwrap_or(from.remind_alarm),
        remind_attention: reader
            .duration("remind_attention", "1m", "400d")
            .unwrap_or(from.remind_attention),
        routes: reader.strings("routes").map_or_else(|| from.routes.clone(), names),
        max_interval_days: reader
            .integer("max_interval_days", 1..=400)
            .unwrap_or(from.max_interval_days),
        require_freshness: reader.flag("require_freshness").unwrap_or(from.require_freshness),
        witnesses: witnesses(reader).or_else(|| from.witnesses.clone()),
        acknowledged: reader
            .integer("acknowledged", 1..=i64::MAX)
            .and_then(|number| u64::try_from(number).ok())
            .or(from.acknowledged),
        danger_allow_private: reader
            .flag("danger_allow_private")
            .unwrap_or(from.danger_allow_private),
        form: Form::Native,
    }
}

/// The policy file that `witnesses` names.
fn witnesses(reader: &mut Reader<'_, '_>) -> Option<Arc<Witnesses>> {
    let path = reader.string("witnesses")?;
    let bytes = reader.source.named_file(&path, MAX_POLICY, "a witness policy")?;
    match Witnesses::parse(&bytes) {
        Ok(witnesses) => Some(Arc::new(witnesses)),
        Err(refusal) => {
            reader.source.mistake(path.span(), refusal.to_string());
            None
        }
    }
}

/// A URL prefix as people write it, in its one form: a bare host means its well-known place.
pub(super) fn url_prefix(text: &str) -> Option<String> {
    if !text.contains("://") && text.contains('/') {
        return None;
    }
    let prefix = if text.contains("://") { Prefix::parse(text) } else { Prefix::of_host(text) };
    prefix.ok().map(|prefix| prefix.to_string()).filter(|url| is_url_prefix(url))
}

/// A pin whose URL is in that form too: however it is written, it is of the same place.
pub(super) fn pin(text: &str) -> Result<Pin, String> {
    let pin = Pin::parse(text).map_err(|refusal| format!("not a pin: {refusal}"))?;
    match url_prefix(&pin.url) {
        Some(url) => Ok(Pin { url, ..pin }),
        None => Err(format!("not a pin of a URL prefix: {:?}", pin.url)),
    }
}

pub(super) fn read_target(
    mut reader: Reader<'_, '_>,
    defaults: &Defaults,
) -> Option<Written<Target>> {
    let url_text = reader.string("url");
    let pin_text = reader.string("pin");
    let name = reader.string("name");
    let mirror_texts = reader.strings("mirrors").unwrap_or_default();
    let mut policy = policy(&mut reader, &defaults.policy);
    policy.form = form(&mut reader, url_text.as_ref());
    let labels = labels(&mut reader, defaults);
    let pin = pin_text.as_ref().and_then(|text| match pin(text.get_ref()) {
        Ok(pin) => Some(pin),
        Err(message) => {
            reader.source.mistake(text.span(), message);
            None
        }
    });
    let mut mirrors = Vec::new();
    for mirror in &mirror_texts {
        match url_prefix(mirror.get_ref()) {
            Some(url) => mirrors.push(url),
            None => reader.source.mistake(mirror.span(), "not a host or URL prefix"),
        }
    }
    let (read_url, wanted): (fn(&str) -> Option<String>, _) = match policy.form {
        Form::Native => (url_prefix, "a host or URL prefix"),
        Form::Dialect(_) => (text_url, "an http or https URL"),
    };
    let url = match (&url_text, &pin) {
        (Some(text), _) => match read_url(text.get_ref()) {
            Some(url) => Some(url),
            None => {
                reader.source.mistake(text.span(), format!("not {wanted}: {:?}", text.get_ref()));
                None
            }
        },
        (None, Some(pin)) => Some(pin.url.clone()),
        (None, None) => {
            if pin_text.is_none() {
                reader.source.mistake(reader.span(), "a target has `url` or `pin`");
            }
            None
        }
    };
    if let (Some(url), Some(pin), Some(text)) = (&url, &pin, &url_text)
        && *url != pin.url
    {
        reader.source.mistake(text.span(), format!("the pin is of another URL: {}", pin.url));
    }
    let written = url.map(|url| {
        let at = url_text.as_ref().or(pin_text.as_ref());
        let place = at.map_or_else(
            || Mistake::at(reader.source.file, reader.source.text, reader.span(), String::new()),
            |at| place(reader.source, at),
        );
        let name = name.map_or_else(|| url.clone(), Spanned::into_inner);
        let id = TargetId::of(&url);
        let thing = Target { id, url, name, pin, mirrors, labels, policy: Arc::new(policy) };
        Written { thing, place }
    });
    reader.end();
    written
}
