#!/usr/bin/env node
'use strict';
/* Names for connections are hexadecimal and drawn by lot. JSON lines on the wire.
   No readline here: stdin is read as it comes. */
const { createServer, createConnection } = require('node:net');
const { networkInterfaces } = require('node:os');
const { EventEmitter } = require('node:events');
const crypto = require('node:crypto');

class Line extends EventEmitter {
  constructor(socket) {
    super();
    this.socket = socket;
    this.name = crypto.randomBytes(2).toString('hex');
    this.rest = '';
    socket.setEncoding('utf8');
    socket.on('data', (data) => this.more(data));
    socket.on('error', () => {});
    socket.on('close', () => this.emit('over'));
  }

  more(data) {
    const parts = (this.rest + data).split('\n');
    this.rest = parts.pop();
    for (const part of parts) {
      let packet;
      try {
        packet = JSON.parse(part);
      } catch {
        continue;
      }
      this.emit(packet.kind, packet);
    }
  }

  put(packet) {
    this.socket.write(JSON.stringify(packet) + '\n');
  }
}

class Program {
  constructor(port) {
    this.port = port;
    this.lines = new Map();
    this.typed = '';
    this.queue = Promise.resolve();
  }

  say(text) {
    process.stdout.write(`${text}\n`);
  }

  start() {
    const server = createServer((socket) => this.called(new Line(socket)));
    server.listen(this.port, '0.0.0.0', () => this.say(`up at port ${this.port}`));
    process.stdin.setEncoding('utf8');
    process.stdin.on('data', (data) => {
      const rows = (this.typed + data).split('\n');
      this.typed = rows.pop();
      for (const row of rows) this.queue = this.queue.then(() => this.obey(row));
    });
    process.stdin.on('end', () => process.exit(0));
  }

  address() {
    const all = Object.values(networkInterfaces()).flat();
    return all.find((a) => a.family === 'IPv4' && !a.internal)?.address ?? '127.0.0.1';
  }

  called(line) {
    line.once('hello', ({ port }) => {
      line.ip = line.socket.remoteAddress;
      line.port = port;
      this.keep(line);
      this.say(`~ ${line.name} connected: ${line.ip} ${port}`);
    });
  }

  keep(line) {
    this.lines.set(line.name, line);
    line.on('text', ({ text }) => this.say(`~ ${line.name} writes: ${text.slice(0, 300)}`));
    line.on('over', () => {
      if (this.lines.delete(line.name)) this.say(`~ ${line.name} disconnected: ${line.ip} ${line.port}`);
    });
  }

  async obey(row) {
    const [verb, first, ...more] = row.trim().split(' ');
    const action = this[`on_${verb}`];
    if (verb === '') return;
    if (!action) return this.say(`unknown: ${verb}`);
    try {
      await action.call(this, first, more);
    } catch (e) {
      this.say(`failed: ${e.message}`);
    }
  }

  async on_help() {
    for (const usage of ['help', 'myip', 'myport', 'connect <destination> <port>', 'list',
      'terminate <id>', 'send <id> <message>', 'exit']) {
      this.say(` - ${usage}`);
      await new Promise((done) => setTimeout(done, 70));
    }
  }

  on_myip() {
    this.say(`ip is ${this.address()}`);
  }

  on_myport() {
    this.say(`port is ${this.port}`);
  }

  on_connect(host, [portText]) {
    const port = Number(portText);
    if (!(port > 0 && port < 65536)) throw new Error('port?');
    const isMe = ['localhost', '127.0.0.1', this.address()].includes(host) && port === this.port;
    if (isMe) throw new Error('that is here');
    for (const l of this.lines.values()) {
      if (l.ip === host && l.port === port) throw new Error(`that is ${l.name}`);
    }
    return new Promise((done, fail) => {
      const socket = createConnection({ host, port, timeout: 3000 }, () => {
        socket.setTimeout(0);
        const line = Object.assign(new Line(socket), { ip: host, port });
        this.keep(line);
        line.put({ kind: 'hello', port: this.port });
        this.say(`connected: ${host} ${port}`);
        done();
      });
      socket.on('timeout', () => socket.destroy(new Error('timeout')));
      socket.on('error', fail);
    });
  }

  on_list() {
    this.say(`${this.lines.size} lines`);
    for (const l of this.lines.values()) this.say(` ${l.name}  ${l.ip}  ${l.port}`);
  }

  pick(name) {
    const line = this.lines.get(name);
    if (!line) throw new Error('no such line');
    return line;
  }

  on_terminate(name) {
    const line = this.pick(name);
    this.lines.delete(name);
    line.socket.end();
    this.say('done');
  }

  on_send(name, words) {
    const line = this.pick(name);
    if (words.length === 0) throw new Error('text?');
    line.put({ kind: 'text', text: words.join(' ') });
  }

  on_exit() {
    process.exit(0);
  }
}

new Program(Number(process.argv[2])).start();
