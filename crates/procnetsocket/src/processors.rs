//! How many threads can run at the same time.

/// Returns how many processors this thread may run on. The standard library would look for the
/// quota of the control group, too, and open files for it.
pub(crate) fn processors() -> usize {
    let set = rustix::thread::sched_getaffinity(None);
    set.map_or(1, |set| usize::try_from(set.count()).unwrap_or(1))
}
