//! One TCP connection to another device: the handshake, and messages in turns. Nothing waits for ever.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use techo_core::sync::direct::{Conversation, Holdings, Talked};
use techo_protocol::basics::agreement::{AgreementKey, AgreementPublic};
use techo_protocol::basics::random::Random;
use techo_protocol::household::direct::{ANSWER_BYTES, Accepted, Connecting, OPENING_BYTES, Salt, Session, accept};

use super::LanError;
use super::nearby::MeetError;

/// How long an address may take to answer at all.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a caller has to say who it is.
const OPENING: Duration = Duration::from_secs(5);
/// How long the other may be busy with a third device, or with storing a page.
const TURN: Duration = Duration::from_mins(1);
const READ_BYTES: usize = 64 * 1024;

/// A connection on which both know who the other is.
pub struct Connection {
    stream: TcpStream,
    session: Session,
}

impl Connection {
    /// Calls a device at the first of its addresses that answers.
    ///
    /// # Errors
    /// [`LanError::Cut`], or it is another device.
    pub fn call(
        addresses: &[SocketAddr],
        own: &AgreementKey,
        peer: &AgreementPublic,
        listening: &Salt,
        random: &dyn Random,
    ) -> Result<Self, MeetError> {
        let connected = addresses
            .iter()
            .find_map(|address| TcpStream::connect_timeout(address, CONNECT).ok());
        Self::call_over(connected.ok_or(LanError::Cut)?, own, peer, listening, random)
    }

    /// Calls the device at the other end of a connection that stands.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub fn call_over(
        mut stream: TcpStream,
        own: &AgreementKey,
        peer: &AgreementPublic,
        listening: &Salt,
        random: &dyn Random,
    ) -> Result<Self, MeetError> {
        prepare(&stream)?;
        let (connecting, opening) = Connecting::new(own, peer, listening, random)?;
        stream.write_all(&opening).map_err(|_| LanError::Cut)?;
        let mut answer = [0; ANSWER_BYTES];
        read_until(&mut stream, &mut answer, Instant::now() + TURN)?;
        let session = connecting.finish(&answer)?;
        Ok(Self { stream, session })
    }

    /// Lets a caller in, and says which of `peers` it is. A stranger is told nothing, and has a few seconds only.
    ///
    /// # Errors
    /// It is a stranger, or says nothing.
    pub fn answer(
        mut stream: TcpStream,
        own: &AgreementKey,
        peers: &[AgreementPublic],
        listening: &Salt,
        random: &dyn Random,
    ) -> Result<(usize, Self), MeetError> {
        prepare(&stream)?;
        let mut opening = [0; OPENING_BYTES];
        read_until(&mut stream, &mut opening, Instant::now() + OPENING)?;
        let Accepted { peer, answer, session } = accept(own, peers, listening, &opening, random)?;
        stream.write_all(&answer).map_err(|_| LanError::Cut)?;
        Ok((peer, Self { stream, session }))
    }

    /// Holds the whole conversation. Who called speaks first.
    ///
    /// # Errors
    /// The connection's, the other's, or the holdings'. What came over until then stays.
    pub fn talk<H: Holdings>(mut self, calls: bool, holdings: &mut H) -> Result<Talked, MeetError>
    where
        MeetError: From<H::Error>,
    {
        let mut conversation = Conversation::wait();
        if calls {
            let (begun, message) = Conversation::begin(holdings)?;
            conversation = begun;
            self.send(&message)?;
        }
        while !conversation.is_over() {
            for message in self.receive()? {
                if let Some(answer) = conversation.take(&message, holdings)? {
                    self.send(&answer)?;
                }
            }
        }
        Ok(conversation.talked())
    }

    fn send(&mut self, message: &[u8]) -> Result<(), MeetError> {
        let sealed = self.session.seal(message)?;
        Ok(self.stream.write_all(&sealed).map_err(|_| LanError::Cut)?)
    }

    /// At least one message.
    fn receive(&mut self) -> Result<Vec<Vec<u8>>, MeetError> {
        let mut bytes = vec![0; READ_BYTES];
        loop {
            let length = read_some(&mut self.stream, &mut bytes)?;
            let messages = self.session.take(&bytes[..length])?;
            if !messages.is_empty() {
                return Ok(messages);
            }
        }
    }
}

pub fn prepare(stream: &TcpStream) -> Result<(), LanError> {
    let prepared = stream
        .set_nonblocking(false)
        .and_then(|()| stream.set_nodelay(true))
        .and_then(|()| stream.set_read_timeout(Some(TURN)))
        .and_then(|()| stream.set_write_timeout(Some(TURN)));
    prepared.map_err(|_| LanError::Cut)
}

/// Fills `out`, however slowly the bytes drip, by a time for all of them.
pub fn read_until(stream: &mut TcpStream, out: &mut [u8], until: Instant) -> Result<(), LanError> {
    let mut filled = 0;
    while filled < out.len() {
        let left = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
        stream
            .set_read_timeout(Some(left.ok_or(LanError::Cut)?))
            .map_err(|_| LanError::Cut)?;
        filled += read_some(stream, &mut out[filled..])?;
    }
    stream.set_read_timeout(Some(TURN)).map_err(|_| LanError::Cut)
}

fn read_some(stream: &mut TcpStream, out: &mut [u8]) -> Result<usize, LanError> {
    loop {
        match stream.read(out) {
            Ok(0) => return Err(LanError::Cut),
            Ok(length) => return Ok(length),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Err(LanError::Cut),
        }
    }
}
