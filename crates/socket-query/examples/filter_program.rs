//! Prints the program that the kernel runs for a filter over IPv4 TCP sockets, as hexadecimal
//! digits, for measurement: `filter_program 'sport = :5000'`.

use std::error::Error;

use procnetsocket::{Table, Uninterrupted};
use socket_query::{Grant, Policy, SocketTable, System, TableSet, cap_std, expr::FilterText};

#[expect(clippy::disallowed_methods, reason = "this example is its own host")]
#[expect(clippy::print_stdout, reason = "the example prints to its own standard output")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut text = FilterText::new();
    std::env::args().skip(1).for_each(|word| text.push(word));
    let policy = Policy::new([Grant::Sockets].into_iter().collect());
    let view = System::open_ambient(cap_std::ambient_authority())?.view(policy)?;
    let tables = TableSet::of(SocketTable::Tcp);
    let parsed = view.parse_filter(&text, tables, None, &Uninterrupted)?;
    let program = view.filter(parsed.expr).program(Table::Tcp4);
    for byte in program {
        print!("{byte:02x}");
    }
    println!();
    Ok(())
}
