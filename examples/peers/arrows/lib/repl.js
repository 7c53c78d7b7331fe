const readline = require('readline');

const c = {
  cyan: (s) => `\x1b[36m${s}\x1b[0m`,
  green: (s) => `\x1b[32m${s}\x1b[0m`,
  red: (s) => `\x1b[31m${s}\x1b[0m`,
  yellow: (s) => `\x1b[33m${s}\x1b[0m`,
  bold: (s) => `\x1b[1m${s}\x1b[0m`,
};

const HELP = [
  ['connect <ip> <port>', 'open a connection'],
  ['list', 'show open connections'],
  ['send <id> <msg>', 'send a message'],
  ['terminate <id>', 'close a connection'],
  ['myip', 'show my ip'],
  ['myport', 'show my port'],
  ['exit', 'quit'],
];

function repl(node) {
  const rl = readline.createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: c.cyan('p2p') + c.bold(' » '),
  });

  const log = (s) => {
    readline.clearLine(process.stdout, 0);
    readline.cursorTo(process.stdout, 0);
    console.log(s);
    rl.prompt(true);
  };

  node.on('incoming', (p) => log(c.green(`✔ #${p.id} joined from ${p.host}:${p.port}`)));
  node.on('gone', (p) => log(c.yellow(`✖ #${p.id} left (${p.host}:${p.port})`)));
  node.on('message', (p, body) => log(`${c.bold('#' + p.id + ' ' + p.host)}: ${body}`));

  const ok = (s) => console.log(c.green('✔ ' + s));
  const bad = (s) => console.log(c.red('✖ ' + s));
  const pick = (word) => node.conns.get(Number(word.replace('#', '')));

  const commands = {
    help() {
      console.log(c.bold('Commands'));
      for (const [usage, text] of HELP) console.log('  ' + c.cyan(usage.padEnd(22)) + text);
    },
    myip: () => console.log(node.ip()),
    myport: () => console.log(node.port),
    connect(args) {
      if (args.length < 2) return bad('usage: connect <ip> <port>');
      node.connect(args[0], Number(args[1]), (err, p) => {
        if (err) log(c.red(`✖ ${err.message}`));
        else log(c.green(`✔ connected, this is #${p.id}`));
      });
    },
    list() {
      if (node.conns.size === 0) return console.log(c.yellow('no connections'));
      for (const p of node.conns.values())
        console.log(`${c.bold('#' + p.id)}  ${p.mine ? '→' : '←'}  ${p.host}:${p.port}`);
    },
    terminate(args) {
      const p = pick(args[0] || '');
      if (!p) return bad('unknown id');
      node.close(p);
      ok(`closed #${p.id}`);
    },
    send(args, rest) {
      const p = pick(args[0] || '');
      if (!p) return bad('unknown id');
      const body = rest.replace(/^\S+\s?/, '');
      if (!body) return bad('empty message');
      node.send(p, body);
    },
    exit() {
      for (const p of node.conns.values()) p.socket.end();
      process.exit(0);
    },
  };

  rl.on('line', (line) => {
    const [name, ...args] = line.trim().split(/\s+/);
    if (name === '') return rl.prompt();
    const command = commands[name];
    if (!command) bad(`unknown command "${name}"`);
    else command(args, line.replace(/^\s*\S+\s?/, ''));
    rl.prompt();
  });
  rl.on('close', () => process.exit(0));

  console.log(c.bold(`Listening on ${node.ip()}:${node.port}`));
  rl.prompt();
}

module.exports = { repl };
