//! A fact's scope in words, in English and, where the publisher speaks it, in Chinese. Ids become
//! the names they stand for; names stay as they are signed.

use canary_format::issue::{
    Fact, Issue, LAYERS, ROLES, SCOPE_IN_CHINESE, SCOPE_IN_ENGLISH, ScopeWords,
    is_simplified_chinese,
};

/// The words of one language, in the order of the scope's members.
struct Words {
    members: [&'static str; 6],
    all: [&'static str; 5],
    scope_words: ScopeWords,
}

const ENGLISH: Words = Words {
    members: ["said by", "services", "acting as", "layers", "where", "not covered"],
    all: ["all our entities", "all our services", "every role", "all layers", "all jurisdictions"],
    scope_words: SCOPE_IN_ENGLISH,
};

const CHINESE: Words = Words {
    members: ["声明主体", "服务", "角色", "层", "法域", "不包括"],
    all: ["本方全部主体", "本方全部服务", "任何角色", "所有层", "所有法域"],
    scope_words: SCOPE_IN_CHINESE,
};

/// Names of the scope's members, and what they say.
pub(super) fn in_words(issue: &Issue, fact: &Fact) -> Vec<(&'static str, String)> {
    let mut out = rows(&ENGLISH, issue, fact);
    if issue.publisher.languages.iter().any(|tag| is_simplified_chinese(tag)) {
        out.extend(rows(&CHINESE, issue, fact));
    }
    out
}

/// Every member in English, with one for what is not covered in any case.
pub(crate) fn in_english(issue: &Issue, fact: &Fact) -> Vec<(&'static str, String)> {
    let mut out = rows(&ENGLISH, issue, fact);
    if fact.scope.excludes.is_none() {
        out.push((ENGLISH.members[5], "nothing".to_owned()));
    }
    out
}

fn rows(words: &Words, issue: &Issue, fact: &Fact) -> Vec<(&'static str, String)> {
    let scope = &fact.scope;
    let entity = |id: &String| {
        let entity = issue.publisher.entities.iter().find(|entity| entity.id == *id);
        entity.map_or_else(|| id.clone(), |e| format!("{} ({})", e.name, e.jurisdiction))
    };
    let service = |id: &String| {
        let service = issue.publisher.services.iter().find(|service| service.id == *id);
        service.map_or_else(|| id.clone(), |s| format!("{} ({})", s.name, s.model))
    };
    let role = |id: &String| word(&ROLES, &words.scope_words.roles, id);
    let layer = |id: &String| word(&LAYERS, &words.scope_words.layers, id);
    let [entities, services, roles, layers, jurisdictions] = words.all;
    let said = [
        named(&scope.entities, entities, entity),
        named(&scope.services, services, service),
        named(&scope.roles, roles, role),
        named(&scope.layers, layers, layer),
        named(&scope.jurisdictions, jurisdictions, String::clone),
    ];
    let mut out: Vec<_> = words.members.into_iter().zip(said).collect();
    if let Some(excludes) = &scope.excludes {
        out.push((words.members[5], excludes.join("; ")));
    }
    out
}

fn word(ids: &[&str], words: &[&str], id: &str) -> String {
    let at = ids.iter().position(|known| *known == id);
    at.map_or(id, |at| words[at]).to_owned()
}

fn named(names: &[String], all: &str, name: impl Fn(&String) -> String) -> String {
    if names == ["all"] {
        return all.to_owned();
    }
    names.iter().map(name).collect::<Vec<_>>().join(", ")
}
