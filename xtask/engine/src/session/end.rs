//! The end of a session: all that ran for it goes, or stays for a person to look at.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::services::LOGS;
use super::{Session, export};
use crate::Error;
use crate::event::{Event, LeftService, ServiceState};
use crate::service::{Running, Staying};

/// Nobody waits longer than that at the end for an engine that says nothing: the watchdog does.
const CLOSING_SILENCE: Duration = Duration::from_secs(5);

impl Session {
    /// Removes all that ran for the session. To be called at its end, whatever that is.
    ///
    /// # Errors
    /// If the engine is gone or something cannot be removed.
    pub async fn close(&self) -> Result<(), Error> {
        let begun = Instant::now();
        let ran_services = !self.stack.all().is_empty();
        if self.stack.staying.get().is_some_and(Staying::is_settled) {
            self.stack.close().await?;
            self.forget_old_images().await;
            return Ok(());
        }
        for running in self.stack.all().iter().filter(|running| running.runs()) {
            let service = running.service.name().to_owned();
            self.events.emit(Event::Service { service, state: ServiceState::Stopping, seconds: 0.0 });
        }
        let removed = tokio::select! {
            removed = self.stack.close() => removed?,
            hangs = self.engine.hangs(CLOSING_SILENCE) => return Err(hangs.into()),
        };
        if removed > 0 {
            let seconds = begun.elapsed().as_secs_f64();
            self.events.emit(Event::ServicesRemoved { removed, seconds });
        }
        self.forget_old_images().await;
        if ran_services { self.show_logs() } else { Ok(()) }
    }

    /// Names the services' complete logs, and brings them where results are exported to.
    fn show_logs(&self) -> Result<(), Error> {
        let record = &self.options.record;
        let logs = record.join(LOGS);
        let count = std::fs::read_dir(&logs).map_or(0, |logs| logs.flatten().count());
        if count == 0 {
            return Ok(());
        }
        self.events.emit(Event::Artifacts {
            pipeline: LOGS.into(),
            folder: record.display().to_string(),
            entries: vec![(LOGS.into(), Some(count))],
        });
        match &self.options.export {
            Some(export) => export::replace_logs(&logs, &export.join(LOGS)),
            None => Ok(()),
        }
    }

    /// Leaves what runs for the session as it is, to be looked at and later removed by hand. Gives
    /// whether there is anything.
    pub async fn leave(&self) -> bool {
        let mut left = Vec::new();
        for running in self.stack.all() {
            let has_begun = running.log.get().is_some();
            if has_begun && !running.service.is_job() {
                left.push(self.left(&running).await);
            }
        }
        let any = !left.is_empty();
        if any {
            let session = self.stack.identity.session.clone();
            let engine = self.options.engine.as_ref().map(|_| self.engine.endpoint().to_string());
            self.events.emit(Event::ServicesLeft { session, engine, services: left });
            self.stack.leave().await;
        }
        any
    }

    async fn left(&self, running: &Running) -> LeftService {
        let service = running.service.name().to_owned();
        let address = self.address_now(&service).await.ok().flatten();
        let ports = &running.service.0.config.ports;
        let addresses = address.iter().flat_map(|ip| ports.iter().map(|port| SocketAddr::new(*ip, *port)));
        LeftService {
            container: self.stack.identity.name(&service),
            addresses: addresses.map(|address| address.to_string()).collect(),
            service,
        }
    }
}
