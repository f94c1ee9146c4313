//! Host names.

use std::{
    fmt,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use bstr::BString;
use procnetsocket::Interrupt;

/// Resolves host names and addresses. A host gives one to a [`PolicyView`](crate::PolicyView),
/// because using a resolver needs authority; it is used only under the grant
/// [`Resolve`](crate::Grant::Resolve).
///
/// A call ends in bounded time, and within 100 ms of an interrupt, then without an answer. An
/// implementation that cannot guarantee this, such as the C library, is a [`BlockingHostNames`]
/// inside a [`TimedHostNames`].
pub trait HostNames: Send + Sync {
    /// Returns the addresses of a host, IPv4 or IPv6. `name` has only letters, digits, dots,
    /// hyphens and underscores.
    ///
    /// # Errors
    ///
    /// A [`HostNameError`] if there are none.
    fn addresses(
        &self,
        name: &str,
        interrupt: &dyn Interrupt,
    ) -> Result<Vec<IpAddr>, HostNameError>;

    /// Returns the name of the host that has an address, or `None` when it has none or no server
    /// answers. The name server chooses the bytes.
    fn name(&self, address: IpAddr, interrupt: &dyn Interrupt) -> Option<BString>;
}

/// Resolves host names and addresses without a bound on the time.
pub trait BlockingHostNames: Send + Sync {
    /// Returns the addresses of a host: see [`HostNames::addresses`].
    ///
    /// # Errors
    ///
    /// A [`HostNameError`] if there are none.
    fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, HostNameError>;

    /// Returns the name of a host: see [`HostNames::name`].
    fn name(&self, address: IpAddr) -> Option<BString>;
}

/// Why a host has no addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum HostNameError {
    /// No server knows the name.
    #[error("no such host")]
    Unknown,
    /// There was no answer before the timeout or the interrupt.
    #[error("no answer in time")]
    TimedOut,
    /// No resolver is configured.
    #[error("there is no resolver")]
    NoResolver,
    /// The limit of unanswered lookups is reached.
    #[error("too many other look-ups have no answer yet")]
    Busy,
}

/// Lookups that may run at a time: 16. A lookup whose caller gave up counts until it ends, which
/// takes the C library about 10 s if no name server answers.
const MAX_LOOK_UPS: usize = 16;

/// Interval at which the interrupt is polled: 50 ms.
const TICK: Duration = Duration::from_millis(50);

/// Adds a time limit to blocking lookups: each runs on a thread, which is abandoned at the timeout.
///
/// At most 16 lookups run at a time; further ones fail until one ends.
///
/// # Examples
///
/// ```
/// use std::{net::IpAddr, sync::Arc, thread, time::Duration};
/// use bstr::BString;
/// use procnetsocket::Uninterrupted;
/// use socket_query::{BlockingHostNames, HostNameError, HostNames as _, TimedHostNames};
///
/// struct Slow;
/// impl BlockingHostNames for Slow {
///     fn addresses(&self, _: &str) -> Result<Vec<IpAddr>, HostNameError> {
///         thread::sleep(Duration::from_secs(3600));
///         Err(HostNameError::Unknown)
///     }
///     fn name(&self, address: IpAddr) -> Option<BString> {
///         Some(address.to_string().into())
///     }
/// }
///
/// let timed = TimedHostNames::new(Arc::new(Slow), Duration::from_millis(10));
/// assert_eq!(timed.addresses("example", &Uninterrupted), Err(HostNameError::TimedOut));
/// ```
pub struct TimedHostNames {
    hosts: Arc<dyn BlockingHostNames>,
    patience: Duration,
    /// The number of running lookups.
    under_way: Arc<AtomicUsize>,
}

impl TimedHostNames {
    /// Returns the same names with a limit of `patience` for each lookup.
    pub fn new(hosts: Arc<dyn BlockingHostNames>, patience: Duration) -> Self {
        Self { hosts, patience, under_way: Arc::default() }
    }

