//! The members of two issues that differ, by path; things with an id or name are matched by it.

use canary_format::issue::Issue;
use serde::Serialize;
use serde_json::{Map, Value};

/// A member that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberChange {
    /// Where: `publisher.entities[example].name`, say.
    pub member: String,
    /// Its value in the earlier issue; null where it is not there.
    pub before: Value,
    /// Its value in the later issue; null where it is not there.
    pub after: Value,
}

/// The members that are compared elsewhere, or differ in every issue.
const LEFT_OUT: [&str; 7] =
    ["number", "previous", "as_of", "next_due", "expires", "facts", "not_before"];

/// Every member that differs, apart from facts, number, dates and evidence.
pub fn members(before: &Issue, after: &Issue) -> Vec<MemberChange> {
    let value = |issue: &Issue| {
        let mut value = serde_json::to_value(issue).expect("an issue has string keys");
        if let Value::Object(members) = &mut value {
            members.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
        }
        value
    };
    let mut changes = Vec::new();
    compare("", &value(before), &value(after), &mut changes);
    changes
}

fn compare(path: &str, before: &Value, after: &Value, changes: &mut Vec<MemberChange>) {
    let keyed = |value: &Value| by_name(value);
    let (before_members, after_members) = match (before, after) {
        _ if before == after => return,
        (Value::Object(before), Value::Object(after)) => (before.clone(), after.clone()),
        _ => match (keyed(before), keyed(after)) {
            // A list that came or went is compared thing by thing too.
            (Some(before), Some(after)) if !before.is_empty() || !after.is_empty() => {
                let same_things = before == after;
                if same_things {
                    let (before, after) = (names(&before), names(&after));
                    let member = format!("{path} (order)");
                    changes.push(MemberChange { member, before, after });
                    return;
                }
                (before, after)
            }
            _ => {
                let member = path.to_owned();
                changes.push(MemberChange { member, before: before.clone(), after: after.clone() });
                return;
            }
        },
    };
    let in_list = !matches!((before, after), (Value::Object(_), Value::Object(_)));
    let mut all: Vec<&String> = before_members.keys().collect();
    all.extend(after_members.keys().filter(|name| !before_members.contains_key(*name)));
    for name in all {
        let path = match (path, in_list) {
            ("", _) => name.clone(),
            (path, true) => format!("{path}[{name}]"),
            (path, false) => format!("{path}.{name}"),
        };
        let member = |members: &Map<String, Value>| members.get(name).cloned();
        let (before, after) = (member(&before_members), member(&after_members));
        compare(&path, &before.unwrap_or(Value::Null), &after.unwrap_or(Value::Null), changes);
    }
}

/// The things of a list by their `id` or `name`. Nothing at all is an empty list; a list of anything
/// else has no names.
fn by_name(value: &Value) -> Option<Map<String, Value>> {
    let list = match value {
        Value::Null => return Some(Map::new()),
        Value::Array(list) => list,
        _ => return None,
    };
    let mut things = Map::new();
    for thing in list {
        let name = thing.get("id").or_else(|| thing.get("name"))?.as_str()?;
        if things.insert(name.to_owned(), thing.clone()).is_some() {
            return None;
        }
    }
    Some(things)
}

fn names(things: &Map<String, Value>) -> Value {
    things.keys().cloned().map(Value::String).collect()
}
