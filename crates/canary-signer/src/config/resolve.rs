//! From entries to the members of an issue: templates, default scopes, key files.

use std::collections::BTreeMap;

use canary_format::issue::{
    Counter, CounterValue, Fact, Heartbeat, Localised, LogKeys, Promise, Publisher, Retiring,
    Scope, Tense,
};
use canary_format::key::PublicKey;
use canary_format::note::VerifierKey;
use canary_format::roster::{Roster, Signer};
use canary_format::time::{Date, Timestamp};
use toml::Spanned;

use super::entry::{
    CounterEntry, FactEntry, LogEntry, PromiseEntry, RetiringEntry, RosterEntry, ScopeEntry,
    SignerEntry,
};
use super::{Config, ConfigError, Problem};
use crate::durable;
use crate::private_key::parse_public;
use crate::template::{FactTemplate, templates};

/// The greatest size of a public key file, in bytes.
const MAX_PUBLIC_KEY: u64 = 16_384;

pub(super) struct Resolver<'a> {
    pub(super) config: &'a Config,
    pub(super) publisher: Publisher,
}

impl Resolver<'_> {
    /// Resolves every entry of a list; a problem is placed at its entry.
    pub(super) fn each<E, T>(
        &self,
        entries: &[Spanned<E>],
        resolve: impl Fn(&Self, &E) -> Result<T, Problem>,
    ) -> Result<Vec<T>, ConfigError> {
        let resolve = |entry: &Spanned<E>| {
            resolve(self, entry.get_ref()).map_err(|problem| self.config.problem(entry, problem))
        };
        entries.iter().map(resolve).collect()
    }

    pub(super) fn fact(&self, entry: &FactEntry) -> Result<Fact, Problem> {
        let template = named(entry.template.as_ref(), |id| templates().fact(id))?;
        let id = id(entry.id.as_ref(), entry.template.as_ref())?;
        let tense = entry.tense.as_deref().or(template.map(|template| template.tense.as_str()));
        let tense = match tense {
            Some("never") => Tense::Never,
            Some("current") => Tense::Current,
            Some("since") => Tense::Since,
            Some(other) => return Err(Problem::Tense(other.to_owned())),
            None => return Err(Problem::NoTense(id)),
        };
        Ok(Fact {
            text: self.text(&id, &entry.text, |tag| template?.text(tag))?,
            tense,
            since: entry.since.as_deref().map(date).transpose()?,
            scope: self.scope(&id, &entry.scope, template)?,
            supersedes: entry.supersedes.clone(),
            id,
        })
    }

    pub(super) fn promise(&self, entry: &PromiseEntry) -> Result<Promise, Problem> {
        let template = named(entry.template.as_ref(), |id| templates().promise(id))?;
        let id = id(entry.id.as_ref(), entry.template.as_ref())?;
        Ok(Promise { text: self.text(&id, &entry.text, |tag| template?.text(tag))?, id })
    }

    pub(super) fn counter(&self, entry: &CounterEntry) -> Result<Counter, Problem> {
        let template = named(entry.template.as_ref(), |id| templates().counter(id))?;
        let id = id(entry.id.as_ref(), entry.template.as_ref())?;
        let value = match (entry.exact, entry.band) {
            (Some(_), None) if template.is_some_and(|template| template.band_only) => {
                return Err(Problem::BandOnly(id));
            }
            (Some(exact), None) => CounterValue::Exact(exact),
            (None, Some([low, high])) => CounterValue::Band(low, high),
            _ => return Err(Problem::CounterValue(id)),
        };
        Ok(Counter {
            text: self.text(&id, &entry.text, |tag| template?.text(tag))?,
            from: date(&entry.from)?,
            to: date(&entry.to)?,
            value,
            id,
        })
    }

    pub(super) fn retiring(
        &self,
        entry: &Spanned<RetiringEntry>,
        facts: &[Fact],
    ) -> Result<Retiring, ConfigError> {
        let RetiringEntry { id, after } = entry.get_ref();
        let wrong = |problem| self.config.problem(entry, problem);
        if !facts.iter().any(|fact| fact.id == *id) {
            return Err(wrong(Problem::RetiringAbsent(id.clone())));
        }
        let after = Timestamp::parse(after);
        let after = after.ok_or_else(|| wrong(Problem::Instant(entry.get_ref().after.clone())))?;
        Ok(Retiring { id: id.clone(), after })
    }

    pub(super) fn roster(&self, entry: &RosterEntry) -> Result<Roster, ConfigError> {
        let signer = |signer: &SignerEntry| {
            let keys = signer.keys.iter().map(|key| {
                self.key(key.get_ref()).map_err(|problem| self.config.problem(key, problem))
            });
            Ok(Signer {
                name: signer.name.clone(),
                role: signer.role.clone(),
                jurisdiction: signer.jurisdiction.clone(),
                keys: keys.collect::<Result<_, _>>()?,
            })
        };
        Ok(Roster {
            threshold: entry.threshold,
            min_jurisdictions: entry.min_jurisdictions,
            signers: entry.signers.iter().map(signer).collect::<Result<_, ConfigError>>()?,
        })
    }

    pub(super) fn log(&self, entry: &LogEntry) -> Result<LogKeys, ConfigError> {
        let key = |key: &Spanned<String>| {
            VerifierKey::parse(key.get_ref())
                .ok_or_else(|| self.config.problem(key, Problem::VerifierKey))
        };
        let heartbeat = entry.heartbeat.as_ref().map(|heartbeat| {
            let max_age = i64::from(heartbeat.max_age_hours) * 3_600;
            Ok::<_, ConfigError>(Heartbeat { key: key(&heartbeat.key)?, max_age })
        });
        Ok(LogKeys { key: key(&entry.key)?, heartbeat: heartbeat.transpose()? })
    }

    /// A key written out, or the path of a public key file below the publisher's folder.
    fn key(&self, text: &str) -> Result<PublicKey, Problem> {
        if text.starts_with("ssh-") {
            return parse_public(text).ok_or_else(|| Problem::Key(text.to_owned()));
        }
        let path = self.config.folder.join(text);
        let bytes = durable::read(&path, MAX_PUBLIC_KEY).map_err(|error| {
            let why = std::error::Error::source(&error).map(ToString::to_string);
            Problem::KeyFile { path: path.clone(), why: why.unwrap_or_else(|| error.to_string()) }
        })?;
        let key = std::str::from_utf8(&bytes).ok().and_then(parse_public);
        key.ok_or_else(|| Problem::Key(text.to_owned()))
    }

    /// The entry's own words, or else the template's, in exactly the publisher's languages.
    fn text<'t>(
        &self,
        id: &str,
        own: &BTreeMap<String, String>,
        template: impl Fn(&str) -> Option<&'t str>,
    ) -> Result<Localised, Problem> {
        let languages = &self.publisher.languages;
        if let Some(language) = own.keys().find(|tag| !languages.contains(tag)) {
            return Err(Problem::ForeignText { id: id.to_owned(), language: language.clone() });
        }
        let words = |tag: &String| {
            let words = own.get(tag).map(String::as_str).or_else(|| template(tag));
            let words = words
                .ok_or_else(|| Problem::NoText { id: id.to_owned(), language: tag.clone() })?;
            Ok((tag.clone(), words.to_owned()))
        };
        languages.iter().map(words).collect::<Result<_, _>>().map(Localised)
    }

    fn scope(
        &self,
        id: &str,
        own: &ScopeEntry,
        template: Option<&FactTemplate>,
    ) -> Result<Scope, Problem> {
        let all = &self.config.file.scope;
        let stated = |member, own: &Option<Vec<String>>, all: &Option<Vec<String>>| {
            let names = own.as_ref().or(all.as_ref()).cloned();
            names.ok_or_else(|| Problem::NoScope { id: id.to_owned(), member })
        };
        let layers = own.layers.clone().or_else(|| Some(template?.layers.clone()));
        Ok(Scope {
            entities: stated("entities", &own.entities, &all.entities)?,
            services: stated("services", &own.services, &all.services)?,
            roles: stated("roles", &own.roles, &all.roles)?,
            layers: stated("layers", &layers, &all.layers)?,
            jurisdictions: stated("jurisdictions", &own.jurisdictions, &all.jurisdictions)?,
            excludes: own.excludes.clone().or_else(|| all.excludes.clone()),
        })
    }
}

fn named<'t, T>(
    template: Option<&String>,
    find: impl Fn(&str) -> Option<&'t T>,
) -> Result<Option<&'t T>, Problem> {
    let find = |id: &String| find(id).ok_or_else(|| Problem::UnknownTemplate(id.clone()));
    template.map(find).transpose()
}

/// An entry is called by its own id, or else by its template's.
fn id(own: Option<&String>, template: Option<&String>) -> Result<String, Problem> {
    own.or(template).cloned().ok_or(Problem::NoId)
}

fn date(text: &str) -> Result<Date, Problem> {
    Date::parse(text).ok_or_else(|| Problem::Date(text.to_owned()))
}
