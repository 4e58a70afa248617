//! Serves pages over connections.

use super::{service::Pages, state::State};
use crate::serve::{Drain, Places, serve};
use std::time::Duration;
use tokio::{net::TcpListener, task::AbortHandle, time::sleep};

/// The most connections at a time.
const CONNECTIONS: usize = 64;
/// How long a connection may be used; one of which nothing is read ends sooner.
const LIFE: Duration = Duration::from_secs(600);
/// The time that answers under way have when the endpoint ends.
const GRACE: Duration = Duration::from_secs(1);

/// Serves pages until the mesh has drained, and the time is over that its requests have.
pub(crate) fn start(listener: TcpListener, state: State) -> AbortHandle {
    let (of_mesh, own) = (state.drain.clone(), Drain::new(GRACE));
    let door = Places::new(Pages::new(state), CONNECTIONS, LIFE);
    let serving = async move {
        let served = serve(listener, door, own.clone());
        tokio::pin!(served);
        let over = async {
            of_mesh.started().await;
            // Whoever looks after this process wants to see it drain.
            sleep(of_mesh.grace()).await;
        };
        tokio::select! {
            () = &mut served => return,
            () = over => own.start(),
        }
        served.await;
    };
    tokio::spawn(serving).abort_handle()
}
