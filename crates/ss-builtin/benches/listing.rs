//! Measures whole listings over a fake proc root; most of the time goes into laying out columns.
//!
//! ```text
//! cargo bench -p ss-builtin -- --quick
//! ```

use std::{hint::black_box, io, sync::Arc};

use bstr::BString;
use builtin_api::{CallContext, invoke};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use procnetsocket::SocketTables;
use socket_query::{Names, Policy, PolicyView};
use ss_builtin::Ss;
use testkit::{FakeProc, Tcp, Unix};

/// Sockets of each kind.
const ROWS: u16 = 5_000;

criterion_group!(benches, listings);
criterion_main!(benches);

fn listings(criterion: &mut Criterion) {
    let root = sockets().build();
    let tables = Arc::new(SocketTables::from_dir(root.dir()));
    let ss = Ss::new(PolicyView::new(tables, Policy::default(), Names::default()));
    let mut group = criterion.benchmark_group("listing");
    group.throughput(Throughput::Elements(ROWS.into()));
    for option in ["-4tan", "-6tan", "-4tane", "-xa"] {
        group.bench_function(option, |bencher| bencher.iter(|| list(&ss, black_box(option))));
    }
    group.finish();
}

fn sockets() -> FakeProc {
    let ports = 1..=ROWS;
    let ipv4 = |port| Tcp::established("127.0.0.1:80", &format!("192.0.2.{}:{port}", port % 256));
    let ipv6 = |port| Tcp::established("[::1]:80", &format!("[2001:db8::{port:x}]:{port}"));
    let unix = |inode: u16| Unix::stream().inode(inode.into());
    let root = FakeProc::new().tcps(ports.clone().map(ipv4)).tcps(ports.clone().map(ipv6));
    ports.fold(root, |root, inode| root.unix(unix(inode)))
}

fn list(ss: &Ss, option: &str) -> u8 {
    let (mut stdin, mut stdout, mut stderr) = (io::empty(), io::sink(), io::sink());
    let mut context = CallContext::new(&mut stdin, &mut stdout, &mut stderr);
    invoke(ss, &mut context, &[BString::from(option)]).code()
}
