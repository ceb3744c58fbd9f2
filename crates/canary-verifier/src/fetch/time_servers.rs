//! Carries Roughtime's datagrams: one socket for each server, all servers at once.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::net::{UdpSocket, lookup_host};
use tokio::time::{Instant, timeout};

use crate::roughtime::{Answer, AnswerError, MAX_ANSWER, Question, TimeServer};

/// How often a server is asked before it counts as silent: a datagram may get lost.
const ATTEMPTS: u32 = 2;

/// Why a server gave no time.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// Its name has no address, or the system refused.
    #[error("it could not be asked")]
    Io(#[from] io::Error),
    /// Nothing came back in time.
    #[error("it did not answer")]
    Silent,
    /// What came back shows nothing.
    #[error(transparent)]
    Answer(#[from] AnswerError),
}

/// Asks every server at once, each for at most `patience`; nonces must be random, one for each.
///
/// An answer's `latest` is brought up to the moment of its arrival.
pub async fn ask(
    servers: &[TimeServer],
    nonces: &[[u8; 32]],
    patience: Duration,
) -> Vec<Result<Answer, AskError>> {
    let asked = servers.iter().zip(nonces).map(|(server, nonce)| async move {
        let question = Question::new(server, *nonce);
        timeout(patience, ask_one(&server.address, &question, patience / ATTEMPTS))
            .await
            .unwrap_or(Err(AskError::Silent))
    });
    join_all(asked).await
}

async fn ask_one(
    address: &str,
    question: &Question,
    patience: Duration,
) -> Result<Answer, AskError> {
    let absent = || io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let address = lookup_host(address).await?.next().ok_or_else(absent)?;
    let local: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(local).await?;
    // A connected socket takes datagrams from this address only.
    socket.connect(address).await?;
    let mut last = AskError::Silent;
    for _ in 0..ATTEMPTS {
        let sent = Instant::now();
        socket.send(question.datagram()).await?;
        match timeout(patience, answer(&socket, question)).await {
            Ok(Ok(answer)) => {
                let waited = i64::try_from(sent.elapsed().as_secs()).unwrap_or(i64::MAX);
                let latest = answer.latest.plus(waited.saturating_add(1));
                return Ok(Answer { latest, ..answer });
            }
            Ok(Err(error)) => last = error,
            Err(_) => {}
        }
    }
    Err(last)
}

async fn answer(socket: &UdpSocket, question: &Question) -> Result<Answer, AskError> {
    // One byte more than any answer has, so that a longer datagram is seen to be one.
    let mut datagram = [0; MAX_ANSWER + 1];
    let length = socket.recv(&mut datagram).await?;
    Ok(question.verify(&datagram[..length])?)
}
