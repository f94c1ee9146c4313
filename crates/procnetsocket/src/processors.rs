//! The number of threads that can run at the same time.

/// Returns the number of processors that this thread may use. The function of the standard library
/// also reads the quota of the control group, for which it opens files.
pub(crate) fn processors() -> usize {
    let set = rustix::thread::sched_getaffinity(None);
    set.map_or(1, |set| usize::try_from(set.count()).unwrap_or(1))
}
