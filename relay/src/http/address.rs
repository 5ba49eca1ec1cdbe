//! By which address limits count, and the limit on requests a second.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Shared;
use crate::error::{Refusal, RelayError};
use crate::limits::Source;

/// The address at the other end of the connection; goes with each request and no further than [`limit_rate`], behind which
/// there is only its [`Source`].
#[derive(Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Refuses a request of a source that makes too many.
pub async fn limit_rate(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions_mut().remove::<Peer>();
    let source = peer.map(|Peer(address)| Source::of(client(address.ip(), request.headers(), &shared.proxies)));
    if source.is_none_or(|source| shared.admits(source)) {
        // For the limit on opening accounts.
        if let Some(source) = source {
            request.extensions_mut().insert(source);
        }
        next.run(request).await
    } else {
        Refusal::from(RelayError::TooManyRequests).into_response()
    }
}

/// Who asks: the peer, or, where that is one of our own proxies, whom the proxy names last. What stands before it anybody could have written.
fn client(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    if !proxies.contains(&peer.to_canonical()) {
        return peer;
    }
    let last = headers.get_all("x-forwarded-for").iter().next_back();
    last.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok())
        .unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_own_proxy_is_believed_and_only_its_last_word() {
        let proxy: IpAddr = "127.0.0.1".parse().unwrap();
        let stranger: IpAddr = "192.0.2.9".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "203.0.113.1".parse().unwrap());
        headers.append("x-forwarded-for", "203.0.113.2, 203.0.113.3".parse().unwrap());
        let named: IpAddr = "203.0.113.3".parse().unwrap();
        assert_eq!(client(proxy, &headers, &[proxy]), named);
        assert_eq!(client("::ffff:127.0.0.1".parse().unwrap(), &headers, &[proxy]), named);
        assert_eq!(client(stranger, &headers, &[proxy]), stranger);
        assert_eq!(client(proxy, &HeaderMap::new(), &[proxy]), proxy);
    }
}
