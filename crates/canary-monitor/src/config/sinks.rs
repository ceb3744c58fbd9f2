//! `[[sink]]`: where notices go, and where their secrets are.

use std::ops::Range;

use toml::Spanned;

use super::reader::Reader;
use super::sections::http_url;
use crate::sinks::{Secret, SecretError, SinkKind, email, exec, ntfy, webhook};

/// `name`, `name_env` or `name_file`.
fn secret(reader: &mut Reader<'_, '_>, [plain, env, file]: [&'static str; 3]) -> Option<Secret> {
    let found = [
        reader.string(plain).map(|text| Secret::Plain(text.into_inner())),
        from_env(reader, env),
        from_file(reader, file),
    ];
    let mut found = found.into_iter().flatten();
    let first = found.next();
    if found.next().is_some() {
        reader
            .source
            .mistake(reader.span(), format!("give one of `{plain}`, `{env}` and `{file}`"));
    }
    first
}

/// Only from the environment or a file.
pub(super) fn hidden(
    reader: &mut Reader<'_, '_>,
    [env, file]: [&'static str; 2],
) -> Option<Secret> {
    let in_file = from_file(reader, file);
    from_env(reader, env).or(in_file)
}

/// A service may set what is not set where its configuration is checked.
fn from_env(reader: &mut Reader<'_, '_>, name: &'static str) -> Option<Secret> {
    let variable = reader.string(name)?;
    let secret = Secret::Env(variable.get_ref().clone());
    look_at(reader, &secret, variable.span(), || {
        format!("the environment variable is not set here: {:?}", variable.get_ref())
    });
    Some(secret)
}

/// And read what cannot be read there.
fn from_file(reader: &mut Reader<'_, '_>, name: &'static str) -> Option<Secret> {
    let path = reader.string(name)?;
    let secret = Secret::File(reader.source.path(path.get_ref()));
    look_at(reader, &secret, path.span(), || format!("cannot be read here: {:?}", path.get_ref()));
    Some(secret)
}

fn look_at(
    reader: &mut Reader<'_, '_>,
    secret: &Secret,
    span: Range<usize>,
    absent: impl Fn() -> String,
) {
    match secret.reveal() {
        Ok(_) => {}
        Err(error @ SecretError::Empty) => reader.source.mistake(span, error.to_string()),
        Err(_) => reader.source.remark(span, absent()),
    }
}

pub(super) fn sink(reader: &mut Reader<'_, '_>) -> Option<SinkKind> {
    let kind = reader.required("kind")?;
    let url = |reader: &mut Reader<'_, '_>| {
        let url = secret(reader, ["url", "url_env", "url_file"]);
        if url.is_none() {
            reader.source.mistake(reader.span(), "`url`, `url_env` or `url_file` is missing");
        }
        if let Some(plain) = reader.string("url") {
            http_url(reader.source, &plain);
        }
        url
    };
    match kind.get_ref().as_str() {
        "webhook" => {
            let secret = hidden(reader, ["secret_env", "secret_file"]);
            let key = secret.as_ref().and_then(|it| webhook::key(&it.reveal().ok()?).err());
            if let Some(error) = key {
                reader.source.mistake(reader.span(), error.to_string());
            }
            Some(SinkKind::Webhook { url: url(reader)?, secret })
        }
        "alertmanager" => Some(SinkKind::Alertmanager { url: url(reader)? }),
        "slack" | "mattermost" | "discord" => Some(SinkKind::Slack { url: url(reader)? }),
        "ntfy" => {
            let token = hidden(reader, ["token_env", "token_file"]);
            if let Some(plain) = reader.string("url")
                && ntfy::root_and_topic(plain.get_ref()).is_none()
            {
                let message = format!("a URL without a topic: {:?}", plain.get_ref());
                reader.source.mistake(plain.span(), message);
            }
            Some(SinkKind::Ntfy { url: url(reader)?, token })
        }
        "matrix" => {
            let homeserver = reader.required("homeserver");
            let room = reader.required("room");
            let token = hidden(reader, ["token_env", "token_file"]);
            if token.is_none() {
                reader.source.mistake(reader.span(), "`token_env` or `token_file` is missing");
            }
            let homeserver = http_url(reader.source, &homeserver?)?;
            Some(SinkKind::Matrix { homeserver, room: room?.into_inner(), token: token? })
        }
        "email" => {
            let server = reader.required("server");
            let from = reader.required("from");
            let to = reader.strings("to").unwrap_or_default();
            let user = reader.string("user").map(Spanned::into_inner);
            let password = hidden(reader, ["password_env", "password_file"]);
            let ca_file = reader.string("ca_file").map(|path| {
                let file = reader.source.path(path.get_ref());
                if !file.is_file() {
                    let message = format!("cannot be read here: {:?}", path.get_ref());
                    reader.source.remark(path.span(), message);
                }
                file
            });
            if to.is_empty() {
                reader.source.mistake(reader.span(), "`to` is missing");
            }
            for address in to.iter().chain(&from) {
                if address.get_ref().parse::<lettre::message::Mailbox>().is_err() {
                    reader.source.mistake(
                        address.span(),
                        format!("not an address: {:?}", address.get_ref()),
                    );
                }
            }
            let server = server?;
            if let Err(message) = email::check_server(server.get_ref()) {
                reader.source.mistake(server.span(), message);
            }
            let to = to.into_iter().map(Spanned::into_inner).collect();
            let (server, from) = (server.into_inner(), from?.into_inner());
            Some(SinkKind::Email { server, user, password, from, to, ca_file })
        }
        "exec" => {
            let command = reader.strings("command").unwrap_or_default();
            match command.first() {
                Some(program) if !exec::is_there(program.get_ref()) => {
                    let message = format!("there is no such program here: {:?}", program.get_ref());
                    reader.source.remark(program.span(), message);
                }
                Some(_) => {}
                None => reader.source.mistake(reader.span(), "`command` is missing"),
            }
            Some(SinkKind::Exec {
                command: command.into_iter().map(Spanned::into_inner).collect(),
                environment: reader.words("environment"),
                timeout: reader.duration("timeout", "1s", "2m").unwrap_or(30),
            })
        }
        other => {
            let kinds =
                "webhook, alertmanager, email, slack, mattermost, discord, matrix, ntfy, exec";
            reader
                .source
                .mistake(kind.span(), format!("no sink of kind {other:?}; there are {kinds}"));
            None
        }
    }
}
