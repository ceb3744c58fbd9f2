//! Strict JSON (`format.md` §2): no duplicate members, no inexact numbers, bounded depth.
//!
//! `serde_json` reads the grammar; this module adds what RFC 8259 leaves open and keeps
//! strings borrowed from the input where they hold no escapes.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::refusal::{Place, Refusal, Rule};

/// Objects and arrays may lie inside one another to this depth.
const MAX_DEPTH: usize = 16;

/// No object of the format has so many members, so a larger one holds an unknown or duplicate
/// one. Stopping here keeps the search for duplicates linear.
const MAX_MEMBERS: usize = 64;

const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

#[derive(Debug, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool,
    Integer(i64),
    String(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// Reads one JSON document; `name` is what its place is called in a refusal.
pub(crate) fn parse<'a>(bytes: &'a [u8], name: &str) -> Result<Json<'a>, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::malformed(name, Rule::Utf8))?;
    let broken = Cell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let node = Node { depth: 0, broken: &broken };
    node.deserialize(&mut deserializer).and_then(|json| deserializer.end().map(|()| json)).map_err(
        |error| {
            let place = format!("{name} line {} column {}", error.line(), error.column());
            let rule = broken.take().unwrap_or_else(|| Rule::Json(syntax(&error.to_string())));
            Refusal::malformed(place, rule)
        },
    )
}

/// The place is said once, by the refusal.
fn syntax(message: &str) -> String {
    match message.rfind(" at line ") {
        Some(end) => message[..end].to_owned(),
        None => message.to_owned(),
    }
}

struct Node<'c> {
    depth: usize,
    broken: &'c Cell<Option<Rule>>,
}

impl Node<'_> {
    fn refuse<T, E: Error>(&self, rule: Rule) -> Result<T, E> {
        let error = E::custom(&rule);
        self.broken.set(Some(rule));
        Err(error)
    }

    fn child(&self) -> Node<'_> {
        Node { depth: self.depth + 1, broken: self.broken }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Json::Bool)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        match i64::try_from(value) {
            Ok(integer) if value <= MAX_SAFE_INTEGER => Ok(Json::Integer(integer)),
            _ => self.refuse(Rule::Number),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        if value.unsigned_abs() <= MAX_SAFE_INTEGER {
            Ok(Json::Integer(value))
        } else {
            self.refuse(Rule::Number)
        }
    }

    // `serde_json` gives a float for a fraction, an exponent, `-0` and what exceeds 64 bits.
    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        self.refuse(Rule::Number)
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Json::String(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Json::String(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        if self.depth == MAX_DEPTH {
            return self.refuse(Rule::TooDeep(MAX_DEPTH));
        }
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(self.child())? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        if self.depth == MAX_DEPTH {
            return self.refuse(Rule::TooDeep(MAX_DEPTH));
        }
        let mut members: Vec<(Cow<'de, str>, Json<'de>)> = Vec::new();
        while let Some(name) = access.next_key_seed(Name)? {
            if members.iter().any(|(other, _)| *other == name) {
                return self.refuse(Rule::DuplicateMember(name.into_owned()));
            }
            if members.len() == MAX_MEMBERS {
                return self.refuse(Rule::UnknownMember(name.into_owned()));
            }
            let value = access.next_value_seed(self.child())?;
            members.push((name, value));
        }
        Ok(Json::Object(members))
    }
}

struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_owned()))
    }
}

/// A value and the place it stands at: what every rule of the format is checked on.
#[derive(Clone, Copy)]
pub(crate) struct At<'a, 'j> {
    value: &'a Json<'j>,
    pub(crate) place: Place<'a>,
}

impl<'a, 'j> At<'a, 'j> {
    pub(crate) fn root(value: &'a Json<'j>, name: &'a str) -> Self {
        Self { value, place: Place::root(name) }
    }

    pub(crate) fn refuse<T>(&self, rule: Rule) -> Result<T, Refusal> {
        self.place.refuse(rule)
    }

    pub(crate) fn is_null(&self) -> bool {
        *self.value == Json::Null
    }

