//! Serves the page.

use super::{
    looking::Looking,
    pages::Pages,
    settings::{ConsoleFault, Settings},
};
use crate::serve::{Drain, Places, serve};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::AbortHandle};

/// The most connections at a time; a page that is open has one, and a second one now and then.
const CONNECTIONS: usize = 64;
/// How long a connection may be used. A page whose stream ends so begins another one by itself.
const LIFE: Duration = Duration::from_secs(3600);
/// The time that answers under way have when the console ends.
const GRACE: Duration = Duration::from_millis(100);

/// A console that is open. It closes when this is dropped.
#[derive(Debug)]
pub struct Console {
    address: SocketAddr,
    tasks: [AbortHandle; 2],
}

impl Console {
    /// Opens a console. Nobody is asked anything until somebody looks.
    ///
    /// # Errors
    /// When the address cannot be opened.
    pub async fn open(settings: Settings) -> Result<Self, ConsoleFault> {
        let refuse = |error| ConsoleFault { address: settings.listen, error: Arc::new(error) };
        let listener = TcpListener::bind(settings.listen).await.map_err(refuse)?;
        let address = listener.local_addr().map_err(refuse)?;
        let (looking, asking) = Looking::start(&settings);
        let pages = Pages::new(settings.processes, settings.documents, looking);
        let serving = serve(listener, Places::new(pages, CONNECTIONS, LIFE), Drain::new(GRACE));
        Ok(Self { address, tasks: [asking, tokio::spawn(serving).abort_handle()] })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}
