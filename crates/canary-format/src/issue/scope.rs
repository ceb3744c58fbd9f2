//! How two scopes compare, from their sets only (`verdicts.md` §3).

use std::collections::BTreeSet;

use super::fact::Scope;

/// How a scope differs from an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeChange {
    /// It lies within the earlier one.
    Narrowed,
    /// It contains the earlier one.
    Widened,
    /// Neither contains the other.
    Changed,
}

/// Compares two scopes: `all` contains everything, and more excludes is narrower. `None` where they
/// are the same sets.
pub fn compare_scopes(earlier: &Scope, scope: &Scope) -> Option<ScopeChange> {
    match (contains(earlier, scope), contains(scope, earlier)) {
        (true, true) => None,
        (true, false) => Some(ScopeChange::Narrowed),
        (false, true) => Some(ScopeChange::Widened),
        (false, false) => Some(ScopeChange::Changed),
    }
}

fn contains(outer: &Scope, inner: &Scope) -> bool {
    let lists = [
        (&outer.entities, &inner.entities),
        (&outer.services, &inner.services),
        (&outer.roles, &inner.roles),
        (&outer.layers, &inner.layers),
        (&outer.jurisdictions, &inner.jurisdictions),
    ];
    let excludes =
        |scope: &Scope| scope.excludes.iter().flatten().cloned().collect::<BTreeSet<String>>();
    lists.into_iter().all(|(outer, inner)| list_contains(outer, inner))
        && excludes(outer).is_subset(&excludes(inner))
}

fn list_contains(outer: &[String], inner: &[String]) -> bool {
    let all = |list: &[String]| list == ["all"];
    all(outer) || (!all(inner) && inner.iter().all(|item| outer.contains(item)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(layers: &[&str], excludes: &[&str]) -> Scope {
        let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>();
        Scope {
            entities: list(&["all"]),
            services: list(&["all"]),
            roles: list(&["processor"]),
            layers: list(layers),
            jurisdictions: list(&["DE"]),
            excludes: (!excludes.is_empty()).then(|| list(excludes)),
        }
    }

    #[test]
    fn sets_are_compared_and_all_contains_everything() {
        let two = scope(&["iam", "os"], &[]);
        for (later, change) in [
            (scope(&["os", "iam"], &[]), None),
            (scope(&["os", "os", "iam"], &[]), None),
            (scope(&["os"], &[]), Some(ScopeChange::Narrowed)),
            (scope(&["iam", "os"], &["a lab"]), Some(ScopeChange::Narrowed)),
            (scope(&["all"], &[]), Some(ScopeChange::Widened)),
            (scope(&["iam", "os", "network"], &[]), Some(ScopeChange::Widened)),
            (scope(&["network"], &[]), Some(ScopeChange::Changed)),
            (scope(&["all"], &["a lab"]), Some(ScopeChange::Changed)),
        ] {
            assert_eq!(compare_scopes(&two, &later), change, "{later:?}");
        }
        let all = scope(&["all"], &[]);
        assert_eq!(compare_scopes(&all, &two), Some(ScopeChange::Narrowed));
        assert_eq!(compare_scopes(&all, &all), None);
    }
}
