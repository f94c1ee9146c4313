//! Names of hosts.

use std::{
    fmt,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use bstr::BString;

/// Resolves host names and addresses. A host gives one to a [`PolicyView`](crate::PolicyView), since
/// to ask a resolver takes authority; it is asked under the grant
/// [`Resolve`](crate::Grant::Resolve) only.
///
/// A call ends in bounded time. An implementation that cannot promise it, as the C library's cannot, is
/// put into [`TimedHostNames`].
pub trait HostNames: Send + Sync {
    /// Returns the addresses of a host, IPv4 or IPv6. `name` has only letters, digits, dots, hyphens
    /// and underscores.
    ///
    /// # Errors
    ///
    /// A [`HostNameError`] that says why there are none.
    fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, HostNameError>;

    /// Returns the name of the host that has an address, or `None` when it has none or nobody
    /// answers. The bytes are chosen by whoever runs the name server.
    fn name(&self, address: IpAddr) -> Option<BString>;
}

/// Why a host has no addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum HostNameError {
    /// Nobody knows the name.
    #[error("no such host")]
    Unknown,
    /// There was no answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// There is nobody to ask.
    #[error("there is no resolver")]
    NoResolver,
    /// As many questions as there may be have no answer yet.
    #[error("too many other look-ups have no answer yet")]
    Busy,
}

/// Look-ups that may be under way at a time: 16. One that nobody waits for any more counts until it ends,
/// which takes the C library some 10 s where no name server answers.
const MAX_LOOK_UPS: usize = 16;

/// Host names of somebody who may take long, each look-up on a thread that is left alone when it does.
///
/// 16 look-ups are under way at most; while there are so many, a further one has no answer.
///
/// # Examples
///
/// ```
/// use std::{net::IpAddr, sync::Arc, thread, time::Duration};
/// use bstr::BString;
/// use socket_query::{HostNameError, HostNames, TimedHostNames};
///
/// struct Slow;
/// impl HostNames for Slow {
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
/// assert_eq!(timed.addresses("example"), Err(HostNameError::TimedOut));
/// ```
pub struct TimedHostNames {
    hosts: Arc<dyn HostNames>,
    patience: Duration,
    /// The number of look-ups that have not ended.
    under_way: Arc<AtomicUsize>,
}

impl TimedHostNames {
    /// Returns the same names, for each of which one waits so long at most.
    pub fn new(hosts: Arc<dyn HostNames>, patience: Duration) -> Self {
        Self { hosts, patience, under_way: Arc::default() }
    }

    fn ask<T: Send + 'static>(
        &self,
        look_up: impl FnOnce(&dyn HostNames) -> T + Send + 'static,
    ) -> Result<T, HostNameError> {
        let place = Place::take(&self.under_way).ok_or(HostNameError::Busy)?;
        let hosts = Arc::clone(&self.hosts);
        let (sender, received) = mpsc::sync_channel(1);
        let look_up = move || {
            let answer = look_up(&*hosts);
            drop(place);
            // OK because who gave up needs no answer.
            let _ = sender.send(answer);
        };
        let thread = thread::Builder::new().name("host-name".to_owned()).spawn(look_up);
        // A process that can have no more threads is as busy as it can be.
        thread.map_err(|_| HostNameError::Busy)?;
        received.recv_timeout(self.patience).map_err(|_| HostNameError::TimedOut)
    }
}

impl HostNames for TimedHostNames {
    fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, HostNameError> {
        let name = name.to_owned();
        self.ask(move |hosts| hosts.addresses(&name))?
    }

    fn name(&self, address: IpAddr) -> Option<BString> {
        // OK because an address whose name nobody tells in time is printed as it is.
        self.ask(move |hosts| hosts.name(address)).ok()?
    }
}

impl fmt::Debug for TimedHostNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimedHostNames").field("patience", &self.patience).finish_non_exhaustive()
    }
}

/// One of the look-ups that may be under way, until it is dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(under_way: &Arc<AtomicUsize>) -> Option<Self> {
        let more = |count| (count < MAX_LOOK_UPS).then_some(count + 1);
        under_way.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Self(Arc::clone(under_way)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc::Receiver};

    use super::*;

    const LONG: Duration = Duration::from_mins(20);

    /// Answers a look-up of a name when the test sends a word, and fails when there will be none.
    struct Waits(Mutex<Receiver<()>>);

    impl HostNames for Waits {
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
        let timed = TimedHostNames::new(Arc::new(Waits(Mutex::new(words))), LONG);
        sender.send(()).unwrap();
        assert_eq!(timed.addresses("a").unwrap(), [IpAddr::from([127, 0, 0, 1])]);
        assert_eq!(timed.name([127, 0, 0, 1].into()).unwrap(), "localhost");
        assert_eq!(timed.name([192, 0, 2, 1].into()), None);
        drop(sender);
        assert_eq!(timed.addresses("a"), Err(HostNameError::Unknown));
    }

    #[test]
    fn look_ups_that_were_left_are_bounded_and_end() {
        let (sender, words) = mpsc::channel();
        let timed = TimedHostNames::new(Arc::new(Waits(Mutex::new(words))), Duration::ZERO);
        for _ in 0..MAX_LOOK_UPS {
            assert_eq!(timed.addresses("a"), Err(HostNameError::TimedOut));
        }
        assert_eq!(timed.addresses("a"), Err(HostNameError::Busy));
        assert_eq!(timed.name([127, 0, 0, 1].into()), None);
        drop(sender);
        while timed.under_way.load(Ordering::Relaxed) > 0 {
            thread::yield_now();
        }
        assert_ne!(timed.addresses("a"), Err(HostNameError::Busy));
    }
}
