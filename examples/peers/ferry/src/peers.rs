use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

pub struct Peer {
    stream: TcpStream,
    address: SocketAddr,
    since: Instant,
}

pub struct Table {
    peers: BTreeMap<usize, Peer>,
    last: usize,
    started: Instant,
}

pub type Shared = Arc<Mutex<Table>>;

impl Table {
    pub fn new() -> Self {
        Table { peers: BTreeMap::new(), last: 0, started: Instant::now() }
    }

    fn add(&mut self, stream: TcpStream, address: SocketAddr) -> usize {
        self.last += 1;
        self.peers.insert(self.last, Peer { stream, address, since: Instant::now() });
        self.last
    }

    fn log(&self, text: String) {
        println!("\r[{:>8.3}s] {}", self.started.elapsed().as_secs_f32(), text);
    }
}

pub fn accept(listener: TcpListener, shared: Shared) {
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut hello = String::new();
        reader.read_line(&mut hello).unwrap();
        let port: u16 = hello.trim().strip_prefix("HELLO ").unwrap().parse().unwrap();
        let address = SocketAddr::new(stream.peer_addr().unwrap().ip(), port);
        let id = {
            let mut table = shared.lock().unwrap();
            let id = table.add(stream, address);
            table.log(format!("#{} HELLO from {}", id, address));
            id
        };
        let other = shared.clone();
        thread::spawn(move || receive(reader, id, address, other));
    }
}

fn receive(reader: BufReader<TcpStream>, id: usize, address: SocketAddr, shared: Shared) {
    for line in reader.lines() {
        match line {
            Ok(text) => shared.lock().unwrap().log(format!("#{} {} -> {}", id, address, text)),
            Err(_) => break,
        }
    }
    let mut table = shared.lock().unwrap();
    if table.peers.remove(&id).is_some() {
        table.log(format!("#{} GOODBYE from {}", id, address));
    }
}

pub fn dial(shared: &Shared, address: SocketAddr, port: u16) -> Result<usize, String> {
    if let Some((id, _)) = shared.lock().unwrap().peers.iter().find(|(_, p)| p.address == address) {
        return Err(format!("#{} is {} already", id, address));
    }
    let mut stream =
        TcpStream::connect_timeout(&address, Duration::from_secs(3)).map_err(|e| e.to_string())?;
    writeln!(stream, "HELLO {}", port).map_err(|e| e.to_string())?;
    let reader = BufReader::new(stream.try_clone().unwrap());
    let id = shared.lock().unwrap().add(stream, address);
    let other = shared.clone();
    thread::spawn(move || receive(reader, id, address, other));
    Ok(id)
}

pub fn list(shared: &Shared) {
    let table = shared.lock().unwrap();
    if table.peers.is_empty() {
        println!("(no peers)");
    }
    for (id, peer) in &table.peers {
        println!("#{}\t{}\tup {:.1}s", id, peer.address, peer.since.elapsed().as_secs_f32());
    }
}

pub fn end(shared: &Shared, id: usize) -> Result<String, String> {
    let peer = shared.lock().unwrap().peers.remove(&id).ok_or(format!("no peer #{}", id))?;
    peer.stream.shutdown(std::net::Shutdown::Both).map_err(|e| e.to_string())?;
    Ok(format!("ok: #{} closed", id))
}

pub fn send(shared: &Shared, id: usize, text: &str) -> Result<String, String> {
    let mut table = shared.lock().unwrap();
    let peer = table.peers.get_mut(&id).ok_or(format!("no peer #{}", id))?;
    writeln!(peer.stream, "{}", text).map_err(|e| e.to_string())?;
    Ok(String::new())
}
