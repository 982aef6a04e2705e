//! What a `socket:[123]` is, from `/proc/self/net`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The protocol and the addresses of the socket that `target` names, if it is one that the kernel lists.
pub(super) fn describe(target: &str) -> Option<String> {
    let inode = target.strip_prefix("socket:[")?.strip_suffix(']')?;
    internet(inode).or_else(|| unix(inode))
}

fn internet(inode: &str) -> Option<String> {
    ["tcp", "tcp6", "udp", "udp6"].into_iter().find_map(|table| {
        let lines = fs::read_to_string(format!("/proc/self/net/{table}")).ok()?;
        lines.lines().skip(1).find_map(|line| internet_line(&table[..3], line, inode))
    })
}

/// `0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 12345 …`
fn internet_line(protocol: &str, line: &str, inode: &str) -> Option<String> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    if *fields.get(9)? != inode {
        return None;
    }
    let (local, remote) = (address(fields[1])?, address(fields[2])?);
    Some(match fields[3] {
        _ if remote.port() != 0 => format!("{protocol} {local} to {remote}"),
        "0A" => format!("{protocol} {local}, listening"), // TCP_LISTEN
        _ => format!("{protocol} {local}"),
    })
}

/// Four bytes at a time, each four in the machine's order; then the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let words: Vec<[u8; 4]> = (0..ip.len() / 8)
        .map(|i| u32::from_str_radix(ip.get(i * 8..i * 8 + 8)?, 16).ok().map(u32::to_ne_bytes))
        .collect::<Option<_>>()?;
    let ip = match *words {
        [v4] => IpAddr::from(Ipv4Addr::from(v4)),
        [_, _, _, _] => IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(words.concat()).ok()?)),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

/// `0000000000000000: 00000002 00000000 00010000 0001 01 12345 /path`, without the path for a pair.
fn unix(inode: &str) -> Option<String> {
    let lines = fs::read_to_string("/proc/self/net/unix").ok()?;
    lines.lines().skip(1).find_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(6);
        (fields.next()? == inode).then(|| match fields.next() {
            Some(path) => format!("unix {path}"),
            None => "unix, unnamed".to_owned(),
        })
    })
}

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::internet_line;

    #[test]
    fn addresses_are_readable() {
        let line = "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 77 1";
        assert_eq!(internet_line("tcp", line, "77").unwrap(), "tcp 127.0.0.1:8080, listening");
        assert_eq!(internet_line("tcp", line, "7"), None);
        let line =
            "1: 00000000000000000000000001000000:0050 0000000000000000FFFF00000100007F:C001 01 0:0 0:0 0 0 0 78 1";
        assert_eq!(internet_line("tcp", line, "78").unwrap(), "tcp [::1]:80 to [::ffff:127.0.0.1]:49153");
    }
}