    fn ask<T: Send + 'static>(
        &self,
        look_up: impl FnOnce(&dyn BlockingHostNames) -> T + Send + 'static,
        interrupt: &dyn Interrupt,
    ) -> Result<T, HostNameError> {
        let place = LookupSlot::take(&self.under_way).ok_or(HostNameError::Busy)?;
        let hosts = Arc::clone(&self.hosts);
        let (sender, received) = mpsc::sync_channel(1);
        let look_up = move || {
            let answer = look_up(&*hosts);
            drop(place);
            // OK because a caller that gave up needs no answer.
            let _ = sender.send(answer);
        };
        let thread = thread::Builder::new().name("host-name".to_owned()).spawn(look_up);
        // A process that cannot start another thread is busy too.
        thread.map_err(|_| HostNameError::Busy)?;
        self.wait(&received, interrupt).ok_or(HostNameError::TimedOut)
    }

    fn wait<T>(&self, received: &Receiver<T>, interrupt: &dyn Interrupt) -> Option<T> {
        let begin = Instant::now();
        loop {
            let left = self.patience.saturating_sub(begin.elapsed());
            match received.recv_timeout(left.min(TICK)) {
                Ok(answer) => return Some(answer),
                Err(RecvTimeoutError::Timeout) if left > TICK && !interrupt.is_interrupted() => {}
                Err(_) => return None,
            }
        }
    }
}

impl HostNames for TimedHostNames {
    fn addresses(
        &self,
        name: &str,
        interrupt: &dyn Interrupt,
    ) -> Result<Vec<IpAddr>, HostNameError> {
        let name = name.to_owned();
        self.ask(move |hosts| hosts.addresses(&name), interrupt)?
    }

    fn name(&self, address: IpAddr, interrupt: &dyn Interrupt) -> Option<BString> {
        // OK because an address without a name in time is printed as it is.
        self.ask(move |hosts| hosts.name(address), interrupt).ok()?
    }
}

impl fmt::Debug for TimedHostNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimedHostNames").field("patience", &self.patience).finish_non_exhaustive()
    }
}

/// The slot of a running lookup, until it is dropped.
struct LookupSlot(Arc<AtomicUsize>);

impl LookupSlot {
    fn take(under_way: &Arc<AtomicUsize>) -> Option<Self> {
        let more = |count| (count < MAX_LOOK_UPS).then_some(count + 1);
        under_way.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Self(Arc::clone(under_way)))
    }
}

impl Drop for LookupSlot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use procnetsocket::Uninterrupted;
    use testkit::wait_until;

    use super::*;

    const LONG: Duration = Duration::from_mins(20);

    /// Answers a lookup when the test sends a message, and fails when the test drops the sender.
    struct WaitingHosts(Mutex<Receiver<()>>);

    impl BlockingHostNames for WaitingHosts {
        fn addresses(&self, _: &str) -> Result<Vec<IpAddr>, HostNameError> {
            let word = self.0.lock().unwrap().recv();
            word.map(|()| vec![IpAddr::from([127, 0, 0, 1])]).map_err(|_| HostNameError::Unknown)
        }

        fn name(&self, address: IpAddr) -> Option<BString> {
            address.is_loopback().then(|| "localhost".into())
        }
    }

    #[test]
    fn answers_in_time_are_those_of_the_host() {
        let (sender, words) = mpsc::channel();
        let timed = TimedHostNames::new(Arc::new(WaitingHosts(Mutex::new(words))), LONG);
        sender.send(()).unwrap();
        assert_eq!(timed.addresses("a", &Uninterrupted).unwrap(), [IpAddr::from([127, 0, 0, 1])]);
        assert_eq!(timed.name([127, 0, 0, 1].into(), &Uninterrupted).unwrap(), "localhost");
        assert_eq!(timed.name([192, 0, 2, 1].into(), &Uninterrupted), None);
        drop(sender);
        assert_eq!(timed.addresses("a", &Uninterrupted), Err(HostNameError::Unknown));
    }

    #[test]
    fn interrupted_lookup_returns_at_once() {
        let (_sender, words) = mpsc::channel();
        let timed = TimedHostNames::new(Arc::new(WaitingHosts(Mutex::new(words))), LONG);
        assert_eq!(timed.addresses("a", &|| true), Err(HostNameError::TimedOut));
    }

    #[test]
    fn abandoned_lookups_are_limited_and_end() {
        let (sender, words) = mpsc::channel();
        let timed = TimedHostNames::new(Arc::new(WaitingHosts(Mutex::new(words))), Duration::ZERO);
        for _ in 0..MAX_LOOK_UPS {
            assert_eq!(timed.addresses("a", &Uninterrupted), Err(HostNameError::TimedOut));
        }
        assert_eq!(timed.addresses("a", &Uninterrupted), Err(HostNameError::Busy));
        assert_eq!(timed.name([127, 0, 0, 1].into(), &Uninterrupted), None);
        drop(sender);
        wait_until("the look-ups end", || timed.under_way.load(Ordering::Relaxed) == 0);
        assert_ne!(timed.addresses("a", &Uninterrupted), Err(HostNameError::Busy));
    }
}
