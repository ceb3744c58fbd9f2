//! Facts followed from issue to issue.

use canary_format::digest::Digest;
use canary_verifier::report::{Code, FactState, Finding, Severity};

use crate::Timestamp;
use crate::prose::{Statement, Tone, likeness};

/// From here on two statements are one in other words, not two.
const ALIKE: f64 = 0.6;
/// The most facts that are followed.
const MAX_FACTS: usize = 4096;

/// The life of one fact.
#[derive(Debug, Clone)]
pub struct FactLife {
    /// Its id: that of its first wording.
    pub id: String,
    /// Its words as last affirmed.
    pub text: String,
    /// When it was first affirmed.
    pub first: Timestamp,
    /// When it was last affirmed.
    pub last: Timestamp,
    /// The issue that last affirmed it.
    pub last_issue: u64,
    /// Whether the newest authentic issue affirms it.
    pub state: FactState,
    statement: Statement,
}

impl FactLife {
    /// The digest of its words as last affirmed.
    pub fn digest(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }
}

/// Takes the statements of the next authentic issue into the facts known so far, and says what changed.
pub(crate) fn follow(
    facts: &mut Vec<FactLife>,
    number: u64,
    at: Timestamp,
    statements: &[Statement],
    findings: &mut Vec<Finding>,
) {
    let first_issue = facts.is_empty();
    let mut taken = vec![false; statements.len()];
    let mut held = vec![false; facts.len()];
    // The same words first, then the same name (codes and fields), then words that are alike, the most alike first.
    for (place, fact) in facts.iter_mut().enumerate() {
        let same = (0..statements.len())
            .find(|at| !taken[*at] && statements[*at].key == fact.statement.key);
        if let Some(found) = same {
            taken[found] = true;
            held[place] = true;
            affirm(fact, number, at, &statements[found], findings);
        }
    }
    let mut pairs = Vec::new();
    for (place, fact) in facts
        .iter()
        .enumerate()
        .filter(|(place, fact)| !held[*place] && fact.state == FactState::Affirmed)
    {
        for (other, statement) in statements.iter().enumerate().filter(|(other, _)| !taken[*other])
        {
            let alike =
                if statement.id == fact.id { 1.0 } else { likeness(&fact.statement, statement) };
            if alike >= ALIKE {
                pairs.push((alike, place, other));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    for (_, place, other) in pairs {
        if held[place] || taken[other] {
            continue;
        }
        held[place] = true;
        taken[other] = true;
        let (fact, statement) = (&mut facts[place], &statements[other]);
        let message = format!("was \"{}\", is \"{}\"", fact.text, statement.text);
        findings.push(
            Finding::new(Code::FactReworded, Severity::Alarm, message)
                .issue(number)
                .fact(&fact.id)
                .since(at),
        );
        fact.statement = statement.clone();
        fact.text = statement.text.clone();
        fact.last = at;
        fact.last_issue = number;
    }
    for (fact, _) in facts
        .iter_mut()
        .zip(&held)
        .filter(|(fact, held)| !**held && fact.state == FactState::Affirmed)
    {
        fact.state = FactState::Absent;
        let message = format!("not affirmed any more: \"{}\"", fact.text);
        findings.push(
            Finding::new(Code::FactAbsent, Severity::Alarm, message)
                .issue(number)
                .fact(&fact.id)
                .since(fact.last),
        );
    }
    for (statement, _) in statements
        .iter()
        .zip(&taken)
        .filter(|(statement, taken)| !**taken && statement.tone == Tone::Fact)
    {
        if facts.len() == MAX_FACTS {
            break;
        }
        let id = free(facts, &statement.id);
        if !first_issue {
            findings.push(
                Finding::new(
                    Code::FactAdded,
                    Severity::Alive,
                    format!("new: \"{}\"", statement.text),
                )
                .issue(number)
                .fact(&id)
                .since(at),
            );
        }
        facts.push(FactLife {
            id,
            text: statement.text.clone(),
            first: at,
            last: at,
            last_issue: number,
            state: FactState::Affirmed,
            statement: statement.clone(),
        });
    }
}

fn affirm(
    fact: &mut FactLife,
    number: u64,
    at: Timestamp,
    statement: &Statement,
    findings: &mut Vec<Finding>,
) {
    if fact.state != FactState::Affirmed {
        fact.state = FactState::Affirmed;
        let message = format!("affirmed again after an absence: \"{}\"", statement.text);
        findings.push(
            Finding::new(Code::FactReaffirmed, Severity::Attention, message)
                .issue(number)
                .fact(&fact.id)
                .since(at),
        );
    }
    if fact.statement.counters != statement.counters {
        let list =
            |counters: &[u64]| counters.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        let message =
            format!("was {}, is {}", list(&fact.statement.counters), list(&statement.counters));
        findings.push(
            Finding::new(Code::CounterChanged, Severity::Alive, message)
                .issue(number)
                .fact(&fact.id)
                .since(at),
        );
    }
    fact.statement = statement.clone();
    fact.text = statement.text.clone();
    fact.last = at;
    fact.last_issue = number;
}

/// Ids stay unique: a fact that comes back in an id that another wording took gets a number.
fn free(facts: &[FactLife], id: &str) -> String {
    let used = |id: &str| facts.iter().any(|fact| fact.id == id);
    if !used(id) {
        return id.to_owned();
    }
    (2..)
        .map(|n| format!("{id}.{n}"))
        .find(|id| !used(id))
        .expect("numbers do not run out before facts do")
}
