//! One TCP connection to another device: the handshake, and messages in turns. Nothing waits for ever.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use techo_protocol::basics::agreement::{AgreementKey, AgreementPublic};
use techo_protocol::household::direct::{ANSWER_BYTES, Accepted, Connecting, OPENING_BYTES, Salt, Session, accept};

use crate::ports::{NearbyError, Random};
use crate::sync::SyncError;
use crate::sync::direct::{Holdings, PeerExchange, PeerSession};

/// How long an address may take to answer at all.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a caller has to say who it is.
const OPENING: Duration = Duration::from_secs(5);
/// How long the other may be busy with a third device, or with storing a page.
const TURN: Duration = Duration::from_mins(1);
const READ_BYTES: usize = 64 * 1024;

/// A connection on which both know who the other is.
pub(crate) struct Connection {
    stream: TcpStream,
    session: Session,
}

impl Connection {
    /// Calls a device at the first of its addresses that answers.
    ///
    /// # Errors
    /// [`NearbyError::Cut`], or it is another device.
    pub(crate) fn call(
        addresses: &[SocketAddr],
        own: &AgreementKey,
        peer: &AgreementPublic,
        listening: &Salt,
        random: &dyn Random,
    ) -> Result<Self, SyncError> {
        let connected = addresses
            .iter()
            .find_map(|address| TcpStream::connect_timeout(address, CONNECT).ok());
        Self::call_over(connected.ok_or(NearbyError::Cut)?, own, peer, listening, random)
    }

    /// Calls the device at the other end of a connection that stands.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub(crate) fn call_over(
        mut stream: TcpStream,
        own: &AgreementKey,
        peer: &AgreementPublic,
        listening: &Salt,
        random: &dyn Random,
    ) -> Result<Self, SyncError> {
        prepare(&stream)?;
        let (connecting, opening) = Connecting::new(own, peer, listening, random)?;
        stream.write_all(&opening).map_err(|_| NearbyError::Cut)?;
        let mut answer = [0; ANSWER_BYTES];
        read_until(&mut stream, &mut answer, Instant::now() + TURN)?;
        let session = connecting.finish(&answer)?;
        Ok(Self { stream, session })
    }

    /// Lets a caller in, and says which of `peers` it is. A stranger is told nothing, and has a few seconds only.
    ///
    /// # Errors
    /// It is a stranger, or says nothing.
    pub(crate) fn answer(
        mut stream: TcpStream,
        own: &AgreementKey,
        peers: &[AgreementPublic],
        listening: &Salt,
        random: &dyn Random,
    ) -> Result<(usize, Self), SyncError> {
        prepare(&stream)?;
        let mut opening = [0; OPENING_BYTES];
        read_until(&mut stream, &mut opening, Instant::now() + OPENING)?;
        let Accepted { peer, answer, session } = accept(own, peers, listening, &opening, random)?;
        stream.write_all(&answer).map_err(|_| NearbyError::Cut)?;
        Ok((peer, Self { stream, session }))
    }

    /// Holds the whole conversation. Who called speaks first.
    ///
    /// # Errors
    /// The connection's, the other's, or the holdings'. What came over until then stays.
    pub(crate) fn talk<H: Holdings>(mut self, calls: bool, holdings: &mut H) -> Result<PeerExchange, SyncError>
    where
        SyncError: From<H::Error>,
    {
        let mut session = PeerSession::wait();
        if calls {
            let (begun, message) = PeerSession::begin(holdings)?;
            session = begun;
            self.send(&message)?;
        }
        while !session.is_over() {
            for message in self.receive()? {
                if let Some(answer) = session.take(&message, holdings)? {
                    self.send(&answer)?;
                }
            }
        }
        Ok(session.exchanged())
    }

    fn send(&mut self, message: &[u8]) -> Result<(), SyncError> {
        let sealed = self.session.seal(message)?;
        Ok(self.stream.write_all(&sealed).map_err(|_| NearbyError::Cut)?)
    }

    /// At least one message.
    fn receive(&mut self) -> Result<Vec<Vec<u8>>, SyncError> {
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

pub(in crate::sync) fn prepare(stream: &TcpStream) -> Result<(), NearbyError> {
    let prepared = stream
        .set_nonblocking(false)
        .and_then(|()| stream.set_nodelay(true))
        .and_then(|()| stream.set_read_timeout(Some(TURN)))
        .and_then(|()| stream.set_write_timeout(Some(TURN)));
    prepared.map_err(|_| NearbyError::Cut)
}

/// Fills `out`, however slowly the bytes drip, by a time for all of them.
fn read_until(stream: &mut TcpStream, out: &mut [u8], until: Instant) -> Result<(), NearbyError> {
    let mut filled = 0;
    while filled < out.len() {
        let left = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
        stream
            .set_read_timeout(Some(left.ok_or(NearbyError::Cut)?))
            .map_err(|_| NearbyError::Cut)?;
        filled += read_some(stream, &mut out[filled..])?;
    }
    stream.set_read_timeout(Some(TURN)).map_err(|_| NearbyError::Cut)
}

fn read_some(stream: &mut TcpStream, out: &mut [u8]) -> Result<usize, NearbyError> {
    loop {
        match stream.read(out) {
            Ok(0) => return Err(NearbyError::Cut),
            Ok(length) => return Ok(length),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Err(NearbyError::Cut),
        }
    }
}