    pub(crate) fn string(&self) -> Result<&'a str, Refusal> {
        match self.value {
            Json::String(string) => Ok(string),
            _ => self.refuse(Rule::Type("a string")),
        }
    }

    pub(crate) fn integer(&self, min: i64, max: i64) -> Result<i64, Refusal> {
        match *self.value {
            Json::Integer(found) if (min..=max).contains(&found) => Ok(found),
            Json::Integer(found) => self.refuse(Rule::Range { min, max, found }),
            _ => self.refuse(Rule::Type("an integer")),
        }
    }

    /// Reads every item of an array of `min` to `max` items.
    pub(crate) fn list<T>(
        &self,
        min: usize,
        max: usize,
        read: impl Fn(At<'_, 'j>) -> Result<T, Refusal>,
    ) -> Result<Vec<T>, Refusal> {
        let Json::Array(items) = self.value else {
            return self.refuse(Rule::Type("an array"));
        };
        if !(min..=max).contains(&items.len()) {
            return self.refuse(Rule::Count { min, max, found: items.len(), unit: "items" });
        }
        let item = |(index, value)| {
            let place = self.place.index(index);
            read(At { value, place })
        };
        items.iter().enumerate().map(item).collect()
    }

    /// The members of an object, each by a name of `known`; any other name is refused.
    pub(crate) fn object(&'a self, known: &[&str]) -> Result<Members<'a, 'j>, Refusal> {
        let members = self.members()?;
        match members.iter().find(|(name, _)| !known.contains(&&**name)) {
            Some((name, _)) => self.refuse(Rule::UnknownMember(name.to_string())),
            None => Ok(Members { members, place: &self.place }),
        }
    }

    /// The member of an object by a name that is data.
    pub(crate) fn member(&'a self, name: &'a str) -> Option<At<'a, 'j>> {
        let Json::Object(members) = self.value else {
            return None;
        };
        let (_, value) = members.iter().find(|(other, _)| other == name)?;
        let place = self.place.member(name);
        Some(At { value, place })
    }

    /// The members of an object whose names are data.
    pub(crate) fn members(&self) -> Result<&'a [(Cow<'j, str>, Json<'j>)], Refusal> {
        match self.value {
            Json::Object(members) => Ok(members),
            _ => self.refuse(Rule::Type("an object")),
        }
    }
}

/// The members of one object, taken by name.
pub(crate) struct Members<'a, 'j> {
    members: &'a [(Cow<'j, str>, Json<'j>)],
    place: &'a Place<'a>,
}

impl<'a, 'j> Members<'a, 'j> {
    pub(crate) fn optional(&self, name: &'static str) -> Option<At<'a, 'j>> {
        let (_, value) = self.members.iter().find(|(other, _)| other == name)?;
        let place = self.place.member(name);
        Some(At { value, place })
    }

    pub(crate) fn required(&self, name: &'static str) -> Result<At<'a, 'j>, Refusal> {
        self.optional(name).map_or_else(|| self.place.refuse(Rule::MissingMember(name)), Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Rule {
        match parse(text.as_bytes(), "payload") {
            Err(Refusal::Malformed { rule, .. }) => rule,
            other => panic!("{text} gave {other:?}"),
        }
    }

    #[test]
    fn duplicates_are_found_after_unescaping_and_at_any_depth() {
        assert_eq!(rule(r#"{"a":[{"b":1,"\u0062":2}]}"#), Rule::DuplicateMember("b".into()));
    }

    #[test]
    fn numbers_are_exact_integers() {
        for text in
            ["-0", "1.0", "1e3", "9007199254740992", "-9007199254740992", "18446744073709551616"]
        {
            assert_eq!(rule(text), Rule::Number, "{text}");
        }
        for text in ["01", "+1", ".5", "1.", "0x1", "NaN", "--1", "1E400"] {
            assert!(matches!(rule(text), Rule::Json(_) | Rule::Number), "{text}");
        }
        assert_eq!(parse(b"9007199254740991", "n"), Ok(Json::Integer(9_007_199_254_740_991)));
        assert_eq!(parse(b"0", "n"), Ok(Json::Integer(0)));
    }

    #[test]
    fn sixteen_levels_are_read_and_seventeen_refused() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(nested(16).as_bytes(), "payload").is_ok());
        assert_eq!(rule(&nested(17)), Rule::TooDeep(16));
        assert_eq!(rule(&nested(100_000)), Rule::TooDeep(16));
    }

    #[test]
    fn what_is_not_one_json_document_is_refused() {
        for text in ["", "{} {}", "\u{feff}{}", "{,}", "[1,]", "'a'", "{} //"] {
            assert!(matches!(rule(text), Rule::Json(_)), "{text}");
        }
        assert!(matches!(rule(r#""\ud800""#), Rule::Json(_)));
        assert!(matches!(rule(r#""\udc00\ud800""#), Rule::Json(_)));
        assert_eq!(parse(b"\"\xff\"", "payload"), Err(Refusal::malformed("payload", Rule::Utf8)));
    }

    #[test]
    fn an_object_of_absurd_size_is_refused_at_once() {
        let many: Vec<String> = (0..65).map(|n| format!("\"m{n}\":0")).collect();
        assert_eq!(rule(&format!("{{{}}}", many.join(","))), Rule::UnknownMember("m64".into()));
    }
}
