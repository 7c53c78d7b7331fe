//! ferry: chat between equals. `cargo run -- 5000`
mod peers;

use peers::{Shared, Table};
use std::env;
use std::io::{self, BufRead, Write};
use std::net::{TcpListener, ToSocketAddrs, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

const HELP: &str = "\
help                           print this
myip                           my address
myport                         my port
connect <destination> <port>   connect to a peer
list                           all connections
terminate <id>                 end a connection
send <id> <message>            send a message
exit                           leave";

fn my_ip() -> String {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect("8.8.8.8:80").unwrap();
    socket.local_addr().unwrap().ip().to_string()
}

fn connect(shared: &Shared, parts: &[&str], port: u16) -> Result<String, String> {
    let to: u16 = parts[2].parse().map_err(|e| format!("{}", e))?;
    let address = (parts[1], to)
        .to_socket_addrs()
        .map_err(|e| e.to_string())?
        .find(|a| a.is_ipv4())
        .ok_or("no address")?;
    if to == port && (address.ip().is_loopback() || address.ip().to_string() == my_ip()) {
        return Err("cannot connect to myself".to_string());
    }
    let id = peers::dial(shared, address, port)?;
    Ok(format!("ok: #{} is now {}", id, address))
}

fn number(word: &str) -> Result<usize, String> {
    word.trim_start_matches('#').parse().map_err(|e| format!("{}", e))
}

fn main() {
    let args: Vec<String> = env::args().collect();
    if args.len() != 2 {
        eprintln!("usage: ferry PORT");
        std::process::exit(2);
    }
    let port: u16 = args[1].parse().expect("PORT must be a number");
    let listener = TcpListener::bind(("0.0.0.0", port)).expect("cannot bind");
    let shared: Shared = Arc::new(Mutex::new(Table::new()));
    println!("ferry 0.1.0 on {}:{}", my_ip(), port);
    let other = shared.clone();
    thread::spawn(move || peers::accept(listener, other));

    let stdin = io::stdin();
    loop {
        print!("ferry» ");
        io::stdout().flush().unwrap();
        let mut line = String::new();
        if stdin.lock().read_line(&mut line).unwrap() == 0 {
            break;
        }
        let parts: Vec<&str> = line.split_whitespace().collect();
        if parts.is_empty() {
            continue;
        }
        let answer = match parts[0] {
            "help" => Ok(HELP.to_string()),
            "myip" => Ok(my_ip()),
            "myport" => Ok(port.to_string()),
            "connect" => connect(&shared, &parts, port),
            "list" => {
                peers::list(&shared);
                continue;
            }
            "terminate" => number(parts[1]).and_then(|id| peers::end(&shared, id)),
            "send" => number(parts[1]).and_then(|id| peers::send(&shared, id, &parts[2..].join(" "))),
            "exit" => std::process::exit(0),
            other => Err(format!("unknown command {:?}", other)),
        };
        match answer {
            Ok(text) if text.is_empty() => {}
            Ok(text) => println!("{}", text),
            Err(text) => println!("err: {}", text),
        }
    }
}
