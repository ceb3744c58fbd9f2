//! `ssh-agent`: two requests of its protocol, list and sign (draft-miller-ssh-agent).

use std::io::{self, Read, Write};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::path::Path;
#[cfg(unix)]
use std::time::Duration;

use canary_format::key::{PublicKey, Signature};

/// The greatest answer that is read, in bytes: OpenSSH's own limit.
const MAX_ANSWER: u32 = 262_144;

/// How long one read or write may take. A person may have to confirm on the agent's side.
#[cfg(unix)]
const PATIENCE: Duration = Duration::from_secs(120);

const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

/// An agent did not do what was asked of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// There is no agent to speak with.
    #[error("cannot reach the agent")]
    Connect(#[source] io::Error),
    /// The exchange broke off.
    #[error("the agent broke off")]
    Io(#[source] io::Error),
    /// The agent announced a larger answer than is ever read.
    #[error("the agent's answer is larger than {MAX_ANSWER} bytes")]
    TooLarge,
    /// The answer is not of its form.
    #[error("the agent's answer breaks the protocol")]
    Malformed,
    /// The agent refused: it does not hold the key, is locked, or its owner said no.
    #[error("the agent refused")]
    Refused,
    /// What the agent gave is no signature of this key over these bytes.
    #[error("the agent's signature does not verify")]
    BadSignature,
}

/// A connection to an agent.
#[derive(Debug)]
pub struct Agent<S> {
    stream: S,
}

#[cfg(unix)]
impl Agent<UnixStream> {
    /// Connects to the agent at this socket, as `SSH_AUTH_SOCK` names it.
    ///
    /// # Errors
    ///
    /// No agent is there.
    pub fn connect(socket: &Path) -> Result<Self, AgentError> {
        let connect = || {
            let stream = UnixStream::connect(socket)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(stream)
        };
        connect().map(|stream| Self { stream }).map_err(AgentError::Connect)
    }
}

#[cfg(not(unix))]
impl Agent<std::fs::File> {
    /// Connects to the agent at this named pipe.
    ///
    /// # Errors
    ///
    /// No agent is there.
    pub fn connect(socket: &Path) -> Result<Self, AgentError> {
        let open = std::fs::OpenOptions::new().read(true).write(true).open(socket);
        open.map(|stream| Self { stream }).map_err(AgentError::Connect)
    }
}

impl<S: Read + Write> Agent<S> {
    /// The Ed25519 keys that the agent holds; keys of other algorithms are passed over.
    ///
    /// # Errors
    ///
    /// The exchange failed, or the answer is not of its form.
    pub fn keys(&mut self) -> Result<Vec<PublicKey>, AgentError> {
        let answer = self.ask(&[REQUEST_IDENTITIES], IDENTITIES_ANSWER)?;
        let mut rest = answer.as_slice();
        let count = integer(&mut rest)?;
        let mut keys = Vec::new();
        // No allocation follows the announced count: each turn consumes what is really there.
        for _ in 0..count {
            let blob = field(&mut rest)?;
            field(&mut rest)?;
            keys.extend(PublicKey::from_blob(blob));
        }
        if rest.is_empty() { Ok(keys) } else { Err(AgentError::Malformed) }
    }

    /// Lets the agent sign exactly these bytes with this key, and verifies what it gives.
    ///
    /// # Errors
    ///
    /// The exchange failed, the agent refused, or the signature does not verify.
    pub fn sign(&mut self, key: PublicKey, message: &[u8]) -> Result<Signature, AgentError> {
        let mut request = vec![SIGN_REQUEST];
        for part in [&key.blob(), message] {
            let length = u32::try_from(part.len()).map_err(|_| AgentError::TooLarge)?;
            request.extend(length.to_be_bytes());
            request.extend(part);
        }
        request.extend(0_u32.to_be_bytes());
        let answer = self.ask(&request, SIGN_RESPONSE)?;
        let mut rest = answer.as_slice();
        let mut blob = field(&mut rest)?;
        let (algorithm, signature) = (field(&mut blob)?, field(&mut blob)?);
        if algorithm != b"ssh-ed25519" || !blob.is_empty() || !rest.is_empty() {
            return Err(AgentError::Malformed);
        }
        let signature = Signature(signature.try_into().map_err(|_| AgentError::Malformed)?);
        key.verify(message, &signature).then_some(signature).ok_or(AgentError::BadSignature)
    }

    fn ask(&mut self, request: &[u8], expected: u8) -> Result<Vec<u8>, AgentError> {
        let length = u32::try_from(request.len()).map_err(|_| AgentError::TooLarge)?;
        let mut exchange = || {
            self.stream.write_all(&[&length.to_be_bytes(), request].concat())?;
            self.stream.flush()?;
            let mut head = [0; 4];
            self.stream.read_exact(&mut head)?;
            Ok(u32::from_be_bytes(head))
        };
        let length = exchange().map_err(AgentError::Io)?;
        if length > MAX_ANSWER {
            return Err(AgentError::TooLarge);
        }
        let mut answer = Vec::new();
        (&mut self.stream).take(length.into()).read_to_end(&mut answer).map_err(AgentError::Io)?;
        if answer.len() as u64 != u64::from(length) {
            return Err(AgentError::Io(io::ErrorKind::UnexpectedEof.into()));
        }
        match answer.split_first() {
            Some((kind, body)) if *kind == expected => Ok(body.to_vec()),
            Some((5 | 30, _)) => Err(AgentError::Refused),
            _ => Err(AgentError::Malformed),
        }
    }
}

fn integer(rest: &mut &[u8]) -> Result<u32, AgentError> {
    let (head, tail) = rest.split_first_chunk::<4>().ok_or(AgentError::Malformed)?;
    *rest = tail;
    Ok(u32::from_be_bytes(*head))
}

fn field<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], AgentError> {
    let length = usize::try_from(integer(rest)?).map_err(|_| AgentError::Malformed)?;
    let (field, tail) = rest.split_at_checked(length).ok_or(AgentError::Malformed)?;
    *rest = tail;
    Ok(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An agent that answers with fixed bytes.
    struct Fixed(io::Cursor<Vec<u8>>);

    impl Read for Fixed {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl Write for Fixed {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn agent(answer: &[u8]) -> Agent<Fixed> {
        Agent { stream: Fixed(io::Cursor::new(answer.to_vec())) }
    }

    fn framed(body: &[u8]) -> Vec<u8> {
        [&u32::try_from(body.len()).unwrap().to_be_bytes(), body].concat()
    }

    #[test]
    fn other_algorithms_are_passed_over() {
        let key = PublicKey([7; 32]);
        let body = [
            &[IDENTITIES_ANSWER, 0, 0, 0, 2][..],
            &framed(b"\0\0\0\x07ssh-rsa"),
            &framed(b"old"),
            &framed(&key.blob()),
            &framed(b"ada"),
        ];
        assert_eq!(agent(&framed(&body.concat())).keys().unwrap(), [key]);
    }

    #[test]
    fn answers_that_lie_are_refused() {
        for answer in [
            &b""[..],
            b"\xff\xff\xff\xff",
            b"\0\0\0\x05\x0c\0\0",
            b"\0\0\0\0",
            b"\0\0\0\x05\x0c\xff\xff\xff\xff",
            b"\0\0\0\x05\x0e\0\0\0\0",
            b"\0\0\0\x09\x0c\0\0\0\x01\xff\xff\xff\xff",
            b"\0\0\0\x06\x0c\0\0\0\0x",
        ] {
            assert!(agent(answer).keys().is_err(), "{answer:?}");
            assert!(agent(answer).sign(PublicKey([7; 32]), b"m").is_err(), "{answer:?}");
        }
        assert!(matches!(agent(&framed(&[5])).keys(), Err(AgentError::Refused)));
    }

    #[test]
    fn a_signature_over_other_bytes_is_refused() {
        let blob = [framed(b"ssh-ed25519"), framed(&[1; 64])].concat();
        let answer = [vec![SIGN_RESPONSE], framed(&blob)].concat();
        let signed = agent(&framed(&answer)).sign(PublicKey([7; 32]), b"m");
        assert!(matches!(signed, Err(AgentError::BadSignature)));
    }
}
