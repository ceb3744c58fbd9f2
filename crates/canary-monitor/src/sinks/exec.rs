//! A program, for everything else: the notice as JSON on its standard input, the main parts in
//! `CANARY_*` variables. Nothing from outside becomes part of the command.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::SendError;
use crate::notice::Notice;

/// `CANARY_TEXT` has so many bytes at most: systems bound a variable (Linux to 128 KiB) or all of them
/// together (Windows to 32,767 characters). Everything is on the standard input.
const TEXT: usize = 8 * 1_024;

pub(super) async fn send(
    command: &[String],
    environment: &BTreeMap<String, String>,
    timeout: i64,
    input: &str,
    notice: &Notice,
) -> Result<(), SendError> {
    let Some((program, arguments)) = command.split_first() else { return Err(SendError::Server) };
    let no_nul = |text: &str| text.replace('\0', "");
    let mut child = Command::new(program)
        .args(arguments)
        .envs(environment)
        .env("CANARY_KEY", &notice.key)
        .env("CANARY_TITLE", no_nul(&notice.title))
        .env("CANARY_TEXT", no_nul(&notice.text_within(TEXT, str::len)))
        .env("CANARY_SEVERITY", notice.severity.to_string())
        .env("CANARY_STATE", notice.state.to_string())
        .env("CANARY_URL", no_nul(&notice.target.url))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(SendError::Exec)?;
    let limit = Duration::from_secs(timeout.clamp(1, 120).unsigned_abs());
    let run = async {
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not read its input is judged by its status alone.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
        child.wait().await
    };
    match tokio::time::timeout(limit, run).await {
        Err(_) => Err(SendError::Timeout),
        Ok(Err(error)) => Err(SendError::Exec(error)),
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(SendError::Status(status)),
    }
}

/// Whether a program is there, as it is looked for when it is run: a path, or a name in `PATH`.
pub(crate) fn is_there(program: &str) -> bool {
    let names = [program.to_owned(), format!("{program}{}", std::env::consts::EXE_SUFFIX)];
    let is_file = |folder: &Path| names.iter().any(|name| folder.join(name).is_file());
    if program.contains(std::path::is_separator) {
        return is_file(Path::new(""));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| is_file(&folder))
}
