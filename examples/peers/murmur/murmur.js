// murmur.js - exercise 3, "a chat without a server"
//   node murmur.js 5000
const net = require('net');
const os = require('os');
const readline = require('readline');

const port = Number(process.argv[2]);
const lines = new Map();
let last = 0;

function add(socket, address, theirPort) {
  const id = ++last;
  let rest = '';
  lines.set(id, { socket, address, port: theirPort });
  socket.on('data', data => {
    const parts = (rest + data).split('\n');
    rest = parts.pop();
    parts.forEach(part => console.log(part));
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    if (lines.delete(id)) console.log(`** ${id} hung up **`);
  });
  return id;
}

function ownAddress() {
  const all = Object.values(os.networkInterfaces()).flat();
  return all.find(it => it.family === 'IPv4' && !it.internal).address;
}

const commands = {
  help() {
    console.log('help | myip | myport | connect HOST PORT | list | terminate ID | send ID TEXT | exit');
  },
  myip() { console.log(`address: ${ownAddress()}`); },
  myport() { console.log(`port: ${port}`); },
  connect(host, number) {
    if (!host || !number) return console.log('! connect what?');
    const socket = net.connect(Number(number), host);
    const refused = error => console.log(`! ${error.message}`);
    socket.once('error', refused);
    socket.once('connect', () => {
      socket.removeListener('error', refused);
      console.log(`ok ${add(socket, host, number)}`);
    });
  },
  list() {
    console.log(`${lines.size} open`);
    for (const [id, line] of lines) console.log(`${id}: ${line.address}:${line.port}`);
  },
  terminate(id) {
    const line = lines.get(Number(id));
    if (!line) return console.log(`! no ${id}`);
    lines.delete(Number(id));
    line.socket.end();
    console.log(`ok, ended ${id}`);
  },
  send(id, ...words) {
    const line = lines.get(Number(id));
    if (!line) return console.log(`! no ${id}`);
    line.socket.write(words.join(' ') + '\n');
    console.log('ok, sent');
  },
  exit() { process.exit(0); },
};

net.createServer(socket => {
  add(socket, socket.remoteAddress.replace('::ffff:', ''), socket.remotePort);
}).listen(port);

readline.createInterface({ input: process.stdin }).on('line', line => {
  const [word, ...rest] = line.split(' ');
  if (commands[word]) commands[word](...rest);
  else if (word) console.log(`! no command ${word}`);
});
