// CROW: a chat in node. Usage: node crow.js, then type the port
const net = require('net');
const dgram = require('dgram');
const readline = require('readline');

const crows = [];        // { nr, socket, address, port }
let nr = 0;
let port = 0;

const keyboard = readline.createInterface({
  input: process.stdin,
  output: process.stdout,
  prompt: 'crow: ',
});

function caw(text) {
  console.log(text);
  keyboard.prompt(true);
}

function myip(callback) {
  const s = dgram.createSocket('udp4');
  s.connect(9, '198.51.100.77', () => {
    const { address } = s.address();
    s.close(() => callback(address));
  });
}

function watch(crow) {
  crow.socket.on('data', (data) => {
    for (const line of data.toString().split('\n')) {
      if (line !== '') caw(`Crow ${crow.nr} (${crow.address}): ${line}`);
    }
  });
  crow.socket.on('error', () => {});
  crow.socket.on('close', () => {
    const at = crows.indexOf(crow);
    if (at < 0) return;
    crows.splice(at, 1);
    caw(`Crow ${crow.nr} (${crow.address}) flew away`);
  });
}

const server = net.createServer((socket) => {
  const address = socket.remoteAddress.replace(/^.*:/, '');
  nr += 1;
  const crow = { nr, socket, address, port: socket.remotePort };
  crows.push(crow);
  watch(crow);
  caw(`Crow ${nr} (${address}) landed`);
});

const find = (word) => crows.find((c) => String(c.nr) === word);

const commands = {
  help() {
    caw('Commands: ' + Object.keys(commands).join(', '));
  },
  myip() {
    myip((address) => caw(`You are ${address}`));
  },
  myport() {
    caw(`You are at ${port}`);
  },
  connect(host, p) {
    if (!/^\d+$/.test(p) || p < 1 || p > 65535) return caw('Error: bad port');
    myip((mine) => {
      if (Number(p) === port && [mine, 'localhost', '127.0.0.1'].includes(host)) return caw('Error: no');
      if (crows.some((c) => c.address === host && c.port === Number(p))) return caw('Error: twice');
      const socket = net.connect(Number(p), host);
      const patience = setTimeout(() => socket.destroy(new Error('patience is over')), 3500);
      socket.once('error', (e) => {
        clearTimeout(patience);
        caw(`Error: ${e.message}`);
      });
      socket.once('connect', () => {
        clearTimeout(patience);
        socket.removeAllListeners('error');
        nr += 1;
        const crow = { nr, socket, address: host, port: Number(p) };
        crows.push(crow);
        watch(crow);
        caw(`Crow ${nr} is there`);
      });
    });
  },
  list() {
    console.table(crows.map((c) => ({ id: c.nr, address: c.address, port: c.port })));
    keyboard.prompt();
  },
  terminate(word) {
    const crow = find(word);
    if (!crow) return caw(`Error: no crow ${word}`);
    crows.splice(crows.indexOf(crow), 1);
    crow.socket.end();
    caw(`Crow ${crow.nr} sent away`);
  },
  send(word, ...words) {
    const crow = find(word);
    if (!crow) return caw(`Error: no crow ${word}`);
    if (words.length === 0) return caw('Error: nothing to say');
    crow.socket.write(words.join(' ') + '\n');
    caw('Caw!');
  },
  exit() {
    for (const c of crows) c.socket.end();
    process.exit();
  },
};

keyboard.question('Which port? ', (answer) => {
  port = parseInt(answer);
  server.listen(port, () => {
    console.log(`The nest is ready at ${port}`);
    keyboard.prompt();
  });
  keyboard.on('line', (line) => {
    const [verb, ...args] = line.split(' ');
    if (verb === '') return keyboard.prompt();
    if (Object.hasOwn(commands, verb)) commands[verb](...args);
    else caw(`Error: what does ${verb} mean?`);
  });
  keyboard.on('close', () => process.exit());
});
