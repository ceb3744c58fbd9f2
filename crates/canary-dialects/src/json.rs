//! JSON read strictly enough that one text has one meaning: no member twice, bounded depth and size.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::reading::{Issue, Published, Reading, Remark};

/// The most of a canary in JSON that is read, in bytes.
pub(crate) const MAX_DOCUMENT: usize = 1 << 20;

/// A publication that is one document, read unless it is too large.
pub(crate) fn reading(
    published: &Published<'_>,
    what: &str,
    read: impl FnOnce() -> Result<Issue, String>,
) -> Reading {
    let mut reading = Reading::default();
    if published.body.len() > MAX_DOCUMENT {
        reading.remarks.push(Remark::TooLarge(format!("{what} of more than 1 MiB")));
        return reading;
    }
    match read() {
        Ok(issue) => reading.issues.push(issue),
        Err(why) => reading.remarks.push(Remark::Malformed(why)),
    }
    reading
}

/// Parses one document. Nesting is bounded by the parser (128), duplicate members are refused.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
    serde_json::from_str::<Unique>(text.trim_start_matches('\u{feff}'))
        .map(|one| one.0)
        .map_err(|why| why.to_string())
}

struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any).map(Unique)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON in which no member occurs twice")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Unique(value)) = seq.next_element()? {
            all.push(value);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if all.contains_key(&name) {
                return Err(A::Error::custom(format!("member {name} occurs twice")));
            }
            let Unique(value) = map.next_value()?;
            all.insert(name, value);
        }
        Ok(Value::Object(all))
    }
}
