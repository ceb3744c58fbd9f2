//! How many checks run at once, overall and per host: a slow host cannot hold up the others.

use std::collections::HashMap;

/// Counts checks under way.
#[derive(Debug)]
pub struct Gate {
    overall: usize,
    per_host: usize,
    running: usize,
    hosts: HashMap<String, usize>,
}

impl Gate {
    /// At most `overall` checks at once, and `per_host` to one host.
    pub fn new(overall: usize, per_host: usize) -> Self {
        Self { overall, per_host, running: 0, hosts: HashMap::new() }
    }

    /// New caps; what runs goes on.
    pub fn resize(&mut self, overall: usize, per_host: usize) {
        (self.overall, self.per_host) = (overall, per_host);
    }

    /// How many more checks may start.
    pub fn free(&self) -> usize {
        self.overall.saturating_sub(self.running)
    }

    /// How many run.
    pub fn running(&self) -> usize {
        self.running
    }

    /// Whether a check to this host may start now; counts it where it may.
    pub fn enter(&mut self, host: &str) -> bool {
        let at_host = self.hosts.get(host).copied().unwrap_or(0);
        if self.running >= self.overall || at_host >= self.per_host {
            return false;
        }
        self.running += 1;
        self.hosts.insert(host.to_owned(), at_host + 1);
        true
    }

    /// A check to this host ended.
    pub fn leave(&mut self, host: &str) {
        self.running = self.running.saturating_sub(1);
        if let Some(count) = self.hosts.get_mut(host) {
            *count -= 1;
            if *count == 0 {
                self.hosts.remove(host);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_cannot_take_every_place() {
        let mut gate = Gate::new(3, 2);
        assert!(gate.enter("a") && gate.enter("a") && !gate.enter("a"));
        assert!(gate.enter("b") && !gate.enter("c"));
        gate.leave("a");
        assert!(gate.enter("c") && gate.free() == 0);
    }
}
