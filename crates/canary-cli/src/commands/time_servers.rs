//! Time servers: what they bear out about now, for a machine whose clock is in doubt.

use std::path::Path;
use std::time::Duration;

use canary_verifier::fetch::time_servers::ask;
use canary_verifier::roughtime::{MAX_LIST, TimeBounds, TimeServer, read_list};

use crate::error::{Failure, Kind};
use crate::runtime::run;
use crate::{input, output};

/// How long all servers together may take.
const PATIENCE: Duration = Duration::from_secs(4);

/// Asks the servers of a list. A server that gives no time is named; the others go on.
pub(super) fn bounds(list: &Path) -> Result<TimeBounds, Failure> {
    let servers = read(list)?;
    let mut nonces = vec![[0; 32]; servers.len()];
    for nonce in &mut nonces {
        getrandom::fill(nonce).map_err(|error| {
            Failure::new(Kind::Io, format!("the system gave no random bytes: {error}"))
        })?;
    }
    let asked = run(ask(&servers, &nonces, PATIENCE))?;
    let mut answers = Vec::new();
    for (server, answer) in servers.iter().zip(asked) {
        match answer {
            Ok(answer) => answers.push(answer),
            Err(error) => {
                output::progress(&output::inert(&format!("time server {}: {error}", server.name)));
            }
        }
    }
    let bounds = TimeBounds::of(&answers, servers.len());
    if bounds == TimeBounds::default() {
        let (some, all) = (answers.len(), servers.len());
        output::progress(&format!(
            "warning: {some} of {all} time servers gave the time, not more than half: this \
             machine's clock is taken as it is"
        ));
    }
    Ok(bounds)
}

fn read(path: &Path) -> Result<Vec<TimeServer>, Failure> {
    read_list(&input::read(path, MAX_LIST)?).map_err(|error| {
        Failure::from_error(Kind::Config, &error)
            .hint("a list of Roughtime servers is JSON as in RFC 10049 §8.3: see docs/verifying.md")
    })
}
