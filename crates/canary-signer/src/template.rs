//! Templates of facts, promises and counters: their words, in English and Chinese, are data.

use std::sync::LazyLock;

use serde::Deserialize;

static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| {
    toml::from_str(include_str!("../data/templates.toml"))
        .expect("the built-in data is well-formed")
});

/// All templates.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Templates {
    /// Facts.
    #[serde(rename = "fact")]
    pub facts: Vec<FactTemplate>,
    /// Promises.
    #[serde(rename = "promise")]
    pub promises: Vec<Template>,
    /// Counters.
    #[serde(rename = "counter")]
    pub counters: Vec<Template>,
}

/// A fact's id, words, tense and layers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactTemplate {
    /// The id.
    pub id: String,
    /// `never` or `current`.
    pub tense: String,
    /// Of the layers of `format.md` §2.2.
    pub layers: Vec<String>,
    en: String,
    zh: String,
}

/// A promise's or counter's id and words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// The id.
    pub id: String,
    en: String,
    zh: String,
    /// Whether only a band is given, never an exact number.
    #[serde(default)]
    pub band_only: bool,
}

/// The built-in templates.
pub fn templates() -> &'static Templates {
    &TEMPLATES
}

impl Templates {
    /// The fact's template with this id.
    pub fn fact(&self, id: &str) -> Option<&FactTemplate> {
        self.facts.iter().find(|template| template.id == id)
    }

    /// The promise's template with this id.
    pub fn promise(&self, id: &str) -> Option<&Template> {
        self.promises.iter().find(|template| template.id == id)
    }

    /// The counter's template with this id.
    pub fn counter(&self, id: &str) -> Option<&Template> {
        self.counters.iter().find(|template| template.id == id)
    }
}

impl FactTemplate {
    /// The words for a language tag, where there are some.
    pub fn text(&self, tag: &str) -> Option<&str> {
        choose(tag, &self.en, &self.zh)
    }
}

impl Template {
    /// The words for a language tag, where there are some.
    pub fn text(&self, tag: &str) -> Option<&str> {
        choose(tag, &self.en, &self.zh)
    }
}

/// The Chinese texts are in simplified characters: other scripts and regions bring their own words.
fn choose<'a>(tag: &str, en: &'a str, zh: &'a str) -> Option<&'a str> {
    let tag = tag.to_ascii_lowercase();
    match tag.split('-').collect::<Vec<_>>()[..] {
        ["en", ..] => Some(en),
        ["zh"] | ["zh", "hans", ..] | ["zh", "cn" | "sg" | "my", ..] => Some(zh),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use canary_format::issue::LAYERS;
    use canary_format::text::is_id;

    use super::*;

    #[test]
    fn every_template_is_well_formed_and_named_once() {
        let all = templates();
        assert_eq!((all.facts.len(), all.promises.len(), all.counters.len()), (18, 3, 3));
        for fact in &all.facts {
            let layers = &fact.layers;
            assert!(is_id(&fact.id) && ["never", "current"].contains(&fact.tense.as_str()));
            assert!(layers == &["all"] || layers.iter().all(|l| LAYERS.contains(&l.as_str())));
        }
        let mut ids: Vec<&str> = all.facts.iter().map(|t| t.id.as_str()).collect();
        ids.extend(all.promises.iter().chain(&all.counters).map(|t| t.id.as_str()));
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn words_are_chosen_by_language() {
        let fact = templates().fact("keys.own").unwrap();
        assert!(fact.text("en-GB").unwrap().starts_with("We have given"));
        assert_eq!(fact.text("zh"), fact.text("zh-Hans-CN"));
        assert!(fact.text("zh-CN").unwrap().starts_with("我们"));
        assert_eq!(fact.text("zh-Hant"), None);
        assert_eq!(fact.text("de"), None);
    }
}
