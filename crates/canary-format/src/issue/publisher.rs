//! Who speaks, and in which languages (`format.md` §2.1).

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::json::At;
use crate::refusal::{Refusal, Rule};
use crate::text::Lines;

/// The publisher. Equality is that of the parsed JSON: an absent list differs from an empty one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Publisher {
    /// 1–200 characters.
    pub name: String,
    /// 1–8 language tags; the first is the language of record.
    pub languages: Vec<String>,
    /// An https or http URL prefix ending in `/`. Information: it is never fetched (§7).
    pub canonical_url: String,
    /// Further URL prefixes. Information: they are never fetched (§7).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirrors: Option<Vec<String>>,
    /// A `mailto:` or `https:` URI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// What the publisher offers.
    pub services: Vec<Service>,
    /// The legal persons behind it.
    pub entities: Vec<Entity>,
}

/// A service of the publisher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Service {
    /// Named in the scope of facts.
    pub id: String,
    /// 1–200 characters.
    pub name: String,
    /// `on-premises`, `iaas`, `paas` or `saas`.
    pub model: String,
}

/// A legal person of the publisher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entity {
    /// Named in the scope of facts.
    pub id: String,
    /// 1–200 characters.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub jurisdiction: String,
}

/// A text in every language of the publisher, in the order of `publisher.languages`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Localised(pub Vec<(String, String)>);

const MODELS: [&str; 4] = ["on-premises", "iaas", "paas", "saas"];

impl Publisher {
    pub(super) fn read(at: At<'_, '_>) -> Result<Self, Refusal> {
        let members = at.object(&[
            "name",
            "languages",
            "canonical_url",
            "mirrors",
            "contact",
            "services",
            "entities",
        ])?;
        let languages = members.required("languages")?;
        let tags = languages.list(1, 8, |tag| tag.language())?;
        if let Some(twice) = repeated(&tags) {
            return languages.refuse(Rule::Repeated(twice.clone()));
        }
        let mirrors = members.optional("mirrors");
        let contact = members.optional("contact");
        Ok(Self {
            name: members.required("name")?.line(1, 200)?.to_owned(),
            languages: tags,
            canonical_url: members.required("canonical_url")?.url_prefix()?,
            mirrors: mirrors.map(|list| list.list(0, 8, |url| url.url_prefix())).transpose()?,
            contact: contact.map(|contact| contact.contact()).transpose()?,
            services: members.required("services")?.list(1, 64, Service::read)?,
            entities: members.required("entities")?.list(1, 32, Entity::read)?,
        })
    }
}

impl Service {
    fn read(at: At<'_, '_>) -> Result<Self, Refusal> {
        let members = at.object(&["id", "name", "model"])?;
        let model = members.required("model")?;
        if !MODELS.contains(&model.string()?) {
            return model.refuse(Rule::Form("on-premises, iaas, paas or saas"));
        }
        Ok(Self {
            id: members.required("id")?.id()?,
            name: members.required("name")?.line(1, 200)?.to_owned(),
            model: model.string()?.to_owned(),
        })
    }
}

impl Entity {
    fn read(at: At<'_, '_>) -> Result<Self, Refusal> {
        let members = at.object(&["id", "name", "jurisdiction"])?;
        Ok(Self {
            id: members.required("id")?.id()?,
            name: members.required("name")?.line(1, 200)?.to_owned(),
            jurisdiction: members.required("jurisdiction")?.jurisdiction()?,
        })
    }
}

impl Localised {
    pub(super) fn read(at: At<'_, '_>, publisher: &Publisher) -> Result<Self, Refusal> {
        let members = at.members()?;
        let mut found = members.iter().map(|(tag, _)| tag.as_ref());
        if let Some(tag) = found.find(|tag| !publisher.languages.iter().any(|other| other == tag)) {
            return at.refuse(Rule::UnknownMember(tag.to_owned()));
        }
        let text = |tag: &String| match at.member(tag) {
            Some(text) => Ok((tag.clone(), text.text(1, 2_000, Lines::Many)?.to_owned())),
            None => at.refuse(Rule::Relation("the languages are not exactly publisher.languages")),
        };
        Ok(Self(publisher.languages.iter().map(text).collect::<Result<_, _>>()?))
    }

    /// The text in this language.
    pub fn get(&self, language: &str) -> Option<&str> {
        self.iter().find(|(tag, _)| *tag == language).map(|(_, text)| text)
    }

    /// Language tags and texts, the language of record first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(tag, text)| (tag.as_str(), text.as_str()))
    }
}

impl Serialize for Localised {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (tag, text) in &self.0 {
            map.serialize_entry(tag, text)?;
        }
        map.end()
    }
}

impl At<'_, '_> {
    fn contact(&self) -> Result<String, Refusal> {
        let contact = self.string()?;
        let scheme = ["mailto:", "https:"].into_iter().find(|scheme| contact.starts_with(scheme));
        let rest = scheme.map_or("", |scheme| &contact[scheme.len()..]);
        let uri =
            rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte));
        if rest.is_empty() || !uri || contact.len() > 2_000 {
            return self.refuse(Rule::Form("a mailto: or https: URI"));
        }
        Ok(contact.to_owned())
    }
}

fn repeated(items: &[String]) -> Option<&String> {
    let mut seen = std::collections::BTreeSet::new();
    items.iter().find(|item| !seen.insert(*item))
}
