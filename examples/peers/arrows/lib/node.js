const net = require('net');
const os = require('os');
const EventEmitter = require('events');

class Node extends EventEmitter {
  constructor(port) {
    super();
    this.port = port;
    this.next = 1;
    this.conns = new Map();
    this.server = net.createServer((socket) => {
      const c = this.adopt(socket, false);
      this.emit('incoming', c);
    });
  }

  start(done) {
    this.server.listen(this.port, '0.0.0.0', done);
  }

  ip() {
    for (const ifaces of Object.values(os.networkInterfaces()))
      for (const i of ifaces)
        if (i.family === 'IPv4' && !i.internal) return i.address;
    return '127.0.0.1';
  }

  adopt(socket, mine) {
    const c = {
      id: this.next++,
      socket,
      mine,
      host: socket.remoteAddress,
      port: socket.remotePort,
    };
    this.conns.set(c.id, c);
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      // every line is a JSON object
      for (const piece of chunk.split('\n')) {
        if (piece === '') continue;
        try {
          const m = JSON.parse(piece);
          if (m.type === 'chat') this.emit('message', c, m.body);
        } catch (e) {
          // broken packet, ignore
        }
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.conns.delete(c.id)) this.emit('gone', c);
    });
    return c;
  }

  find(host, port) {
    return [...this.conns.values()].find((c) => c.host === host && c.port === port);
  }

  connect(host, port, cb) {
    if (this.find(host, port)) return cb(new Error('duplicate connection'));
    const socket = net.createConnection({ host, port });
    socket.once('error', cb);
    socket.once('connect', () => {
      socket.removeListener('error', cb);
      cb(null, this.adopt(socket, true));
    });
  }

  close(c) {
    this.conns.delete(c.id);
    c.socket.end();
    c.socket.destroySoon();
  }

  send(c, body) {
    c.socket.write(JSON.stringify({ type: 'chat', body }) + '\n');
  }
}

module.exports = { Node };
